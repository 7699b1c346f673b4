#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/stress/choices.h"
#include "tests/stress/client.h"
#include "tests/stress/shape.h"

namespace pgmoult::tests {

// How statements reach a server, and what it answers.
struct Wire {
  std::function<Answer(const std::string& sql)> run;
  std::function<Answer(const std::string& sql, const std::string& rows)> copy_in;
  bool merges = true;  // the server knows MERGE
};
Wire WireTo(Client& client);

// Carries out single steps. Everything it chooses follows from the step's seed and serial, and, for kEdge, from where
// the last chunk edge is. Not thread safe; a writer has its own.
class Program {
 public:
  Program(const Shape& shape, Wire wire, const std::atomic<int64_t>& edge)
      : shape_(shape), wire_(std::move(wire)), edge_(edge) {}

  // The first error, or an answer that is ok. `sql` is the statement it belongs to.
  Answer Take(const PlannedStep& step, std::string& sql);
  // Whether the last kEdge was at a chunk's edge, not at an end of the table.
  bool at_chunk_edge() const { return at_chunk_edge_; }

 private:
  int64_t Uniform(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  // A value of u that nobody else takes.
  int64_t NextUnique();
  Answer Carry(Step step, std::string& sql);
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
  const Wire wire_;
  const std::atomic<int64_t>& edge_;
  std::mt19937_64 random_;  // of the step under way
  int64_t serial_ = 0;      // of the step under way
  int64_t uniques_ = 0;     // that it has taken
  bool at_chunk_edge_ = false;
};

}  // namespace pgmoult::tests
