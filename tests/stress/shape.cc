#include "tests/stress/shape.h"

#include <cctype>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace pgmoult::tests {
namespace {

constexpr char kColumns[] = "v text NOT NULL, n int NOT NULL DEFAULT 0, u bigint CONSTRAINT t_u_key UNIQUE";
constexpr char kRowText[] = "concat_ws('|', v, n, coalesce(u::text, '-'))";

// Sorts as the numbers do, negative ones included.
std::string Padded(int64_t number) { return fmt::format("key {:08}", number + 10'000'000); }

thread_local unsigned next_spelling = 0;

// Another mixture of cases at every call.
std::string Respelled(std::string text) {
  const unsigned mask = next_spelling++;
  for (size_t i = 0; i < 3; ++i) {
    const auto letter = static_cast<unsigned char>(text[i]);
    text[i] = static_cast<char>((mask >> i & 1U) != 0 ? std::toupper(letter) : std::tolower(letter));
  }
  return text;
}

}  // namespace

void SpellFrom(unsigned first) { next_spelling = first; }

std::string Shape::KeyList() const { return fmt::format("{}", fmt::join(key, ", ")); }

std::string Shape::Values(int64_t number) const {
  const std::vector<std::string> texts = raw(number);
  std::vector<std::string> values;
  for (size_t i = 0; i < key.size(); ++i) {
    values.push_back(fmt::format("'{}'::{}", texts[i], key_types[i]));
  }
  return fmt::format("{}", fmt::join(values, ", "));
}

std::string Shape::Is(int64_t number) const { return fmt::format("({}) = ({})", KeyList(), Values(number)); }

std::string Shape::In(const std::vector<int64_t>& numbers) const {
  std::vector<std::string> tuples;
  for (const int64_t number : numbers) {
    tuples.push_back(fmt::format("({})", Values(number)));
  }
  return fmt::format("({}) IN ({})", KeyList(), fmt::join(tuples, ", "));
}

std::string Shape::Set(int64_t number) const {
  return key.size() == 1 ? fmt::format("{} = {}", key[0], Values(number))
                         : fmt::format("({}) = ROW({})", KeyList(), Values(number));
}

std::string Shape::TextOf(int64_t number) const {
  return fmt::format("(SELECT {} FROM (VALUES ({})) AS one ({}))", key_text, Values(number), KeyList());
}

Shape IntKey() {
  Shape shape;
  shape.create = fmt::format("CREATE TABLE t (id int PRIMARY KEY, {}); CREATE INDEX t_n ON t (n)", kColumns);
  shape.key = {"id"};
  shape.key_types = {"int"};
  shape.raw = [](int64_t number) { return std::vector{fmt::format("{}", number)}; };
  shape.row_text = kRowText;
  shape.covered = "(c.lower_key IS NULL OR k::bigint > c.lower_key[1]::bigint) AND k::bigint <= c.upper_key[1]::bigint";
  shape.beyond = "k::bigint > m.copy_end[1]::bigint";
  return shape;
}

Shape DeferrableUnique() {
  Shape shape = IntKey();
  shape.create +=
      "; ALTER TABLE t DROP CONSTRAINT t_u_key, "
      "ADD CONSTRAINT t_u_key UNIQUE (u) DEFERRABLE INITIALLY DEFERRED";
  shape.deferrable = true;
  return shape;
}

Shape CompositeKey() {
  Shape shape;
  shape.create = fmt::format("CREATE TABLE t (a int, b text, {}, PRIMARY KEY (a, b))", kColumns);
  shape.key = {"a", "b"};
  shape.key_types = {"int", "text"};
  shape.raw = [](int64_t number) { return std::vector{fmt::format("{}", number % 7), Padded(number)}; };
  shape.key_text = "a || '/' || b";
  shape.row_text = kRowText;
  shape.covered =
      "(c.lower_key IS NULL OR (split_part(k, '/', 1)::int, split_part(k, '/', 2)) > (c.lower_key[1]::int, "
      "c.lower_key[2])) AND (split_part(k, '/', 1)::int, split_part(k, '/', 2)) <= (c.upper_key[1]::int, "
      "c.upper_key[2])";
  shape.beyond = "(split_part(k, '/', 1)::int, split_part(k, '/', 2)) > (m.copy_end[1]::int, m.copy_end[2])";
  return shape;
}

Shape CaselessKey() {
  Shape shape;
  shape.create = fmt::format(
      "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
      "CREATE TABLE t (id text COLLATE caseless PRIMARY KEY, {})",
      kColumns);
  shape.key = {"id"};
  shape.key_types = {"text"};
  shape.raw = [](int64_t number) { return std::vector{Respelled(Padded(number))}; };
  shape.key_text = "lower(id COLLATE \"C\")";
  shape.row_text = "concat_ws('|', id COLLATE \"C\", v, n, coalesce(u::text, '-'))";
  return shape;
}

Shape CollatedKey() {
  Shape shape;
  // ICU puts lower before upper case and digits before letters; the test server's own order is C's or libc's.
  shape.create = fmt::format("CREATE TABLE t (id text COLLATE \"und-x-icu\" PRIMARY KEY, {})", kColumns);
  shape.key = {"id"};
  shape.key_types = {"text"};
  shape.raw = [](int64_t number) {
    constexpr const char* kPrefixes[] = {"b", "B", "a", "-A", "Z", "é"};
    return std::vector{fmt::format("{}{}", kPrefixes[static_cast<size_t>((number % 6 + 6) % 6)], Padded(number))};
  };
  shape.key_text = "id COLLATE \"C\"";
  shape.row_text = kRowText;
  return shape;
}

}  // namespace pgmoult::tests
