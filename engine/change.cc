#include "engine/change.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "fmt/format.h"
#include "pg/macros.h"

namespace pgmoult::engine {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
// The parse tree is walked recursively by libpg_query, whose own depth check does not work outside a server: about six
// thousand nested operators overflow a stack of 8 MiB. Every level costs at least one token.
constexpr size_t kMaxTokens = 3000;

// A token other than a comment; byte offsets into the scanned text.
struct Token {
  size_t begin = 0;
  size_t end = 0;
  PgQuery__Token kind = PG_QUERY__TOKEN__NUL;
  bool keyword = false;
};
using Tokens = std::span<const Token>;

template <auto Free>
struct ProtobufDeleter {
  void operator()(auto* tree) const { Free(tree, nullptr); }
};
using ParseTree = std::unique_ptr<PgQuery__ParseResult, ProtobufDeleter<pg_query__parse_result__free_unpacked>>;
using ScanTree = std::unique_ptr<PgQuery__ScanResult, ProtobufDeleter<pg_query__scan_result__free_unpacked>>;

constexpr const char* kCatalogOnly = "run it directly: it changes the catalog only and needs no rewrite";
constexpr const char* kForeignOnly = "it is for foreign tables, which hold no rows here that could be rewritten";

// The actions that are done online; kDropDefault is told from kSetDefault later.
constexpr std::pair<PgQuery__AlterTableType, ActionKind> kSupported[] = {
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn, ActionKind::kAddColumn},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn, ActionKind::kDropColumn},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType, ActionKind::kAlterType},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull, ActionKind::kSetNotNull},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull, ActionKind::kDropNotNull},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault, ActionKind::kSetDefault},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropExpression, ActionKind::kDropExpression},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddIdentity, ActionKind::kAddIdentity},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetIdentity, ActionKind::kSetIdentity},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity, ActionKind::kDropIdentity},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint, ActionKind::kAddConstraint},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint, ActionKind::kDropConstraint},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage, ActionKind::kSetStorage},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetCompression, ActionKind::kSetCompression},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics, ActionKind::kSetStatistics},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetOptions, ActionKind::kSetColumnOptions},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions, ActionKind::kSetColumnOptions},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions, ActionKind::kSetRelOptions},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions, ActionKind::kResetRelOptions},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace, ActionKind::kSetTablespace},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged, ActionKind::kSetLogged},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetUnLogged, ActionKind::kSetUnlogged},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetAccessMethod, ActionKind::kSetAccessMethod},
};

std::string_view Slice(std::string_view sql, Tokens tokens) {
  return tokens.empty() ? std::string_view()
                        : sql.substr(tokens.front().begin, tokens.back().end - tokens.front().begin);
}

bool StartsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

// A text for a message, cut after 100 characters.
std::string Clip(std::string_view text) { return fmt::format("{:.100}{}", text, text.size() > 100 ? "…" : ""); }

absl::Status Refusal(std::string_view what, std::string_view text, std::string_view advice) {
  return absl::InvalidArgumentError(
      fmt::format("{} cannot be part of an online change: {} (in: {})", what, advice, Clip(text)));
}

// PostgreSQL's message with the position in characters, the line of that place and a caret below it, as psql shows it.
// The first `hidden` bytes of the parsed text are ours, not the user's (ASCII, so as many characters).
absl::Status SyntaxError(std::string_view parsed, const PgQueryError& error, size_t hidden) {
  if (error.cursorpos <= 0) {
    return absl::InvalidArgumentError(error.message);
  }
  const std::string_view text = parsed.substr(hidden);
  const size_t position = std::max(static_cast<size_t>(error.cursorpos), hidden + 1) - hidden;
  size_t offset = 0;
  size_t line = 1;
  size_t line_begin = 0;
  std::string padding;  // as wide as the line up to the offset
  for (size_t character = 0; offset < text.size(); ++offset) {
    character += StartsCharacter(text[offset]) ? 1 : 0;
    if (character == position) {
      break;
    }
    if (text[offset] == '\n') {
      ++line;
      line_begin = offset + 1;
      padding.clear();
    } else if (StartsCharacter(text[offset])) {
      padding.push_back(text[offset] == '\t' ? '\t' : ' ');
    }
  }
  const std::string_view shown = text.substr(line_begin, text.find('\n', offset) - line_begin);
  const std::string head = fmt::format("LINE {}: ", line);
  return absl::InvalidArgumentError(fmt::format("{} at character {}\n{}{}\n{}{}^", error.message, position, head, shown,
                                                std::string(head.size(), ' '), padding));
}

absl::Status Unexpected(std::string_view what) {
  return absl::InternalError(fmt::format("libpg_query's answer does not fit the statement: {}", what));
}

// The tokens as libpg_query gives them. `sql` is a std::string because libpg_query reads up to the first NUL.
absl::StatusOr<ScanTree> RawScan(const std::string& sql, size_t hidden) {
  const PgQueryScanResult scan = pg_query_scan(sql.c_str());
  const absl::Cleanup free_scan = [&scan] { pg_query_free_scan_result(scan); };
  if (scan.error != nullptr) {
    return SyntaxError(sql, *scan.error, hidden);
  }
  ScanTree tree(
      pg_query__scan_result__unpack(nullptr, scan.pbuf.len, reinterpret_cast<const uint8_t*>(scan.pbuf.data)));
  return tree == nullptr ? absl::StatusOr<ScanTree>(Unexpected("unreadable tokens")) : std::move(tree);
}

// libpg_query gives U&"…" and U&'…' a length of 1 and 0. They are measured without their prefix, in a second scan; an
// operator in its place keeps strings apart that would otherwise be continued over a line's end.
absl::Status RepairUnicodeTokens(std::string sql, PgQuery__ScanResult& tree) {
  std::vector<PgQuery__ScanToken*> broken;
  for (PgQuery__ScanToken* token : std::span(tree.tokens, tree.n_tokens)) {
    if (token->token == PG_QUERY__TOKEN__UIDENT || token->token == PG_QUERY__TOKEN__USCONST) {
      broken.push_back(token);
      sql.replace(static_cast<size_t>(token->start), 2, " +");
    }
  }
  ASSIGN_OR_RETURN(const ScanTree again, RawScan(sql, 0));
  const std::span tokens(again->tokens, again->n_tokens);
  for (PgQuery__ScanToken* token : broken) {
    const auto found = std::ranges::lower_bound(tokens, token->start + 2, {}, &PgQuery__ScanToken::start);
    if (found == tokens.end() || (*found)->start != token->start + 2) {
      return Unexpected("a U& token");
    }
    token->end = (*found)->end;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Token>> Scan(const std::string& sql, size_t hidden = 0) {
  if (sql.size() > kMaxBytes || sql.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("the statement holds a NUL byte, or more than the limit of {} bytes", kMaxBytes));
  }
  ASSIGN_OR_RETURN(const ScanTree tree, RawScan(sql, hidden));
  RETURN_IF_ERROR(RepairUnicodeTokens(sql, *tree));
  std::vector<Token> tokens;
  size_t end = 0;
  bool exact = true;
  // Every edit below relies on exact extents: what no token covers must be blank.
  const auto blank = [&sql](size_t from, size_t to) {
    return from <= to && sql.find_first_not_of(" \t\n\r\f", from) >= to;
  };
  for (const PgQuery__ScanToken* token : std::span(tree->tokens, tree->n_tokens)) {
    exact = exact && blank(end, static_cast<size_t>(token->start));
    end = static_cast<size_t>(token->end);
    if (token->token != PG_QUERY__TOKEN__SQL_COMMENT && token->token != PG_QUERY__TOKEN__C_COMMENT) {
      tokens.push_back({static_cast<size_t>(token->start), end, token->token,
                        token->keyword_kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD});
    }
  }
  if (!exact || !blank(end, sql.size())) {
    return Unexpected("text outside the tokens");
  }
  if (tokens.size() > kMaxTokens) {
    return absl::InvalidArgumentError(
        fmt::format("the statement has {} tokens, the limit is {}", tokens.size(), kMaxTokens));
  }
  return tokens;
}

absl::StatusOr<ParseTree> Parse(const std::string& sql, size_t hidden = 0) {
  const PgQueryProtobufParseResult parse = pg_query_parse_protobuf(sql.c_str());
  const absl::Cleanup free_parse = [&parse] { pg_query_free_protobuf_parse_result(parse); };
  if (parse.error != nullptr) {
    return SyntaxError(sql, *parse.error, hidden);
  }
  ParseTree tree(pg_query__parse_result__unpack(nullptr, parse.parse_tree.len,
                                                reinterpret_cast<const uint8_t*>(parse.parse_tree.data)));
  return tree == nullptr ? absl::StatusOr<ParseTree>(Unexpected("unreadable tree")) : std::move(tree);
}

Tokens WithoutOuterSemicolons(Tokens tokens) {
  while (!tokens.empty() && tokens.front().kind == PG_QUERY__TOKEN__ASCII_59) {
    tokens = tokens.subspan(1);
  }
  while (!tokens.empty() && tokens.back().kind == PG_QUERY__TOKEN__ASCII_59) {
    tokens = tokens.first(tokens.size() - 1);
  }
  return tokens;
}

Tokens TokensOf(const PgQuery__RawStmt& statement, Tokens all) {
  const auto begin = static_cast<size_t>(statement.stmt_location);
  // A length of 0 means "to the end of the text".
  const size_t end = statement.stmt_len == 0 ? SIZE_MAX : begin + static_cast<size_t>(statement.stmt_len);
  const auto first = std::ranges::lower_bound(all, begin, {}, &Token::begin);
  const auto last = std::ranges::lower_bound(all, end, {}, &Token::begin);
  return WithoutOuterSemicolons(Tokens(first, last));
}

// The tokens of a possibly qualified name: each part is one token, or U&"…" UESCAPE '…'.
absl::StatusOr<Tokens> NameTokens(const PgQuery__RangeVar& relation, Tokens tokens) {
  const auto location = static_cast<size_t>(relation.location);
  const auto start = std::ranges::lower_bound(tokens, location, {}, &Token::begin);
  const Tokens rest(start, tokens.end());
  const int parts = 1 + (*relation.schemaname != '\0' ? 1 : 0) + (*relation.catalogname != '\0' ? 1 : 0);
  size_t count = 0;
  for (int part = 0; part < parts; ++part) {
    count += part == 0 ? 1 : 2;
    if (count < rest.size() && rest[count].kind == PG_QUERY__TOKEN__UESCAPE) {
      count += 2;
    }
  }
  if (rest.empty() || rest.front().begin != location || count > rest.size()) {
    return Unexpected("the table's name");
  }
  return rest.first(count);
}

// The tokens behind the table's name. The old form "name *" and the bracket of "ONLY (name)" belong to the name.
Tokens Behind(Tokens name, Tokens tokens) {
  const Tokens rest = tokens.subspan(static_cast<size_t>(name.data() - tokens.data()) + name.size());
  const bool more = !rest.empty() &&
                    (rest.front().kind == PG_QUERY__TOKEN__ASCII_42 || rest.front().kind == PG_QUERY__TOKEN__ASCII_41);
  return more ? rest.subspan(1) : rest;
}

// Splits what follows the table's name at the commas outside any parenthesis or bracket.
std::vector<Tokens> SplitActions(Tokens tokens) {
  std::vector<Tokens> actions;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const PgQuery__Token kind = tokens[i].kind;
    if (kind == PG_QUERY__TOKEN__ASCII_40 || kind == PG_QUERY__TOKEN__ASCII_91) {
      ++depth;
    } else if (kind == PG_QUERY__TOKEN__ASCII_41 || kind == PG_QUERY__TOKEN__ASCII_93) {
      --depth;
    } else if (kind == PG_QUERY__TOKEN__ASCII_44 && depth == 0) {
      actions.push_back(tokens.subspan(begin, i - begin));
      begin = i + 1;
    }
  }
  actions.push_back(tokens.subspan(begin));
  return actions;
}

absl::Status ReadAddColumn(const PgQuery__ColumnDef& column, Action& action) {
  action.column = column.colname;
  if (column.n_fdwoptions > 0) {
    return Refusal("ADD COLUMN … OPTIONS", action.text, kForeignOnly);
  }
  for (const PgQuery__Node* node : std::span(column.constraints, column.n_constraints)) {
    if (node->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN) {
      return Refusal(
          "REFERENCES", action.text,
          "add the column without it, then run ADD FOREIGN KEY … NOT VALID and VALIDATE CONSTRAINT directly");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAddConstraint(const PgQuery__Constraint& constraint, Action& action) {
  action.constraint = constraint.conname;
  action.not_valid = constraint.skip_validation != 0;
  if (constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN) {
    return Refusal("ADD FOREIGN KEY", action.text,
                   "run it directly with NOT VALID, then VALIDATE CONSTRAINT: neither needs a rewrite");
  }
  if (constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION) {
    return Refusal("ADD EXCLUDE", action.text,
                   "run it directly when writers can wait: it locks the table while its index is built");
  }
  // The grammar has no other kind of table constraint than these three.
  action.constraint_kind = constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK    ? ConstraintKind::kCheck
                           : constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE ? ConstraintKind::kUnique
                                                                                        : ConstraintKind::kPrimaryKey;
  if (*constraint.indexname != '\0') {
    return Refusal("USING INDEX", action.text,
                   "that index belongs to the table as it is now; run it directly, or name the columns instead");
  }
  return absl::OkStatus();
}

absl::Status ReadSetIdentity(const PgQuery__List& options, const Action& action) {
  for (const PgQuery__Node* item : std::span(options.items, options.n_items)) {
    if (std::string_view(item->def_elem->defname) == "restart") {
      return Refusal("RESTART", action.text,
                     "the sequence's position is carried over at the swap; run it directly: it needs no rewrite");
    }
  }
  return absl::OkStatus();
}

// USING is a reserved word, which no column's or type's name can be: its first occurrence opens the expression.
absl::Status ReadUsing(std::string_view sql, Tokens tokens, Action& action) {
  const auto found = std::ranges::find(tokens, PG_QUERY__TOKEN__USING, &Token::kind);
  if (found == tokens.end() || found + 1 == tokens.end()) {
    return Unexpected("USING");
  }
  action.using_expression = Slice(sql, Tokens(found + 1, tokens.end()));
  return absl::OkStatus();
}

// The parts of a command that differ by kind. PostgreSQL puts most names into command.name: a column's or another's.
absl::Status ReadDetails(std::string_view sql, const PgQuery__AlterTableCmd& command, Tokens tokens, Action& action) {
  const PgQuery__Node* def = command.def;
  switch (action.kind) {
    case ActionKind::kAddColumn:
      return ReadAddColumn(*def->column_def, action);
    case ActionKind::kAddConstraint:
      return ReadAddConstraint(*def->constraint, action);
    case ActionKind::kDropConstraint:
      action.constraint = command.name;
      return absl::OkStatus();
    case ActionKind::kSetTablespace:
    case ActionKind::kSetAccessMethod:
      return absl::OkStatus();
    default:
      break;
  }
  action.column = command.name;
  if (action.kind == ActionKind::kAlterType && def->column_def->raw_default != nullptr) {
    return ReadUsing(sql, tokens, action);
  }
  if (action.kind == ActionKind::kSetIdentity) {
    return ReadSetIdentity(*def->list, action);
  }
  if (action.kind == ActionKind::kSetStatistics && action.column.empty()) {
    return Refusal("SET STATISTICS by column number", action.text, "name the column; numbers are for indexes");
  }
  if (action.kind == ActionKind::kSetDefault && def == nullptr) {
    action.kind = ActionKind::kDropDefault;
  }
  return absl::OkStatus();
}

// The keywords that a statement or an action begins with, `limit` at most: CREATE UNIQUE INDEX, OWNER TO.
std::string LeadingKeywords(std::string_view sql, Tokens tokens, size_t limit) {
  std::string words;
  for (const Token& token : tokens.first(std::min(limit, tokens.size()))) {
    if (!token.keyword) {
      break;
    }
    words += words.empty() ? "" : " ";
    words += sql.substr(token.begin, token.end - token.begin);
  }
  std::ranges::transform(words, words.begin(), absl::ascii_toupper);
  return words;
}

absl::Status RefuseCommand(std::string_view sql, PgQuery__AlterTableType subtype, Tokens tokens) {
  const std::string name = LeadingKeywords(sql, tokens, 5);
  const std::string_view text = Slice(sql, tokens);
  switch (subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint:
      return Refusal(name, text, "run it directly: it needs no rewrite and stops neither readers nor writers");
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropOids:
      return Refusal(name, text, "leave it out: since PostgreSQL 12 it does nothing");
    case PG_QUERY__ALTER_TABLE_TYPE__AT_GenericOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnGenericOptions:
      return Refusal("OPTIONS", text, kForeignOnly);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
      return Refusal(name, text,
                     "run it directly: it needs no rewrite, and a CHECK constraint like the bounds spares the scan");
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
      return Refusal(name, text, "run it directly, with CONCURRENTLY: it needs no rewrite");
    default:
      return Refusal(name, text, kCatalogOnly);
  }
}

absl::StatusOr<Action> ReadCommand(std::string_view sql, const PgQuery__AlterTableCmd& command, Tokens tokens) {
  Action action;
  action.text = Slice(sql, tokens);
  action.missing_ok = command.missing_ok != 0;
  const auto* const supported = std::ranges::find(kSupported, command.subtype, [](auto& pair) { return pair.first; });
  if (supported == std::end(kSupported)) {
    return RefuseCommand(sql, command.subtype, tokens);
  }
  if (command.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE) {
    return Refusal("CASCADE", action.text,
                   "it would drop objects that nobody named; drop what depends on it first, then leave CASCADE out");
  }
  action.kind = supported->second;
  RETURN_IF_ERROR(ReadDetails(sql, command, tokens, action));
  return action;
}

std::optional<std::string> NonEmpty(const char* text) {
  return *text == '\0' ? std::nullopt : std::optional<std::string>(text);
}

// Takes over which table a statement is about; all statements must agree.
absl::Status ReadTable(std::string_view sql, const PgQuery__RangeVar& relation, bool missing_ok, Tokens name,
                       Change& change) {
  if (change.name_spans.empty()) {
    change.database = NonEmpty(relation.catalogname);
    change.schema = NonEmpty(relation.schemaname);
    change.table = relation.relname;
    change.only = true;
    change.if_exists = true;
  } else if (change.database != NonEmpty(relation.catalogname) || change.schema != NonEmpty(relation.schemaname) ||
             change.table != relation.relname) {
    return absl::InvalidArgumentError(
        fmt::format("the statements name different tables, {} and {}: give each table a change of its own; if both are "
                    "the same table, write its name the same way in all statements",
                    sql.substr(change.name_spans[0].offset, change.name_spans[0].length), Slice(sql, name)));
  }
  change.only = change.only && relation.inh == 0;
  change.if_exists = change.if_exists && missing_ok;
  change.name_spans.push_back({name.front().begin, Slice(sql, name).size()});
  return absl::OkStatus();
}

absl::Status RefuseStatement(std::string_view sql, const PgQuery__Node& node, Tokens tokens) {
  const PgQuery__Token first = tokens.front().kind;
  const bool names_an_object =
      first == PG_QUERY__TOKEN__ALTER || first == PG_QUERY__TOKEN__CREATE || first == PG_QUERY__TOKEN__DROP;
  const std::string name = LeadingKeywords(sql, tokens, names_an_object ? 2 : 1);
  const std::string_view text = Slice(sql, tokens);
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
      return Refusal("SET SCHEMA", text, kCatalogOnly);
    case PG_QUERY__NODE__NODE_ALTER_TABLE_MOVE_ALL_STMT:
      return Refusal("ALL IN TABLESPACE", text, "give each table a change of its own with SET TABLESPACE");
    case PG_QUERY__NODE__NODE_INDEX_STMT:
      return Refusal(name, text, "run it directly with CONCURRENTLY: it needs no rewrite");
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
      return Refusal(name, text, "to rebuild a table give its name with --table");
    default:
      return Refusal(name, text, "a change is made of ALTER TABLE statements; run this one directly");
  }
}

absl::Status ReadAlter(std::string_view sql, const PgQuery__AlterTableStmt& alter, Tokens tokens, Change& change) {
  ASSIGN_OR_RETURN(const Tokens name, NameTokens(*alter.relation, tokens));
  RETURN_IF_ERROR(ReadTable(sql, *alter.relation, alter.missing_ok != 0, name, change));
  const std::vector<Tokens> actions = SplitActions(Behind(name, tokens));
  if (actions.size() != alter.n_cmds) {
    return Unexpected("the number of actions");
  }
  for (size_t i = 0; i < actions.size(); ++i) {
    ASSIGN_OR_RETURN(Action action, ReadCommand(sql, *alter.cmds[i]->alter_table_cmd, actions[i]));
    change.actions.push_back(std::move(action));
  }
  return absl::OkStatus();
}

absl::Status ReadRename(std::string_view sql, const PgQuery__RenameStmt& rename, Tokens tokens, Change& change) {
  ASSIGN_OR_RETURN(const Tokens name, NameTokens(*rename.relation, tokens));
  RETURN_IF_ERROR(ReadTable(sql, *rename.relation, rename.missing_ok != 0, name, change));
  Action& action = change.actions.emplace_back();
  action.kind = ActionKind::kRenameColumn;
  action.column = rename.subname;
  action.new_name = rename.newname;
  action.text = Slice(sql, Behind(name, tokens));
  return absl::OkStatus();
}

absl::Status ReadStatement(std::string_view sql, const PgQuery__Node& node, Tokens tokens, Change& change) {
  change.statement_spans.push_back({tokens.front().begin, Slice(sql, tokens).size()});
  if (node.node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT &&
      node.alter_table_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE) {
    return ReadAlter(sql, *node.alter_table_stmt, tokens, change);
  }
  if (node.node_case == PG_QUERY__NODE__NODE_RENAME_STMT) {
    const PgQuery__RenameStmt& rename = *node.rename_stmt;
    if (rename.rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN &&
        rename.relation_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE) {
      return ReadRename(sql, rename, tokens, change);
    }
    if (rename.rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE ||
        rename.rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT) {
      const bool table = rename.rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
      return Refusal(table ? "RENAME TO" : "RENAME CONSTRAINT", Slice(sql, tokens), kCatalogOnly);
    }
  }
  return RefuseStatement(sql, node, tokens);
}

}  // namespace

absl::StatusOr<Change> ParseChange(std::string_view sql_view) {
  const std::string sql(sql_view);
  ASSIGN_OR_RETURN(const std::vector<Token> all, Scan(sql));
  const Tokens tokens = WithoutOuterSemicolons(all);
  if (tokens.empty()) {
    return absl::InvalidArgumentError(
        "there is no statement: give ALTER TABLE …, or the table's name with --table to rebuild it as it is");
  }
  ASSIGN_OR_RETURN(const ParseTree tree, Parse(sql));
  Change change;
  for (const PgQuery__RawStmt* statement : std::span(tree->stmts, tree->n_stmts)) {
    const Tokens own = TokensOf(*statement, tokens);
    if (own.empty() || statement->stmt == nullptr) {
      return Unexpected("a statement");
    }
    RETURN_IF_ERROR(ReadStatement(sql, *statement->stmt, own, change));
  }
  change.statement = Slice(sql, tokens);
  const size_t shift = tokens.front().begin;
  for (std::vector<TextSpan>* spans : {&change.statement_spans, &change.name_spans}) {
    std::ranges::for_each(*spans, [shift](TextSpan& span) { span.offset -= shift; });
  }
  return change;
}

absl::StatusOr<Change> RebuildOf(std::optional<std::string> schema, std::string table) {
  if (table.empty() || (schema.has_value() && schema->empty())) {
    return absl::InvalidArgumentError("a rebuild needs a table's name, and a schema's name is never empty");
  }
  Change change;
  change.schema = std::move(schema);
  change.table = std::move(table);
  return change;
}

absl::StatusOr<Change> ParseRebuild(std::string_view table_name) {
  // TABLE <name> is the shortest statement that takes a table's name, so quoting and folding are PostgreSQL's.
  constexpr std::string_view kPrefix = "TABLE ";
  const std::string sql = fmt::format("{}{}", kPrefix, table_name);
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Scan(sql, kPrefix.size()));
  if (tokens.size() < 2) {
    return absl::InvalidArgumentError("the table's name is empty");
  }
  ASSIGN_OR_RETURN(const ParseTree tree, Parse(sql, kPrefix.size()));
  absl::Status not_a_name = absl::InvalidArgumentError(fmt::format("not a table's name: {}", Clip(table_name)));
  const PgQuery__Node& node = *tree->stmts[0]->stmt;
  if (node.node_case != PG_QUERY__NODE__NODE_SELECT_STMT || node.select_stmt->n_from_clause != 1 ||
      node.select_stmt->from_clause[0]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR) {
    return not_a_name;
  }
  const PgQuery__RangeVar& relation = *node.select_stmt->from_clause[0]->range_var;
  ASSIGN_OR_RETURN(const Tokens name, NameTokens(relation, tokens));
  if (name.size() + 1 != tokens.size()) {
    return not_a_name;
  }
  ASSIGN_OR_RETURN(Change change, RebuildOf(NonEmpty(relation.schemaname), relation.relname));
  change.database = NonEmpty(relation.catalogname);
  return change;
}

std::vector<std::string> Change::RetargetEach(const pg::QualifiedName& target) const {
  std::vector<std::string> result;
  for (size_t i = 0; i < statement_spans.size(); ++i) {
    const TextSpan whole = statement_spans[i];
    result.push_back(statement.substr(whole.offset, whole.length));
    result.back().replace(name_spans[i].offset - whole.offset, name_spans[i].length, target.Quoted());
  }
  return result;
}

std::string Change::Retarget(const pg::QualifiedName& target) const {
  std::string result = statement;
  // From the last to the first, so that the offsets still to come stay right.
  for (const TextSpan& name : std::views::reverse(name_spans)) {
    result.replace(name.offset, name.length, target.Quoted());
  }
  return result;
}

std::string Change::Fingerprint() const {
  // NUL stands between the elements because no token can hold it.
  std::string canonical;
  if (IsRebuild()) {
    canonical = fmt::format("rebuild{0}{1}{0}{2}{0}{3}", '\0', database.value_or(""), schema.value_or(""), table);
  }
  for (const Token& token : Scan(statement).value_or(std::vector<Token>())) {
    std::string text = statement.substr(token.begin, token.end - token.begin);
    if (token.keyword || (token.kind == PG_QUERY__TOKEN__IDENT && !text.starts_with('"'))) {
      std::ranges::transform(text, text.begin(), absl::ascii_tolower);
    }
    canonical += text;
    canonical += '\0';
  }
  const auto [low, high] = XXH3_128bits(canonical.data(), canonical.size());
  return fmt::format("{:016x}{:016x}", high, low);
}

}  // namespace pgmoult::engine
