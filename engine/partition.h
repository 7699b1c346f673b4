#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/catalog.h"
#include "engine/design.h"
#include "engine/locks.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// A partition as the source of a change: its successor takes its place in the swap, by DETACH and ATTACH.

// The parent's empty stand-in, to which the source's clone is attached while the change is applied: PostgreSQL itself
// then says what a partition may change, and what becomes of it. Lives in the transaction of the shadow's builder, in
// a schema of its own, and finds and leaves the session with the owner's role and search_path = pg_catalog. One thread.
class ParentStandIn {
 public:
  ParentStandIn(pg::Connection& connection, const TableFacts& source, pg::QualifiedName clone, int64_t migration);

  // The default partition beside the source (an OID); an empty name where there is none.
  struct Default {
    pg::QualifiedName name;
    std::string role;  // its owner, or "" where the login is no member
    bool is_tree = false;
    int64_t bytes = 0;               // with its partitions
    std::vector<std::string> facts;  // NOT NULLs and CHECKs, as statements on the stand-in
  };
  static pg::Awaitable<absl::StatusOr<Default>> ReadDefault(pg::Connection& connection, int64_t source,
                                                            const pg::QualifiedName& stand_in);

  // nullopt where the source is no partition.
  pg::Awaitable<absl::StatusOr<std::optional<PartitionPlace>>> ReadPlace();
  // Makes the schema; the statements that build the stand-in there are the caller's to run.
  pg::Awaitable<absl::StatusOr<pg::Result>> MakeSchema();
  pg::Awaitable<absl::Status> Attach();
  struct Refusal {
    std::string code;
    std::string text;
    std::string remedy;
  };
  // After the change: reads what the new table will be once it is attached (place.final_shape; of `source`, the
  // source's shape, it has what is of the place), detaches the clone (an OID), and drops the stand-in. A refusal where
  // ATTACH would have to read too many rows under the lock of the swap.
  pg::Awaitable<absl::StatusOr<std::optional<Refusal>>> Leave(int64_t clone, const Shape& source,
                                                              PartitionPlace& place);

  // A text of PostgreSQL's with the parent's real name.
  std::string RealNames(const std::string& text) const;
  // The same of the attached clone's shape, without what is of its place.
  Shape RealShape(const Shape& shape) const;

 private:
  pg::Awaitable<absl::Status> Execute(std::string sql);
  pg::Awaitable<absl::StatusOr<std::optional<Refusal>>> TryAttach(PartitionPlace& place);
  std::vector<std::string> OwnNotNull(const pg::QualifiedName& table) const;
  pg::Awaitable<absl::StatusOr<int64_t>> ScansOf(const pg::QualifiedName& table);

  pg::Connection& connection_;
  const TableFacts& source_;
  pg::QualifiedName clone_;
  std::string quoted_schema_;   // of the real parent
  pg::QualifiedName stand_in_;  // of the parent
  pg::QualifiedName default_stand_in_;
  std::string bound_;
  std::string check_;  // name of the CHECK
  int64_t parent_oid_ = 0;
  bool is_default_ = false;
  bool by_hash_ = false;
  Default default_;
  std::vector<std::string> own_not_null_;
};

// Rows of a shape that say where a table stands, not what it is: an attached clone has others.
bool IsOfPlace(const ShapeItem& item);

// Gives a partition's shadow what it has besides the new shape until it is attached: the CHECK. Adds it to the design's
// expected shape. As the owner.
pg::Awaitable<absl::Status> AddBoundCheck(pg::Connection& connection, int64_t shadow, Design& design);

// The steps of the swap, as the owner, which they leave as the role. Nothing for what is no partition. Pure.
std::vector<std::string> DetachPartitionSql(const Design& design);
// By the final name.
std::vector<std::string> AttachPartitionSql(const Design& design);

// Before a try of the swap: kind kStopped where the default partition has grown too large to be read under the lock
// since the plan, or has lost what kept ATTACH from reading it.
pg::Awaitable<absl::Status> CheckDefaultPartition(pg::Connection& connection, const Design& design);

// For LockPartners. Pure.
std::vector<PartnerLock> AncestorLocks(const Design& design);
// The default partition beside it, if any, which DETACH and ATTACH lock, too: some write there and then through the
// whole. Nothing where the login may not lock it by itself.
std::vector<PartnerLock> DefaultPartitionLock(const Design& design);

}  // namespace pgmoult::engine
