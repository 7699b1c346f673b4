#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgmoult::tests {

// A transaction of a MonsterProgram: what it is made of, and its statements between BEGIN and COMMIT.
struct MonsterTransaction {
  bool repeatable_read = false;
  std::set<std::string> kinds;
  std::vector<std::string> statements;
};

// What one writer does to the schema of scenarios/the_monster, in every way that it offers. Follows from the seed
// alone.
//
// A writer has rows, a region and a code of its own, and knows which of its rows are referenced: no statement fails. Of
// what all of them write, hot rows, the order does not matter. So the same transactions, each writer's in their
// order, end with the same rows and fire the same triggers in any database, however the writers interleave. The one
// error that they may cause is 40001 at REPEATABLE READ, on a hot row; Undo() then takes the transaction back.
class MonsterProgram {
 public:
  static constexpr int kWriters = 5;  // the last one is scn_clerk, under row security; the others are scn_owner

  MonsterProgram(int writer, uint64_t seed);

  // Statements that make what writers need, as scn_owner, after the scenario's setup.sql.
  static std::string Setup();
  // All kinds that some writer takes.
  static std::vector<std::string> Kinds();

  std::string role() const { return is_clerk() ? "scn_clerk" : "scn_owner"; }
  MonsterTransaction Next();
  // The last one was rolled back.
  void Undo() { state_ = before_; }

 private:
  struct Kind {
    std::string_view name;
    void (MonsterProgram::*take)();
    bool by_clerk;
  };
  struct Row {
    int64_t parent = 0;   // 0: none
    bool pinned = false;  // referenced by a key that does not follow it
  };
  struct State {
    std::map<int64_t, Row> rows;  // of ids
    int64_t next = 0;             // id, ticket and number of whatever else is new
    int64_t region = 0;           // the writer's own
    int64_t code = 0;
  };

  static const std::vector<Kind>& AllKinds();

  // Straight.
  void Insert();
  void InsertByDefaults();
  void InsertMany();
  void InsertAsReplica();
  void Upsert();
  void Update();
  void UpdateMany();
  void UpdateThroughCte();
  void UpdateNothing();
  void Delete();
  void DeleteMany();
  void DeleteKept();
  void Rekey();
  void MoveMark();
  void ExchangeTickets();
  void ExchangeSpans();
  void Hot();
  void TakeBack();
  void AsReader();
  void UpdateStrangers();
  // Through other things.
  void ThroughCheckedView();
  void ThroughDoor();
  void ThroughRule();
  void CallProcedures();
  // Of the tables at the other ends of foreign keys.
  void RenumberRegion();
  void ReplaceRegion();
  void RenumberCode();
  void AddLine();
  void AddDay();

  bool is_clerk() const { return writer_ == kWriters - 1; }
  int64_t Uniform(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  int64_t NewNumber() { return ++state_.next; }
  // A row of the writer's own; the first id that no key pins where `free`.
  int64_t SomeRow(bool free = false);
  bool HasKids(int64_t id) const;
  // Forgets a row and those that go with it.
  void Forget(int64_t id);
  void Say(std::string statement) { statements_.push_back(std::move(statement)); }
  // The VALUES of a new row.
  std::string Values(int64_t id, int64_t parent);

  const int writer_;
  std::mt19937_64 random_;
  int64_t number_ = 0;  // of transactions
  State state_;
  State before_;  // the last transaction
  std::vector<std::string> statements_;
};

}  // namespace pgmoult::tests
