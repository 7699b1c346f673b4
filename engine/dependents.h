#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/catalog.h"
#include "engine/design.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// What others have hung on a table, and its own foreign keys: views, rules and policies of other relations, functions
// with a parsed body, foreign keys both ways, publications. The swap gives the table another OID, so each of them is
// made again for the new table, by its own owner, and is compared before the swap may commit.

// As they are now. On a session with search_path = pg_catalog. `clone_of`: as ReadShape() has it. What hangs on the
// views `stand_ins` (oid[] as text) counts, too, as what hangs on materialized views does.
pg::Awaitable<absl::StatusOr<std::vector<Dependent>>> ReadDependents(pg::Connection& connection, int64_t oid,
                                                                     int64_t clone_of = 0,
                                                                     std::string stand_ins = "{}");

// What differs, as sentences. `state` counts only where `with_state` says so.
std::vector<std::string> DiffDependents(const std::vector<Dependent>& was, const std::vector<Dependent>& is,
                                        bool with_state);

// Those that the new table must have before the swap commits: what is finished after it is represented by its
// stand-ins. Pure.
std::vector<Dependent> DependentsInSwap(const Design& design);

// The statements of the swap that take all dependents to the new table, in order, before names are exchanged. They
// begin and end as the table's owner. Pure.
std::vector<std::string> CarryDependentsSql(const Design& design);

// Foreign keys of a table to others and to itself go, as its owner.
pg::Awaitable<absl::Status> DropOwnForeignKeys(pg::Connection& connection, int64_t oid);

// The same dependents, made again for the table's empty clone, so that PostgreSQL itself says what the change does to
// each. Lives in one transaction, as the shadow's builder does, whose session it uses: it finds and leaves that with
// the owner's role and search_path = pg_catalog. One thread.
class DependentClones {
 public:
  // The source's schema is where bare names in the definitions are looked for; `schema` is the clone's.
  DependentClones(pg::Connection& connection, const TableFacts& source, std::string schema)
      : connection_(connection), source_(source), schema_(std::move(schema)) {}

  // Makes them. The sentence, if there is one, says why that cannot be: a refusal.
  pg::Awaitable<absl::StatusOr<std::optional<std::string>>> Make();
  // Takes them away again, the clone's own foreign keys, and the schemas that they live in.
  pg::Awaitable<absl::Status> Drop(int64_t clone);

  // Of the source.
  const std::vector<Dependent>& found() const { return found_; }
  // Of the clone, under the names that they stand for.
  pg::Awaitable<absl::StatusOr<std::vector<Dependent>>> Read(int64_t clone);
  // How all found get from the source to the clone, which has been changed by now.
  pg::Awaitable<absl::StatusOr<std::vector<CarriedDependent>>> Carry(int64_t clone, std::string old_schema);
  // A text of PostgreSQL's, with the names that users know in place of the clones'.
  std::string RealNames(const std::string& text) const;

 private:
  struct Clone {
    std::string kind;
    int64_t oid = 0;      // of what it stands for
    std::string owner;    // "" for the login
    std::string scratch;  // schema; "" where it needs none
    std::string real;     // qualified and quoted
    std::string clone;
    std::vector<std::string> statements;
  };

  std::set<std::string> Distinct(std::string Clone::* member) const;
  pg::Awaitable<absl::Status> ReadSchemas();
  pg::Awaitable<absl::Status> MakeAll();
  pg::Awaitable<absl::Status> Execute(std::string sql);
  std::string ItemsJson() const;

  pg::Connection& connection_;
  const TableFacts& source_;
  std::string schema_;
  std::vector<pg::Ident> schemas_;
  std::vector<Dependent> found_;
  std::vector<Clone> clones_;
};

}  // namespace pgmoult::engine
