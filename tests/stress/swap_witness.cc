#include "tests/stress/swap_witness.h"

#include <stdexcept>

#include "engine/journal.h"
#include "fmt/format.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "tests/stress/client.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

// All columns of the old table, in both. Texts go by their bytes: an order of rows that takes two spellings for equal
// must not hide that one became the other.
constexpr char kFunctions[] = R"sql(
CREATE FUNCTION public.witness_digest(what regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  digest text;
BEGIN
  EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(x::text COLLATE "C", 0)), 0) FROM %s x',
                 what) INTO digest;
  RETURN digest;
END $$;

CREATE FUNCTION public.witness_differences(old regclass, new regclass) RETURNS text LANGUAGE plpgsql
  SET work_mem = '256MB' AS $$
DECLARE
  columns text;
  new_columns text;
  found text;
BEGIN
  SELECT string_agg(quote_ident(attname) || bytewise, ', ' ORDER BY attnum),
         string_agg(quote_ident(coalesce(new_name, attname)) || bytewise, ', ' ORDER BY attnum)
    INTO columns, new_columns
    FROM pg_attribute LEFT JOIN public.witness_renamed ON old_name = attname,
         LATERAL (SELECT CASE WHEN attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END) AS spelling(bytewise)
    WHERE attrelid = old AND attnum > 0 AND NOT attisdropped;
  EXECUTE format(
    'WITH missing AS (SELECT %1$s FROM %2$s EXCEPT ALL SELECT %4$s FROM %3$s), '
    '     surplus AS (SELECT %4$s FROM %3$s EXCEPT ALL SELECT %1$s FROM %2$s) '
    'SELECT concat_ws(''; '', '
    '  (SELECT count(*) || '' rows are missing, as '' || min(m::text) FROM missing m HAVING count(*) > 0), '
    '  (SELECT count(*) || '' rows are too many, as '' || min(s::text) FROM surplus s HAVING count(*) > 0))',
    columns, old, new, new_columns) INTO found;
  RETURN found;
END $$;

CREATE TABLE public.witness_renamed (old_name name, new_name name);
CREATE TABLE public.witness_note (migration bigint, differences text, old_digest text);

CREATE FUNCTION public.witness_swap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old regclass := format('pgmoult_%s_old.%I', NEW.id, NEW.source_name);
  new regclass := format('%I.%I', NEW.source_schema, NEW.source_name);
BEGIN
  INSERT INTO public.witness_note
    VALUES (NEW.id, public.witness_differences(old, new), public.witness_digest(old));
  RETURN NULL;
END $$;

CREATE TRIGGER witness AFTER UPDATE ON pgmoult.migration FOR EACH ROW
  WHEN (NEW.state = 'swapped' AND OLD.state <> 'swapped') EXECUTE FUNCTION public.witness_swap();
)sql";

}  // namespace

SwapWitness::SwapWitness(const TestDatabase& database, const std::string& role,
                         const std::map<std::string, std::string>& renamed)
    : database_(database) {
  Session session(database, role);
  const absl::Status made = session.Run(engine::EnsureJournal(session.connection()));
  if (!made.ok()) {
    throw std::runtime_error(pg::Describe(made));
  }
  session.Exec(kFunctions);
  for (const auto& [old_name, new_name] : renamed) {
    session.Exec(fmt::format("INSERT INTO public.witness_renamed VALUES ({}, {})", pg::Literal(old_name),
                             pg::Literal(new_name)));
  }
}

std::string SwapWitness::Verdict(int64_t migration) const {
  Client client(database_);
  const Answer notes = client.Must(
      fmt::format("SELECT n.differences, n.old_digest, public.witness_digest(format('pgmoult_%s_old.%I', m.id, "
                  "m.source_name)::regclass) FROM public.witness_note n JOIN pgmoult.migration m ON m.id = n.migration "
                  "WHERE m.id = {}",
                  migration));
  if (notes.rows.size() != 1) {
    return fmt::format("the swap was looked at {} times", notes.rows.size());
  }
  const std::vector<std::optional<std::string>>& note = notes.rows[0];
  if (!note[0].has_value() || !note[0]->empty()) {
    return fmt::format("at the swap {}", note[0].value_or("nothing could be compared"));
  }
  return note[1] == note[2]
             ? ""
             : fmt::format("the old table was written after the swap: rows and digest were {}, and are {}",
                           note[1].value_or(""), note[2].value_or(""));
}

void SwapWitness::Leave() const {
  Session(database_).Exec(
      "DROP FUNCTION public.witness_swap(), public.witness_differences(regclass, regclass), "
      "public.witness_digest(regclass); DROP TABLE public.witness_note, public.witness_renamed");
}

}  // namespace pgmoult::tests
