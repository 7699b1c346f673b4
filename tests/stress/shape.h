#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pgmoult::tests {

// A table `t` under load: some key, and the columns v text, n int, u bigint (unique, may be NULL). Keys are made from
// numbers, so that one workload serves every key.
struct Shape {
  std::string create;            // script; the table stays empty
  std::vector<std::string> key;  // column names
  std::vector<std::string> key_types;
  std::function<std::vector<std::string>(int64_t number)> raw;  // text of the key's columns; equal numbers, equal keys
  std::string key_text = "id::text";  // SQL over the key's columns: the same text for equal keys only
  std::string row_text;               // SQL over all columns: what must not be lost
  std::string covered;                // SQL over k (key_text), c (pgmoult.chunk): the chunk holds k; "" unknown
  std::string beyond;                 // SQL over k, m.copy_end: k lies beyond the copy's end
  bool deferrable = false;            // the unique constraint on u
  int64_t rows = 1200;                // at first: every third number from 0 on

  std::string KeyList() const;               // a, b
  std::string Values(int64_t number) const;  // '1'::int, 'x'::text
  std::string Is(int64_t number) const;      // a = … AND b = …
  std::string In(const std::vector<int64_t>& numbers) const;
  std::string Set(int64_t number) const;     // a = …, b = …
  std::string TextOf(int64_t number) const;  // key_text of that key
};

Shape IntKey();
Shape CompositeKey();
// A text key whose collation takes upper and lower case for equal; every mention of a key spells it anew.
Shape CaselessKey();
// Which spelling the next mention on this thread takes: spellings must not depend on what other writers mention.
void SpellFrom(unsigned first);
// Text in an order that is not the database's.
Shape CollatedKey();
// IntKey() with u UNIQUE DEFERRABLE INITIALLY DEFERRED.
Shape DeferrableUnique();

}  // namespace pgmoult::tests
