#include "engine/misfits.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "boost/json/serialize.hpp"
#include "copier/sql_builder.h"
#include "engine/catalog.h"
#include "engine/sql.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/deadline.h"
#include "pg/macros.h"
#include "pg/sql_text.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using copier::Side;
using pg::Awaitable;

constexpr size_t kMaxMisfits = 10;
constexpr int kBatchRows = 1'000;      // that are tried at once, and one by one where that fails
constexpr int kSearchSeconds = 20;     // among the rows of a chunk, or of the log
constexpr int kClashSeconds = 50;      // all rows of the shadow are compared
constexpr int kSampleSeconds = 1;      // of a plan
constexpr int kSampleEndRows = 100;    // by key, from both ends
constexpr int kSamplePages = 64;       // spread evenly
constexpr int kSampleRowsPerPage = 5;  // first ones
constexpr int kGraceMs = 1'000;        // a batch looks at the clock after each row
constexpr char kRaisedByUser[] = "P0001";

struct Condition {
  std::string_view sqlstate;
  std::string_view text;
};
constexpr std::array<Condition, 17> kConditions = {{
    {"22001", "value too long"},
    {"22003", "number out of range"},
    {"22007", "not a date or time"},
    {"22008", "date or time out of range"},
    {"22012", "division by zero"},
    {"22021", "character that the encoding does not have"},
    {"22023", "value not allowed"},
    {"22026", "bit string of another length"},
    {"2202E", "array of another form"},
    {"22P02", "text that the type does not read"},
    {"22P05", "character that the encoding does not have"},
    {"23502", "NULL where a value must be"},
    {"23505", "the same value twice"},
    {"23514", "the check fails"},
    {"23P01", "values that exclude each other"},
    {kRaisedByUser, "a function raised an error"},
    {"22000", "value that does not fit"},
}};

std::string_view ConditionText(std::string_view sqlstate) {
  const auto* const found = std::ranges::find(kConditions, sqlstate, &Condition::sqlstate);
  if (found != kConditions.end()) {
    return found->text;
  }
  return sqlstate.starts_with("23") ? "a constraint fails" : "value that does not fit";
}

// What a search is about, in the transaction that is open on its session: it makes an empty twin of the shadow there,
// without indexes and without the columns that get a value of their own (a sequence would be drawn from), and tries
// rows of the source on it. The caller rolls all of it back.
class Search {
 public:
  Search(pg::Connection& connection, const Design& design, int seconds)
      : connection_(connection),
        design_(design),
        twin_(design.transfer),
        seconds_(seconds),
        deadline_(pg::Deadline::After(std::chrono::seconds(seconds))) {
    twin_.shadow = pg::QualifiedName(design.schema_new, "pgmoult_trial");
  }

  Awaitable<absl::Status> MakeTwin();
  // The rows whose addresses the statement gives.
  Awaitable<absl::Status> Try(std::string addresses);
  // Those that clash under a unique index or exclusion constraint: of the log's keys where the shadow has it already,
  // else of the shadow.
  Awaitable<absl::Status> FindClashes(const std::string& constraint);

  Misfits& found() { return found_; }

 private:
  struct Rule {
    std::vector<std::string> parts;
    std::vector<std::string> operators;
    std::vector<std::string> shown;
    std::string condition;
    bool nulls_clash = false;
  };

  Awaitable<absl::StatusOr<pg::Result>> Query(std::string sql, pg::Params params = {}) {
    return connection_.Query("/* pgmoult:misfits */ " + std::move(sql), std::move(params),
                             pg::Deadline::After(std::chrono::seconds(seconds_) + std::chrono::seconds(10)));
  }
  std::string TrialJson() const;
  Awaitable<absl::Status> TryBatch(const pg::Result& addresses);
  Awaitable<absl::StatusOr<std::optional<int64_t>>> IndexOnTwin(const DeferredItem& item);
  std::string ClashSql(const Rule& rule, bool built) const;

  pg::Connection& connection_;
  const Design& design_;
  copier::Transfer twin_;  // the design's, into the twin
  int seconds_;
  pg::Deadline deadline_;
  std::map<std::string, std::string> types_;  // of the new shape's columns
  Misfits found_;
};

std::string Search::TrialJson() const {
  const copier::Transfer& transfer = twin_;
  const std::string where = fmt::format("FROM ONLY {} WHERE ctid = ANY ($1)", transfer.source);
  boost::json::array columns;
  for (const copier::ColumnPair& pair : transfer.columns) {
    columns.push_back({{"name", pair.target.name()}, {"read", fmt::format("SELECT {} {}", pair.expression, where)}});
  }
  const boost::json::object trial = {
      {"insert", fmt::format("{} WHERE ctid = ANY ($1)", copier::InsertSelect(transfer))},
      {"keys",
       fmt::format("SELECT ctid AS pgmoult_row, ARRAY[{}] AS pgmoult_key {} ORDER BY {}",
                   copier::KeyTexts(transfer, Side::kSource), where, copier::KeyOrder(transfer, Side::kSource))},
      {"columns", std::move(columns)},
      {"limit", kMaxMisfits},
      {"seconds", seconds_}};
  return boost::json::serialize(trial);
}

Awaitable<absl::Status> Search::MakeTwin() {
  CO_RETURN_IF_ERROR(
      (co_await Query(fmt::format("SET LOCAL statement_timeout = {}", (seconds_ * 1'000) + kGraceMs))).status());
  // Unlogged: what is tried costs no WAL. Constraints are those that the shadow has while rows go into it.
  CO_RETURN_IF_ERROR(
      (co_await Query(fmt::format("CREATE UNLOGGED TABLE {} (LIKE {} INCLUDING CONSTRAINTS INCLUDING GENERATED)",
                                  twin_.shadow, design_.transfer.shadow)))
          .status());
  std::vector<std::string> mapped;
  for (const copier::ColumnPair& pair : twin_.columns) {
    mapped.push_back(pair.target.name());
  }
  CO_ASSIGN_OR_RETURN(const pg::Result columns,
                      co_await Query("SELECT attname::text, format_type(atttypid, atttypmod), attgenerated = '' AND "
                                     "attname::text <> ALL ($2::text[]) FROM pg_attribute WHERE attrelid = "
                                     "$1::regclass AND attnum > 0 AND NOT attisdropped",
                                     {twin_.shadow.Quoted(), pg::ArrayText(mapped)}));
  for (int row = 0; row < columns.rows(); ++row) {
    std::string name;
    std::string type;
    bool own_value = false;
    CO_RETURN_IF_ERROR(columns.Read(row, name, type, own_value));
    types_[name] = std::move(type);
    if (own_value) {
      CO_RETURN_IF_ERROR(
          (co_await Query(fmt::format("ALTER TABLE {} DROP COLUMN {} CASCADE", twin_.shadow, pg::Ident(name))))
              .status());
    }
  }
  co_return (co_await Query("SELECT pg_catalog.set_config('pgmoult.trial', $1, true)", {TrialJson()})).status();
}

Awaitable<absl::Status> Search::TryBatch(const pg::Result& addresses) {
  std::vector<std::string> rows;
  for (int row = 0; row < addresses.rows(); ++row) {
    rows.emplace_back(addresses.Text(row, 0));
  }
  std::vector<pg::Statement> statements;
  statements.push_back({"SELECT pg_catalog.set_config('pgmoult.trial_rows', $1, true)", {pg::ArrayText(rows)}});
  statements.push_back({sql::kTryRows, {}});
  statements.push_back(
      {"/* pgmoult:misfits */ SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(m -> 'key')), m ->> 'column', "
       "m ->> 'constraint', m ->> 'state' FROM pg_catalog.jsonb_array_elements("
       "pg_catalog.current_setting('pgmoult.misfits')::pg_catalog.jsonb) AS m",
       {}});
  CO_ASSIGN_OR_RETURN(
      const std::vector<pg::Result> results,
      co_await connection_.Pipeline(std::move(statements),
                                    pg::Deadline::After(std::chrono::seconds(seconds_) + std::chrono::seconds(10))));
  const pg::Result& answer = results[2];
  for (int row = 0; row < answer.rows(); ++row) {
    Misfit misfit;
    CO_RETURN_IF_ERROR(answer.Read(row, misfit.key, misfit.column, misfit.constraint, misfit.sqlstate));
    misfit.type = types_[misfit.column];
    if (found_.rows.size() < kMaxMisfits) {
      found_.rows.push_back(std::move(misfit));
    }
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Search::Try(std::string addresses) {
  CO_RETURN_IF_ERROR(
      (co_await Query(fmt::format("DECLARE pgmoult_addresses NO SCROLL CURSOR FOR {}", addresses))).status());
  while (found_.rows.size() < kMaxMisfits && !deadline_.Expired()) {
    CO_ASSIGN_OR_RETURN(const pg::Result batch,
                        co_await Query(fmt::format("FETCH {} FROM pgmoult_addresses", kBatchRows)));
    if (batch.rows() == 0) {
      found_.all = true;
      break;
    }
    CO_RETURN_IF_ERROR(co_await TryBatch(batch));
  }
  co_return absl::OkStatus();
}

// Where the shadow has not got the index (it is its build that failed), the empty twin gets it: the catalog says then
// what it is made of. nullopt where the statement has a form that is not known.
Awaitable<absl::StatusOr<std::optional<int64_t>>> Search::IndexOnTwin(const DeferredItem& item) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result heads,
      co_await Query("SELECT CASE WHEN $4 THEN pg_catalog.format('ALTER TABLE %I.%I ', $1::text, $2::text) ELSE "
                     "pg_catalog.format('CREATE UNIQUE INDEX %I ON %I.%I ', $3::text, $1::text, $2::text) END",
                     {design_.schema_new, design_.transfer.shadow.name.name(), item.name, item.kind == "exclusion"}));
  CO_ASSIGN_OR_RETURN(const std::string head, heads.Scalar<std::string>());
  if (!item.create_sql.starts_with(head)) {
    co_return std::nullopt;
  }
  const std::string tail = item.create_sql.substr(head.size());
  CO_RETURN_IF_ERROR((co_await Query(item.kind == "exclusion" ? fmt::format("ALTER TABLE {} {}", twin_.shadow, tail)
                                                              : fmt::format("CREATE UNIQUE INDEX {} ON {} {}",
                                                                            pg::Ident(item.name), twin_.shadow, tail)))
                         .status());
  co_return co_await ReadOid(connection_, {design_.schema_new, item.name});
}

// Pairs of keys, as text. `built`: pairs of which one at least is in the log, as the rows would be after its replay;
// else pairs of the shadow's.
std::string Search::ClashSql(const Rule& rule, bool built) const {
  const copier::Transfer& transfer = design_.transfer;
  std::vector<std::string> parts;
  std::vector<std::string> clash;   // between pgmoult_a and pgmoult_b
  std::vector<std::string> lookup;  // between pgmoult_a and the shadow's own columns, for its index
  for (size_t i = 0; i < rule.parts.size(); ++i) {
    const auto clashes = [&](const std::string& other) {
      const std::string equal = fmt::format("pgmoult_a.p{} {} {}", i + 1, rule.operators[i], other);
      return rule.nulls_clash ? fmt::format("({} OR (pgmoult_a.p{} IS NULL AND {} IS NULL))", equal, i + 1, other)
                              : equal;
    };
    parts.push_back(fmt::format("{} AS p{}", rule.parts[i], i + 1));
    clash.push_back(clashes(fmt::format("pgmoult_b.p{}", i + 1)));
    lookup.push_back(clashes(rule.parts[i]));
  }
  const std::string columns =
      fmt::format("ARRAY[{}] AS pgmoult_key, {}", copier::KeyTexts(transfer, Side::kShadow), fmt::join(parts, ", "));
  const std::string among = fmt::format(
      "SELECT pgmoult_a.pgmoult_key, pgmoult_b.pgmoult_key FROM pgmoult_rows AS pgmoult_a JOIN pgmoult_rows AS "
      "pgmoult_b ON {} AND pgmoult_a.pgmoult_key COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<) "
      "pgmoult_b.pgmoult_key",
      fmt::join(clash, " AND "));
  if (!built) {
    return fmt::format("WITH pgmoult_rows AS MATERIALIZED (SELECT {} FROM ONLY {} WHERE {}) {} LIMIT {}", columns,
                       transfer.shadow, rule.condition, among, kMaxMisfits);
  }
  std::vector<std::string> mapped;
  for (const copier::ColumnPair& pair : transfer.columns) {
    mapped.push_back(fmt::format("{} AS {}", pair.expression, pair.target));
  }
  return fmt::format(
      "WITH pgmoult_rows AS MATERIALIZED (SELECT {0} FROM (SELECT {1} FROM ONLY {2} WHERE ctid = ANY (ARRAY({3}))) AS "
      "pgmoult_new WHERE {4}) ({5}) UNION ALL (SELECT pgmoult_a.pgmoult_key, pgmoult_b.pgmoult_key FROM pgmoult_rows "
      "AS pgmoult_a CROSS JOIN LATERAL (SELECT ARRAY[{6}] AS pgmoult_key FROM ONLY {7} AS pgmoult_shadow WHERE {4} AND "
      "{8} AND {9}) AS pgmoult_b) LIMIT {10}",
      columns, fmt::join(mapped, ", "), transfer.source, copier::LoggedRowsSql(transfer), rule.condition, among,
      copier::KeyTexts(transfer, Side::kShadow), transfer.shadow, fmt::join(lookup, " AND "),
      copier::NotLogged(transfer, "pgmoult_shadow"), kMaxMisfits);
}

Awaitable<absl::Status> Search::FindClashes(const std::string& constraint) {
  const auto item = std::ranges::find_if(design_.deferred, [&constraint](const DeferredItem& one) {
    return one.name == constraint || one.constraint == constraint;
  });
  if (item == design_.deferred.end()) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(std::optional<int64_t> index, co_await ReadOid(connection_, {design_.schema_new, item->name}));
  const bool built = index.has_value();
  if (!built) {
    CO_ASSIGN_OR_RETURN(index, co_await IndexOnTwin(*item));
  }
  if (!index) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const pg::Result read, co_await connection_.Query(sql::kConflictRule, {*index}));
  if (read.rows() != 1) {
    co_return absl::OkStatus();
  }
  Rule rule;
  CO_RETURN_IF_ERROR(read.Read(0, rule.parts, rule.operators, rule.shown, rule.condition, rule.nulls_clash));
  CO_ASSIGN_OR_RETURN(const pg::Result pairs, co_await Query(ClashSql(rule, built)));
  for (int row = 0; row < pairs.rows(); ++row) {
    Misfit misfit;
    CO_RETURN_IF_ERROR(pairs.Read(row, misfit.key, misfit.other));
    misfit.column = fmt::format("{}", fmt::join(rule.shown, ", "));
    misfit.constraint = item->name;
    misfit.sqlstate = item->kind == "exclusion" ? "23P01" : "23505";
    found_.rows.push_back(std::move(misfit));
  }
  found_.all = found_.rows.size() < kMaxMisfits;
  co_return absl::OkStatus();
}

// What is found in a transaction that is rolled back, on a session of its own. An error on the way ends the search,
// with what was found till then: there is an error already that people must hear of.
Awaitable<absl::Status> FindMisfits(Context& context, const absl::Status& status, Misfits& found) {
  CO_ASSIGN_OR_RETURN(const auto worker, co_await context.sessions.OpenWorker("misfits"));
  const Design& design = context.design;
  std::vector<pg::Statement> opening;
  opening.push_back({"/* pgmoult:misfits */ BEGIN ISOLATION LEVEL REPEATABLE READ", {}});
  opening.push_back({fmt::format("/* pgmoult:misfits */ LOCK TABLE ONLY {}, ONLY {} IN ACCESS SHARE MODE",
                                 design.transfer.source, design.transfer.log),
                     {}});
  CO_RETURN_IF_ERROR((co_await worker->Pipeline(opening)).status());
  if (pg::IsDuplicate(status)) {
    Search search(*worker, design, kClashSeconds);
    absl::Status searched = co_await search.MakeTwin();
    if (searched.ok()) {
      searched = co_await search.FindClashes(pg::ErrorFields(status).constraint);
    }
    found = std::move(search.found());
    if (!found.rows.empty()) {
      co_return absl::OkStatus();
    }
    CO_RETURN_IF_ERROR(co_await worker->Rollback());
    CO_RETURN_IF_ERROR((co_await worker->Pipeline(std::move(opening))).status());
  }
  Search search(*worker, design, kSearchSeconds);
  absl::Status searched = co_await search.MakeTwin();
  if (searched.ok()) {
    const bool copying = context.progress.stage == Stage::kCopy && context.failed_chunk;
    searched = co_await search.Try(copying ? copier::RangeRowsSql(design.transfer, *context.failed_chunk)
                                           : copier::LoggedRowsSql(design.transfer));
  }
  found = std::move(search.found());
  co_return searched;
}

std::string KeyText(const Design& design, const copier::KeyValue& key) {
  std::vector<std::string> names;
  for (const copier::KeyColumn& column : design.transfer.key) {
    names.push_back(column.name.name());
  }
  return fmt::format("({})=({})", fmt::join(names, ", "), fmt::join(key, ", "));
}

std::string MisfitText(const Design& design, const Misfit& misfit) {
  std::vector<std::string> where;
  if (!misfit.other.empty()) {
    where.push_back(fmt::format("{} on ({})", pg::Ident(misfit.constraint), misfit.column));
  } else {
    if (!misfit.column.empty()) {
      where.push_back(fmt::format("column {}{}", pg::Ident(misfit.column),
                                  misfit.type.empty() ? "" : fmt::format(" ({})", misfit.type)));
    }
    if (!misfit.constraint.empty()) {
      where.push_back(fmt::format("constraint {}", pg::Ident(misfit.constraint)));
    }
  }
  return fmt::format("{}{}: {}{}{} ({})", KeyText(design, misfit.key),
                     misfit.other.empty() ? "" : fmt::format(" and {}", KeyText(design, misfit.other)),
                     fmt::join(where, ", "), where.empty() ? "" : ": ", ConditionText(misfit.sqlstate),
                     misfit.sqlstate);
}

// The error without PostgreSQL's words, which may quote a value: what pgmoult was doing, and what is known by name.
std::string WithoutValues(const Design& design, const absl::Status& status) {
  const pg::ServerErrorFields fields = pg::ErrorFields(status);
  std::string text(status.message());
  if (text.ends_with(fields.message)) {
    text.resize(text.size() - fields.message.size());
  }
  text += ConditionText(fields.sqlstate);
  if (!fields.column.empty()) {
    text += fmt::format(", column {}", pg::Ident(fields.column));
  }
  if (!fields.constraint.empty()) {
    text += fmt::format(", constraint {}", pg::Ident(fields.constraint));
  }
  text +=
      "; the rows were not found (mended by now, or too many to look at), and PostgreSQL's own words, which may quote "
      "values, are in the server's log";
  return design.lossy.empty() ? text : fmt::format("{}: {}", fmt::join(design.lossy, "; "), text);
}

}  // namespace

bool IsDataError(const absl::Status& status) {
  const pg::ServerErrorFields fields = pg::ErrorFields(status);
  const bool of_values =
      fields.sqlstate.starts_with("22") || fields.sqlstate.starts_with("23") || fields.sqlstate == kRaisedByUser;
  return of_values && fields.schema != "pgmoult";
}

std::string MisfitsText(const Design& design, const Misfits& misfits) {
  std::vector<std::string> texts;
  for (const Misfit& misfit : misfits.rows) {
    texts.push_back(MisfitText(design, misfit));
  }
  const size_t count = misfits.rows.size();
  const bool pairs = !misfits.rows.empty() && !misfits.rows[0].other.empty();
  return fmt::format("{}{} {} of {} cannot {} the new shape: {}", misfits.all ? "" : "at least ", count,
                     pairs ? (count == 1 ? "pair of rows" : "pairs of rows") : (count == 1 ? "row" : "rows"),
                     design.transfer.source.Plain(), pairs ? "both be in" : "take", fmt::join(texts, "; "));
}

Awaitable<absl::StatusOr<Misfits>> SampleMisfits(pg::Connection& connection, const Design& design) {
  const copier::Transfer& transfer = design.transfer;
  CO_RETURN_IF_ERROR((co_await connection.Query("SAVEPOINT pgmoult_sample")).status());
  Search search(connection, design, kSampleSeconds);
  absl::Status searched = (co_await connection.Query("/* pgmoult:plan */ SET LOCAL enable_seqscan = off")).status();
  if (searched.ok()) {
    searched = co_await search.MakeTwin();
  }
  if (searched.ok()) {
    searched = co_await search.Try(copier::SampleRowsSql(
        transfer, {.end_rows = kSampleEndRows, .pages = kSamplePages, .rows_per_page = kSampleRowsPerPage}));
  }
  if (!connection.usable()) {
    co_return searched;
  }
  // A sample that took too long, or that cannot be taken, says nothing: the copy will look at every row.
  CO_RETURN_IF_ERROR((co_await connection.Query("ROLLBACK TO SAVEPOINT pgmoult_sample")).status());
  co_return std::move(search.found());
}

Awaitable<absl::Status> NameMisfits(Context& context, const absl::Status& status) {
  Show(context, "looking for the rows that do not fit", 0, 0);
  Misfits found;
  const absl::Status searched = co_await FindMisfits(context, status, found);
  if (absl::IsCancelled(searched) && pg::SqlState(searched).empty()) {
    co_return searched;
  }
  const pg::ServerErrorFields fields = pg::ErrorFields(status);
  if (found.rows.empty() && fields.sqlstate == kRaisedByUser) {
    co_return status;  // an event trigger may have raised it, about a statement of ours
  }
  pg::ServerErrorFields told;
  told.sqlstate = fields.sqlstate;
  told.severity = fields.severity;
  told.message = fmt::format(
      "{}; nothing was swapped, the application is not touched; mend the rows and type `pgmoult resume {}`, or "
      "`pgmoult "
      "abort {}`",
      found.rows.empty() ? WithoutValues(context.design, status) : MisfitsText(context.design, found), context.id(),
      context.id());
  co_return pg::ServerError(told);
}

}  // namespace pgmoult::engine
