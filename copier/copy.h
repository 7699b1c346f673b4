#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "boost/asio/awaitable.hpp"
#include "copier/chunk_sizer.h"
#include "copier/gate.h"
#include "copier/lock_wait.h"
#include "copier/transfer.h"
#include "pg/connection.h"

namespace pgmoult::copier {

// Opens a session with the settings that every worker needs; `purpose` goes into application_name.
using OpenSession = std::function<pg::Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>>(std::string purpose)>;

struct CopyOptions {
  int jobs = 2;          // worker sessions; a scout session comes on top
  double row_bytes = 0;  // mean width of a source row, for the byte budget; 0: unknown
  ChunkSizerOptions sizer;
};

// Live figures, written by the workers and read by whoever shows them (same thread).
struct CopyProgress {
  int64_t rows = 0;  // committed, those of earlier runs included
  int64_t chunks = 0;
  double last_chunk_ms = 0;
  int64_t chunk_rows = 0;  // size the sizer asks for now
  int busy_workers = 0;
  std::optional<KeyRange> failed;  // the first chunk that did not get through
};

// What is known of an earlier, interrupted run of this copy.
struct CopyState {
  std::optional<KeyValue> end;       // the fixed end of the range; nullopt: the table was empty
  std::vector<KeyRange> missing;     // claimed and never finished
  std::optional<KeyValue> frontier;  // everything up to here is copied or in `missing`; nullopt: nothing is
  int64_t next_chunk = 1;
};

// Copies all rows up to state.end from source to shadow: a scout cuts chunks in key order, `jobs` workers pull them.
// One short transaction a chunk, in which its journal row (pgmoult.chunk) commits too. Ends when every chunk has
// committed.
//
// Errors: Cancelled when the gate stops or the coroutine is cancelled (all finished chunks are kept); EverythingChanged
// when a TRUNCATE was seen; any server error, annotated with the chunk's range (never with row values other than keys).
// What others have locked is waited for; a serialization failure is tried again.
pg::Awaitable<absl::Status> CopyRows(const OpenSession& open, const Transfer& transfer, CopyOptions options,
                                     CopyState state, Gate& gate, LockWait& locks, CopyProgress& progress);

// The greatest key of the source now, in scan order; nullopt where it is empty.
pg::Awaitable<absl::StatusOr<std::optional<KeyValue>>> ReadLastKey(pg::Connection& connection, const Transfer& transfer,
                                                                   LockWait& locks);
// The key that ends a chunk of `rows` rows from the start of `remaining`; nullopt where fewer are left.
pg::Awaitable<absl::StatusOr<std::optional<KeyValue>>> ReadBoundary(pg::Connection& connection,
                                                                    const Transfer& transfer, const KeyRange& remaining,
                                                                    int64_t rows, LockWait& locks);
// The range in pieces of `rows` rows and one for the rest, in scan order; the range alone where it holds no more.
// Passes the gate before each cut.
pg::Awaitable<absl::StatusOr<std::vector<KeyRange>>> CutRange(pg::Connection& connection, const Transfer& transfer,
                                                              KeyRange range, int64_t rows, Gate& gate,
                                                              LockWait& locks);
// A bound as a parameter of type text[]; NULL where there is none.
pg::Param BoundParam(const std::optional<KeyValue>& bound);
// "(1, a) … (7, b)", for messages.
std::string DescribeRange(const KeyRange& range);

}  // namespace pgmoult::copier
