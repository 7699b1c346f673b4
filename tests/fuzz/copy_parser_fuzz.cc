// Property: a COPY stream parsed in one piece and in pieces of any size gives the same tuples and the same error, and
// the parser holds no more memory than a small multiple of what it was fed.
//
// Input: byte 0 = bits 0-1 tuple size limit, bit 2 a valid header is put before the stream, bits 3-4 field count
// expected, bits 5-7 number of split sizes less one; then one byte for each split size; the rest is the stream.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checksum/copy_parser.h"
#include "fmt/format.h"

namespace {

using pgmoult::checksum::CopyParser;
using pgmoult::checksum::CopyParserOptions;
using pgmoult::checksum::Tuple;

constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);

void Check(bool holds, const char* what) {
  if (!holds) {
    fmt::print(stderr, "broken: {}\n", what);
    std::abort();
  }
}

struct Outcome {
  std::vector<std::string> tuples;  // raw bytes, with the number of fields before them
  absl::Status fed;
  absl::Status finished;

  bool operator==(const Outcome&) const = default;
};

// The tuple as text; checks that its views agree with each other.
std::string Describe(const Tuple& tuple) {
  size_t bytes = 0;
  for (size_t i = 0; i < tuple.field_count(); ++i) {
    Check(tuple.RawFrom(i).size() == tuple.raw().size() - bytes, "RawFrom starts where the field does");
    const std::optional<std::string_view> field = tuple.Field(i);
    Check(field.has_value() != tuple.RawFrom(i).starts_with("\377\377\377\377"), "NULL is length -1");
    bytes += 4 + (field ? field->size() : 0);
  }
  Check(bytes == tuple.raw().size(), "the fields fill the tuple");
  Check(tuple.RawFrom(tuple.field_count()).empty(), "RawFrom after the last field is empty");
  return fmt::format("{}:{}", tuple.field_count(), tuple.raw());
}

// An empty `sizes` means one piece.
Outcome Parse(std::string_view stream, std::span<const uint8_t> sizes, const CopyParserOptions& options) {
  CopyParser parser(options);
  Outcome outcome;
  size_t fed_bytes = 0;
  for (size_t i = 0; fed_bytes < stream.size() && outcome.fed.ok(); ++i) {
    const size_t size = sizes.empty() ? stream.size() : sizes[i % sizes.size()] + size_t{1};
    const std::string_view piece = stream.substr(fed_bytes, size);
    // A copy of exactly this size lets the address sanitizer see a read past its end and a view kept after it.
    const std::vector<char> bytes(piece.begin(), piece.end());
    fed_bytes += piece.size();
    outcome.fed = parser.Feed({bytes.data(), bytes.size()}, [&](const Tuple& tuple) {
      Check(tuple.raw().size() <= options.max_tuple_bytes, "the size limit holds");
      Check(!options.field_count || tuple.field_count() == static_cast<size_t>(*options.field_count),
            "the field count holds");
      outcome.tuples.push_back(Describe(tuple));
      return absl::OkStatus();
    });
    Check(parser.buffer_capacity_bytes() <= 8 * fed_bytes + 64, "memory follows the bytes fed");
  }
  outcome.finished = parser.Finish();
  Check(outcome.fed.ok() || outcome.finished == outcome.fed, "the first error is final");
  Check(parser.tuple_count() == static_cast<int64_t>(outcome.tuples.size()), "tuples are counted");
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const uint8_t choice = data[0];
  const size_t size_count = (choice >> 5U) + size_t{1};
  if (size < 1 + size_count) {
    return 0;
  }
  const std::span<const uint8_t> sizes(data + 1, size_count);
  std::string stream((choice & 4U) != 0 ? kHeader : "");
  stream.append(data + 1 + size_count, data + size);

  CopyParserOptions options;
  constexpr size_t kLimits[] = {CopyParserOptions{}.max_tuple_bytes, 1000, 64, 9};
  options.max_tuple_bytes = kLimits[choice & 3U];
  if (const int expected = choice >> 3U & 3; expected != 0) {
    options.field_count = expected;
  }
  Check(Parse(stream, {}, options) == Parse(stream, sizes, options), "the split does not matter");
  return 0;
}
