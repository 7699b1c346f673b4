#include "checksum/copy_parser.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace pgmoult::checksum {
namespace {

using Fields = std::vector<std::optional<std::string>>;

std::string BigEndian(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i-- > 0;) {
    out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  }
  return out;
}

std::string Int16(int value) { return BigEndian(static_cast<uint16_t>(value), 2); }
std::string Int32(int64_t value) { return BigEndian(static_cast<uint32_t>(value), 4); }

std::string Header(uint32_t flags = 0, const std::string& extension = "") {
  return std::string("PGCOPY\n\377\r\n\0", 11) + Int32(flags) + Int32(static_cast<int64_t>(extension.size())) +
         extension;
}

std::string Raw(const Fields& fields) {
  std::string out;
  for (const auto& field : fields) {
    out += field ? Int32(static_cast<int64_t>(field->size())) + *field : Int32(-1);
  }
  return out;
}

std::string Row(const Fields& fields) { return Int16(static_cast<int>(fields.size())) + Raw(fields); }

const std::string kTrailer = Int16(-1);  // NOLINT(cert-err58-cpp)

struct Parsed {
  std::vector<Fields> rows;
  std::vector<std::string> raws;
  absl::Status fed;
  absl::Status finished;

  // What the caller sees in the end.
  const absl::Status& status() const { return fed.ok() ? finished : fed; }
};

Parsed Parse(const std::vector<std::string>& pieces, CopyParserOptions options = {}) {
  CopyParser parser(options);
  Parsed parsed;
  for (const std::string& piece : pieces) {
    // A copy of exactly this size lets the address sanitizer see a read past its end and a view kept after it.
    const std::vector<char> bytes(piece.begin(), piece.end());
    parsed.fed = parser.Feed({bytes.data(), bytes.size()}, [&](const Tuple& tuple) {
      Fields fields;
      for (size_t i = 0; i < tuple.field_count(); ++i) {
        const std::optional<std::string_view> field = tuple.Field(i);
        fields.push_back(field ? std::optional<std::string>(*field) : std::nullopt);
      }
      parsed.rows.push_back(fields);
      parsed.raws.emplace_back(tuple.raw());
      return absl::OkStatus();
    });
    if (!parsed.fed.ok()) {
      break;
    }
  }
  parsed.finished = parser.Finish();
  EXPECT_EQ(parser.tuple_count(), static_cast<int64_t>(parsed.rows.size()));
  return parsed;
}

std::vector<std::string> Bytewise(const std::string& stream) {
  std::vector<std::string> pieces;
  for (const char byte : stream) {
    pieces.emplace_back(1, byte);
  }
  return pieces;
}

void ExpectDataLoss(const absl::Status& status, const std::string& text, size_t offset) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  const std::string message(status.message());
  EXPECT_NE(message.find(text), std::string::npos) << message;
  EXPECT_TRUE(message.ends_with("(at byte " + std::to_string(offset) + ")")) << message;
}

// The fault is the same in one piece and byte by byte.
void ExpectFault(const std::string& stream, const std::string& text, size_t offset, CopyParserOptions options = {}) {
  const Parsed whole = Parse({stream}, options);
  ExpectDataLoss(whole.status(), text, offset);
  const Parsed bytewise = Parse(Bytewise(stream), options);
  EXPECT_EQ(bytewise.status(), whole.status());
  EXPECT_EQ(bytewise.rows, whole.rows);
}

const std::vector<Fields>& SampleRows() {
  static const std::vector<Fields> kRows = {
      {"key-1", std::nullopt, ""}, {std::nullopt, std::nullopt, std::nullopt}, {std::string(300, 'x'), "\0\xFF", "z"}};
  return kRows;
}

std::string SampleStream(const std::string& extension = "") {
  std::string stream = Header(0, extension);
  for (const Fields& row : SampleRows()) {
    stream += Row(row);
  }
  return stream + kTrailer;
}

TEST(CopyParserTest, YieldsFieldsNullsAndRawBytes) {
  const Parsed parsed = Parse({SampleStream()});
  ASSERT_TRUE(parsed.status().ok()) << parsed.status();
  EXPECT_EQ(parsed.rows, SampleRows());
  ASSERT_EQ(parsed.raws.size(), SampleRows().size());
  for (size_t i = 0; i < parsed.raws.size(); ++i) {
    EXPECT_EQ(parsed.raws[i], Raw(SampleRows()[i]));
  }
}

// What PostgreSQL 15 sent for COPY (SELECT 7::int4, NULL::text, 'ab'::text, 1.50::numeric) TO STDOUT (FORMAT binary).
TEST(CopyParserTest, ParsesWhatTheServerSends) {
  const std::string stream = Header() + Int16(4) + Int32(4) + Int32(7) + Int32(-1) + Int32(2) + "ab" + Int32(12) +
                             std::string("\0\x02\0\0\0\0\0\x02\0\x01\x13\x88", 12) + kTrailer;
  const Parsed parsed = Parse({stream});
  ASSERT_TRUE(parsed.status().ok()) << parsed.status();
  const std::vector<Fields> expected = {
      {Int32(7), std::nullopt, "ab", std::string("\0\x02\0\0\0\0\0\x02\0\x01\x13\x88", 12)}};
  EXPECT_EQ(parsed.rows, expected);
}

TEST(CopyParserTest, SplitAtEveryBytePositionGivesTheSameTuples) {
  const std::string stream = SampleStream("extension");
  for (size_t at = 0; at <= stream.size(); ++at) {
    const Parsed parsed = Parse({stream.substr(0, at), stream.substr(at)});
    ASSERT_TRUE(parsed.status().ok()) << at << ": " << parsed.status();
    ASSERT_EQ(parsed.rows, SampleRows()) << at;
  }
}

TEST(CopyParserTest, SplitIntoEqualPiecesOfAnySizeGivesTheSameTuples) {
  const std::string stream = SampleStream("extension");
  for (size_t size = 1; size <= stream.size(); ++size) {
    std::vector<std::string> pieces;
    for (size_t at = 0; at < stream.size(); at += size) {
      pieces.push_back(stream.substr(at, size));
      pieces.emplace_back();
    }
    const Parsed parsed = Parse(pieces);
    ASSERT_TRUE(parsed.status().ok()) << size << ": " << parsed.status();
    ASSERT_EQ(parsed.rows, SampleRows()) << size;
  }
}

TEST(CopyParserTest, RawFromGivesTheFieldsAfterTheKey) {
  CopyParser parser;
  int calls = 0;
  const absl::Status fed = parser.Feed(Header() + Row({"k", std::nullopt, "value"}), [&](const Tuple& tuple) {
    ++calls;
    EXPECT_EQ(tuple.field_count(), 3U);
    EXPECT_EQ(tuple.RawFrom(0), tuple.raw());
    EXPECT_EQ(tuple.RawFrom(1), Raw({std::nullopt, "value"}));
    EXPECT_EQ(tuple.RawFrom(2), Raw({"value"}));
    EXPECT_EQ(tuple.RawFrom(3), "");
    return absl::OkStatus();
  });
  EXPECT_TRUE(fed.ok()) << fed;
  EXPECT_EQ(calls, 1);
}

TEST(CopyParserTest, WholeTuplesAreParsedInPlace) {
  const std::string head = Header() + Row({std::string(5000, 'a')});
  const std::string next = Row({std::string(5000, 'b')}) + Row({std::string(5000, 'c')});
  CopyParser parser;
  for (const std::string& message : {head, next, kTrailer}) {
    const absl::Status fed = parser.Feed(message, [&](const Tuple& tuple) {
      EXPECT_GE(tuple.raw().data(), message.data());
      EXPECT_LE(tuple.raw().data() + tuple.raw().size(), message.data() + message.size());
      return absl::OkStatus();
    });
    EXPECT_TRUE(fed.ok()) << fed;
  }
  EXPECT_TRUE(parser.Finish().ok());
  EXPECT_LT(parser.buffer_capacity_bytes(), 100U);
}

TEST(CopyParserTest, ParsesInPlaceAgainAfterATupleThatSpannedMessages) {
  const std::string first = Header() + Row({"one"});
  const std::string second = Row({"two"});
  const std::string head = first.substr(0, first.size() - 2);
  const std::string rest = first.substr(first.size() - 2) + second;
  CopyParser parser;
  const auto ignore = [](const Tuple&) { return absl::OkStatus(); };
  ASSERT_TRUE(parser.Feed(head, ignore).ok());
  std::vector<bool> in_place;
  const absl::Status fed = parser.Feed(rest, [&](const Tuple& tuple) {
    in_place.push_back(tuple.raw().data() >= rest.data() && tuple.raw().data() < rest.data() + rest.size());
    return absl::OkStatus();
  });
  EXPECT_TRUE(fed.ok()) << fed;
  EXPECT_EQ(in_place, (std::vector<bool>{false, true}));
}

TEST(CopyParserTest, BufferOfAWideRowIsGivenBack) {
  const std::string stream = Header() + Row({std::string(size_t{3} << 20, 'w')});
  CopyParser parser;
  const auto ignore = [](const Tuple&) { return absl::OkStatus(); };
  ASSERT_TRUE(parser.Feed(stream.substr(0, stream.size() - 1), ignore).ok());
  EXPECT_GT(parser.buffer_capacity_bytes(), size_t{3} << 20);
  ASSERT_TRUE(parser.Feed(stream.substr(stream.size() - 1), ignore).ok());
  EXPECT_EQ(parser.tuple_count(), 1);
  EXPECT_LT(parser.buffer_capacity_bytes(), 1000U);
}

TEST(CopyParserTest, EmptyTableHasHeaderAndTrailerOnly) {
  const Parsed parsed = Parse({Header(), kTrailer});
  EXPECT_TRUE(parsed.status().ok()) << parsed.status();
  EXPECT_TRUE(parsed.rows.empty());
}

TEST(CopyParserTest, TupleWithoutFieldsIsATuple) {
  const Parsed parsed = Parse(Bytewise(Header() + Row({}) + Row({}) + kTrailer), {.field_count = 0});
  EXPECT_TRUE(parsed.status().ok()) << parsed.status();
  EXPECT_EQ(parsed.rows, (std::vector<Fields>{{}, {}}));
  EXPECT_EQ(parsed.raws, (std::vector<std::string>{"", ""}));
}

TEST(CopyParserTest, LargestFieldCountIsTaken) {
  const Fields row(32767, std::nullopt);
  const Parsed parsed = Parse({Header() + Row(row) + kTrailer});
  EXPECT_TRUE(parsed.status().ok()) << parsed.status();
  EXPECT_EQ(parsed.rows, std::vector<Fields>{row});
}

TEST(CopyParserTest, FlagsThatAReaderMayIgnoreAreIgnored) {
  const Parsed parsed = Parse({Header(0x0000'FFFF) + Row({"a"}) + kTrailer});
  EXPECT_TRUE(parsed.status().ok()) << parsed.status();
  EXPECT_EQ(parsed.rows.size(), 1U);
}

TEST(CopyParserTest, TruncationAtEveryPositionIsAnErrorByFinish) {
  const std::string stream = SampleStream("extension");
  for (size_t size = 0; size < stream.size(); ++size) {
    const std::string cut = stream.substr(0, size);
    const Parsed parsed = Parse({cut});
    ASSERT_TRUE(parsed.fed.ok()) << size << ": " << parsed.fed;
    ExpectDataLoss(parsed.finished, "the COPY stream ends", size);
    EXPECT_EQ(Parse(Bytewise(cut)).finished, parsed.finished);
  }
}

TEST(CopyParserTest, WrongSignatureIsRefused) {
  for (size_t i = 0; i < 11; ++i) {
    std::string stream = SampleStream();
    stream[i] = static_cast<char>(stream[i] ^ 1);
    ExpectFault(stream, "wrong signature", 0);
  }
  ExpectFault("1\tthis is what COPY in text form looks like\n", "wrong signature", 0);
}

TEST(CopyParserTest, CriticalFlagsAreRefused) {
  for (int bit = 16; bit < 32; ++bit) {
    ExpectFault(Header(uint32_t{1} << bit) + kTrailer, "unknown critical flags", 11);
  }
}

TEST(CopyParserTest, NegativeHeaderExtensionIsRefused) {
  for (const int64_t length : {int64_t{-1}, int64_t{INT32_MIN}}) {
    const std::string header = Header();
    ExpectFault(header.substr(0, 15) + Int32(length) + kTrailer, "an extension of " + std::to_string(length), 15);
  }
}

TEST(CopyParserTest, HugeHeaderExtensionIsSkippedWithoutBuffering) {
  CopyParser parser;
  const auto ignore = [](const Tuple&) { return absl::OkStatus(); };
  const std::string header = Header().substr(0, 15) + Int32(INT32_MAX) + std::string(100'000, 'e');
  ASSERT_TRUE(parser.Feed(header, ignore).ok());
  EXPECT_LT(parser.buffer_capacity_bytes(), 100U);
  ExpectDataLoss(parser.Finish(), "ends inside its header", header.size());
}

TEST(CopyParserTest, FieldLengthBelowMinusOneIsRefused) {
  const std::string good = Header() + Row({"a"}) + Int16(2) + Int32(1) + "b";
  for (const int length : {-2, INT32_MIN}) {
    std::string stream = good;
    stream += Int32(length);
    ExpectFault(stream, "field 2 of tuple 2 has length " + std::to_string(length), good.size());
  }
}

TEST(CopyParserTest, FieldCountBelowMinusOneIsRefused) {
  const std::string good = Header() + Row({"a"});
  for (const int count : {-2, INT16_MIN}) {
    ExpectFault(good + Int16(count), "tuple 2 has " + std::to_string(count) + " fields", good.size());
  }
}

TEST(CopyParserTest, OtherFieldCountThanExpectedIsRefused) {
  const std::string good = Header() + Row({"a", "b"});
  ExpectFault(good + Row({"a"}) + kTrailer, "tuple 2 has 1 fields where 2 were expected", good.size(),
              {.field_count = 2});
  ExpectFault(good + Row({"a", "b", "c"}) + kTrailer, "tuple 2 has 3 fields where 2 were expected", good.size(),
              {.field_count = 2});
  const Parsed any = Parse({good + Row({"a"}) + kTrailer});
  EXPECT_TRUE(any.status().ok()) << any.status();
}

TEST(CopyParserTest, DataAfterTheTrailerIsRefused) {
  const std::string stream = SampleStream();
  for (const std::string& after : {std::string(1, '\0'), kTrailer, Row({"a"}), Header()}) {
    ExpectFault(stream + after, "goes on after its trailer", stream.size());
  }
}

TEST(CopyParserTest, NothingAfterTheTrailerIsFine) {
  const Parsed parsed = Parse({SampleStream(), "", ""});
  EXPECT_TRUE(parsed.status().ok()) << parsed.status();
}

TEST(CopyParserTest, TupleAboveTheLimitIsRefusedAndOneAtTheLimitIsNot) {
  const CopyParserOptions options{.max_tuple_bytes = 30};
  const Parsed at_limit = Parse({Header() + Row({"0123456789", "01234567", std::nullopt}) + kTrailer}, options);
  EXPECT_TRUE(at_limit.status().ok()) << at_limit.status();
  ExpectFault(Header() + Row({"0123456789", "012345678", std::nullopt}) + kTrailer,
              "tuple 1 is larger than 30 bytes: its field 3 has length -1", 19 + 2 + 14 + 13, options);
  ExpectFault(Header() + Row({"0123456789", "0123456789abc"}) + kTrailer,
              "tuple 1 is larger than 30 bytes: its field 2 has length 13", 19 + 2 + 14, options);
}

TEST(CopyParserTest, OversizedLengthWordIsRefusedBeforeItsBytesArrive) {
  const std::string head = Header() + Int16(2);
  ExpectFault(head + Int32(INT32_MAX), "tuple 1 is larger than", head.size());
  ExpectFault(head + Int32(int64_t{1} << 30) + "abc", "", head.size() + 7);
}

TEST(CopyParserTest, LengthWordNotBackedByBytesAllocatesNothing) {
  const auto ignore = [](const Tuple&) { return absl::OkStatus(); };
  const std::string stream = Header() + Int16(32767) + Int32(1'000'000'000) + "abc";
  CopyParser whole;
  ASSERT_TRUE(whole.Feed(stream, ignore).ok());
  EXPECT_LT(whole.buffer_capacity_bytes(), 200U);
  CopyParser bytewise;
  for (const char byte : stream) {
    ASSERT_TRUE(bytewise.Feed({&byte, 1}, ignore).ok());
  }
  EXPECT_LT(bytewise.buffer_capacity_bytes(), 200U);
  ExpectDataLoss(bytewise.Finish(), "ends inside tuple 1", stream.size());
}

TEST(CopyParserTest, ErrorOfTheCallbackEndsTheParsing) {
  CopyParser parser;
  int calls = 0;
  const auto fail_second = [&](const Tuple&) {
    return ++calls == 2 ? absl::CancelledError("enough") : absl::OkStatus();
  };
  EXPECT_EQ(parser.Feed(SampleStream(), fail_second), absl::CancelledError("enough"));
  EXPECT_EQ(parser.Feed("more", fail_second), absl::CancelledError("enough"));
  EXPECT_EQ(parser.Finish(), absl::CancelledError("enough"));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(parser.tuple_count(), 1);
}

TEST(CopyParserTest, FirstFaultIsFinal) {
  CopyParser parser;
  const auto ignore = [](const Tuple&) { return absl::OkStatus(); };
  const absl::Status first = parser.Feed(std::string(19, '?'), ignore);
  ExpectDataLoss(first, "wrong signature", 0);
  EXPECT_EQ(parser.Feed(SampleStream(), ignore), first);
  EXPECT_EQ(parser.Finish(), first);
  EXPECT_EQ(parser.tuple_count(), 0);
}

TEST(CopyParserTest, ImpossibleOptionsAreRefused) {
  for (const CopyParserOptions& options :
       {CopyParserOptions{.field_count = -1}, CopyParserOptions{.field_count = 32768},
        CopyParserOptions{.max_tuple_bytes = 0}}) {
    EXPECT_EQ(Parse({SampleStream()}, options).fed.code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace pgmoult::checksum
