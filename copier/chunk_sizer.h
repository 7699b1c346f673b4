#pragma once

#include <cstdint>
#include <deque>

namespace pgmoult::copier {

struct ChunkSizerOptions {
  double target_ms = 100;    // server time one chunk should take
  int64_t first_rows = 256;  // small: nothing is known about the table yet
  int64_t min_rows = 1;
  int64_t max_rows = 1'000'000;
  int64_t max_bytes = 64 << 20;  // of source rows a chunk; bounds WAL bursts and memory of wide tables
};

// How many rows the next chunk should have, from the server time of those before. Pure: no clock, no I/O.
//
// Slow start doubles the size until a chunk takes half of the target; from then on the p90 of the recent chunks of
// about the current size steers it: at most 1.5 times larger a step, a tenth at five times over the target, in
// proportion between. Chunks that were cut under an older, very different size are ignored.
class ChunkSizer {
 public:
  explicit ChunkSizer(ChunkSizerOptions options);

  int64_t rows() const { return rows_; }
  void SetTarget(double target_ms) { options_.target_ms = target_ms; }
  // Mean width of a row in bytes, for the byte budget; 0 is unknown.
  void SetRowBytes(double row_bytes);
  // A chunk that was asked for `asked_rows`, held `rows` and took `server_ms` (without waits for throttle or locks).
  void Record(int64_t asked_rows, int64_t rows, double server_ms);

 private:
  void Resize(double rows);

  ChunkSizerOptions options_;
  int64_t rows_;
  double row_bytes_ = 0;
  bool slow_start_ = true;
  std::deque<double> recent_ms_;  // of chunks of the current size
};

}  // namespace pgmoult::copier
