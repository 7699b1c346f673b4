#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/stress/client.h"
#include "tests/stress/shape.h"
#include "tests/stress/workload.h"

namespace pgmoult::tests {

// Counters that all writers share: the next keys beyond both ends, the next value of u, a chunk's edge.
struct Numbers {
  std::atomic<int64_t>& high;
  std::atomic<int64_t>& low;
  std::atomic<int64_t>& unique;
  std::atomic<int64_t>& edge;
};

// Carries out single steps on a session. Not thread safe; a writer has its own.
class Program {
 public:
  Program(const Shape& shape, Client& client, Numbers numbers, uint64_t seed)
      : shape_(shape), client_(client), numbers_(numbers), random_(seed) {}

  // The first error, or an answer that is ok. `sql` is the statement it belongs to.
  Answer Take(Step step, std::string& sql);
  // Whether the last kEdge was at a chunk's edge, not at an end of the table.
  bool at_chunk_edge() const { return at_chunk_edge_; }
  int64_t Uniform(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }

 private:
  int64_t SomeKey();
  std::vector<int64_t> SomeKeys(int count);
  std::string Ledgered(const std::string& dml) const;
  std::string LedgeredDelete(const std::string& dml) const;
  std::string Move(int64_t from, int64_t to) const;
  std::string NewRows(const std::vector<int64_t>& keys);
  // Neighbours beyond one end of the table as it was at first; they may be there already.
  std::vector<int64_t> Beyond(int64_t count);
  Answer RunAll(const std::vector<std::string>& statements, std::string& sql);
  Answer ExchangeUnique(Step step, std::string& sql);
  Answer Copy(std::string& sql);
  Answer Merge(std::string& sql);
  std::string WritableCte();
  std::string Edge();

  const Shape& shape_;
  Client& client_;
  Numbers numbers_;
  std::mt19937_64 random_;
  bool at_chunk_edge_ = false;
};

}  // namespace pgmoult::tests
