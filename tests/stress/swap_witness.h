#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/support/database.h"

namespace pgmoult::tests {

// The oracle that knows nothing of writers: at the swap the new table holds what the old one held, by a plain EXCEPT
// ALL in both directions, and nobody writes the old one from then on.
//
// Both tables can be compared while the load goes on at one moment only: inside the swap's own transaction. It holds
// ACCESS EXCLUSIVE on both, so whatever was written is committed and whoever wants to write waits. One moment later the
// new table is written again. Therefore a trigger on the journal compares them, when the swap tells there that it is
// done, right before its COMMIT. What it finds is written down in the same transaction: a try that is rolled back takes
// its note along, and a swap without a note was not looked at.
//
// Writers wait a little longer for such a swap: the time of the comparison counts towards --max-hold-ms.
class SwapWitness {
 public:
  // Before the run. Makes the journal, where it is not there. `role` is who logs in for the run, the superuser where
  // empty; `renamed` says what columns of the old table are called in the new one, where that is something else.
  explicit SwapWitness(const TestDatabase& database, const std::string& role = "",
                       const std::map<std::string, std::string>& renamed = {});

  // After a migration's swap, before `finalize`: what is wrong, as text; "" where nothing is.
  std::string Verdict(int64_t migration) const;

  // Takes away all that the witness made, after `cleanup` has taken the journal: for comparisons of whole databases.
  void Leave() const;

 private:
  const TestDatabase& database_;
};

}  // namespace pgmoult::tests
