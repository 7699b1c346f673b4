#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgmoult::checksum {

// One row of a binary COPY stream. A view: it and everything it returns are valid only during the callback it is passed
// to.
class Tuple {
 public:
  // `raw` is a sequence of fields, each an int32 length word (-1: NULL, no bytes follow) and that many bytes; `starts`
  // holds the position in `raw` of each length word.
  Tuple(std::string_view raw, std::span<const size_t> starts) : raw_(raw), starts_(starts) {}

  size_t field_count() const { return starts_.size(); }

  // The bytes of a field as its type's send function wrote them; nullopt for NULL. `field` < field_count().
  std::optional<std::string_view> Field(size_t field) const;

  // All fields with their length words. Two tuples have the same raw bytes exactly when they have the same number of
  // fields and the same field values, so a hash over it tells NULL from empty and 'ab','c' from 'a','bc'.
  std::string_view raw() const { return raw_; }

  // The part of raw() from `field` on; empty for field_count(). `field` <= field_count().
  std::string_view RawFrom(size_t field) const { return raw_.substr(FieldStart(field)); }

 private:
  size_t FieldStart(size_t field) const { return field < starts_.size() ? starts_[field] : raw_.size(); }

  std::string_view raw_;
  std::span<const size_t> starts_;
};

struct CopyParserOptions {
  // A tuple with another number of fields is an error. Without a value any number is taken, and it may differ from
  // tuple to tuple, which the format allows.
  std::optional<int> field_count = std::nullopt;
  // Limit for the raw bytes of one tuple. The server builds a row in one buffer of at most 1 GiB, so the default never
  // refuses what a server can send and stops a stream that is out of step.
  size_t max_tuple_bytes = (size_t{1} << 30) + (size_t{64} << 10);

  absl::Status Validate() const;
};

// Incremental parser of the stream that `COPY … TO STDOUT (FORMAT binary)` sends: signature, flags, header extension,
// tuples, trailer.
//
// The stream may be split anywhere. Tuples that lie whole in the bytes fed are parsed where they are; only one that
// continues in the next call is copied. Memory follows the bytes received, never a length word that announces more.
//
// Every fault of the stream is a DataLoss status with its byte offset from the start of the stream; it does not depend
// on how the stream was split. The first error, the callback's included, is final: every later call returns it.
//
// Not thread safe. The callback must not call the parser.
class CopyParser {
 public:
  using OnTuple = absl::FunctionRef<absl::Status(const Tuple&)>;

  // Options that do not pass Validate() make the first call fail with its status.
  explicit CopyParser(CopyParserOptions options = {});

  // Takes the next bytes and calls on_tuple for each tuple that they complete. A status that on_tuple returns ends the
  // parsing and is returned.
  absl::Status Feed(std::string_view bytes, OnTuple on_tuple);

  // To be called after the last Feed(): OK if the stream was whole, that is, ended with its trailer.
  absl::Status Finish() const;

  // Tuples handed to the callback so far.
  int64_t tuple_count() const { return tuple_count_; }
  // Memory held for the tuple under way.
  size_t buffer_capacity_bytes() const { return pending_.capacity() + starts_.capacity() * sizeof(size_t); }

 private:
  enum class Phase : uint8_t {
    kHeader,     // signature, flags and extension length are awaited
    kExtension,  // extension_left_ bytes are to be skipped
    kTuple,      // a tuple or the trailer is awaited
    kEnd,        // the trailer was seen
  };

  absl::Status Consume(std::string_view bytes, OnTuple on_tuple);
  // Parses one unit (header, piece of the extension, tuple or trailer) at the front of `bytes`, which start where the
  // unit does. Returns the unit's size, or 0 if needed_ bytes are not there yet.
  absl::StatusOr<size_t> Step(std::string_view bytes, OnTuple on_tuple);
  absl::StatusOr<size_t> StepHeader(std::string_view bytes);
  absl::StatusOr<size_t> StepTuple(std::string_view bytes, OnTuple on_tuple);
  absl::Status ScanFieldCount(int count);
  // Goes on from scanned_ over the fields that are whole; true if the tuple is.
  absl::StatusOr<bool> ScanFields(std::string_view bytes);
  // `position` counts from the start of the unit under way.
  absl::Status Fault(std::string_view what, size_t position) const;

  CopyParserOptions options_;
  absl::Status error_;
  Phase phase_ = Phase::kHeader;
  uint64_t unit_offset_ = 0;     // of the unit under way, from the start of the stream
  uint64_t extension_left_ = 0;  // bytes
  int64_t tuple_count_ = 0;

  // The unit under way. Kept from call to call so that a tuple that trickles in is scanned once.
  std::string pending_;         // its bytes from earlier calls; always fewer than needed_
  size_t needed_ = 0;           // bytes of it without which the scan cannot go on
  size_t scanned_ = 0;          // bytes of it that are understood
  size_t field_count_ = 0;      // announced by the tuple under way
  std::vector<size_t> starts_;  // see Tuple
};

}  // namespace pgmoult::checksum
