#include "checksum/copy_parser.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "pg/macros.h"

namespace pgmoult::checksum {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr size_t kCountBytes = 2;
constexpr size_t kLengthBytes = 4;
constexpr size_t kHeaderBytes = kSignature.size() + 2 * kLengthBytes;
// Flags a reader must understand or give up; bit 16 (OIDs) has not been sent since PostgreSQL 12.
constexpr uint32_t kCriticalFlags = 0xFFFF'0000;
// A buffer that one wide row has made larger than this is given back after it.
constexpr size_t kKeptBufferBytes = size_t{1} << 20;

uint32_t ByteAt(std::string_view bytes, size_t position) { return static_cast<unsigned char>(bytes[position]); }

int16_t ReadInt16(std::string_view bytes, size_t position) {
  return static_cast<int16_t>(ByteAt(bytes, position) << 8 | ByteAt(bytes, position + 1));
}

uint32_t ReadUint32(std::string_view bytes, size_t position) {
  return ByteAt(bytes, position) << 24 | ByteAt(bytes, position + 1) << 16 | ByteAt(bytes, position + 2) << 8 |
         ByteAt(bytes, position + 3);
}

int32_t ReadInt32(std::string_view bytes, size_t position) { return static_cast<int32_t>(ReadUint32(bytes, position)); }

}  // namespace

std::optional<std::string_view> Tuple::Field(size_t field) const {
  const size_t start = FieldStart(field);
  if (ReadInt32(raw_, start) < 0) {
    return std::nullopt;
  }
  const size_t body = start + kLengthBytes;
  return raw_.substr(body, FieldStart(field + 1) - body);
}

absl::Status CopyParserOptions::Validate() const {
  if (field_count && (*field_count < 0 || *field_count > std::numeric_limits<int16_t>::max())) {
    return absl::InvalidArgumentError(fmt::format("field_count is {}; a tuple has 0 to 32767 fields", *field_count));
  }
  if (max_tuple_bytes == 0) {
    return absl::InvalidArgumentError("max_tuple_bytes is 0; no tuple with a field would fit");
  }
  return absl::OkStatus();
}

CopyParser::CopyParser(CopyParserOptions options) : options_(options), error_(options.Validate()) {}

absl::Status CopyParser::Feed(std::string_view bytes, OnTuple on_tuple) {
  if (error_.ok()) {
    error_ = Consume(bytes, on_tuple);
  }
  return error_;
}

absl::Status CopyParser::Finish() const {
  if (!error_.ok() || phase_ == Phase::kEnd) {
    return error_;
  }
  if (phase_ != Phase::kTuple) {
    return Fault("the COPY stream ends inside its header", pending_.size());
  }
  if (!pending_.empty()) {
    return Fault(fmt::format("the COPY stream ends inside tuple {}", tuple_count_ + 1), pending_.size());
  }
  return Fault(fmt::format("the COPY stream ends without a trailer after {} tuples", tuple_count_), 0);
}

absl::Status CopyParser::Consume(std::string_view bytes, OnTuple on_tuple) {
  while (!bytes.empty()) {
    std::string_view unit = bytes;
    const bool buffered = !pending_.empty();
    if (buffered) {
      // No more is copied than the scan needs, so that what follows the unit is parsed in place again.
      const std::string_view piece = bytes.substr(0, needed_ - pending_.size());
      pending_.append(piece);
      bytes.remove_prefix(piece.size());
      unit = pending_;
      if (unit.size() < needed_) {
        return absl::OkStatus();
      }
    }
    ASSIGN_OR_RETURN(const size_t unit_bytes, Step(unit, on_tuple));
    if (unit_bytes == 0) {
      if (!buffered) {
        pending_.assign(bytes);
        return absl::OkStatus();
      }
      continue;
    }
    unit_offset_ += unit_bytes;
    scanned_ = 0;
    if (!buffered) {
      bytes.remove_prefix(unit_bytes);
    } else if (pending_.capacity() > kKeptBufferBytes) {
      std::string().swap(pending_);
    } else {
      pending_.clear();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> CopyParser::Step(std::string_view bytes, OnTuple on_tuple) {
  switch (phase_) {
    case Phase::kHeader:
      return StepHeader(bytes);
    case Phase::kExtension: {
      const size_t skipped = static_cast<size_t>(std::min<uint64_t>(extension_left_, bytes.size()));
      extension_left_ -= skipped;
      if (extension_left_ == 0) {
        phase_ = Phase::kTuple;
      }
      return skipped;
    }
    case Phase::kTuple:
      return StepTuple(bytes, on_tuple);
    case Phase::kEnd:
      break;
  }
  return Fault("the COPY stream goes on after its trailer", 0);
}

absl::StatusOr<size_t> CopyParser::StepHeader(std::string_view bytes) {
  needed_ = kHeaderBytes;
  if (bytes.size() < needed_) {
    return 0;
  }
  if (!bytes.starts_with(kSignature)) {
    return Fault("not a binary COPY stream: wrong signature", 0);
  }
  const uint32_t flags = ReadUint32(bytes, kSignature.size());
  if ((flags & kCriticalFlags) != 0) {
    return Fault(fmt::format("the COPY header has unknown critical flags {:#010x}", flags), kSignature.size());
  }
  const size_t extension_position = kSignature.size() + kLengthBytes;
  const int32_t extension_bytes = ReadInt32(bytes, extension_position);
  if (extension_bytes < 0) {
    return Fault(fmt::format("the COPY header has an extension of {} bytes", extension_bytes), extension_position);
  }
  extension_left_ = static_cast<uint64_t>(extension_bytes);
  phase_ = extension_bytes == 0 ? Phase::kTuple : Phase::kExtension;
  return kHeaderBytes;
}

absl::StatusOr<size_t> CopyParser::StepTuple(std::string_view bytes, OnTuple on_tuple) {
  if (scanned_ == 0) {
    needed_ = kCountBytes;
    if (bytes.size() < needed_) {
      return 0;
    }
    const int count = ReadInt16(bytes, 0);
    if (count == -1) {
      phase_ = Phase::kEnd;
      return kCountBytes;
    }
    RETURN_IF_ERROR(ScanFieldCount(count));
  }
  ASSIGN_OR_RETURN(const bool whole, ScanFields(bytes));
  if (!whole) {
    return 0;
  }
  RETURN_IF_ERROR(on_tuple(Tuple(bytes.substr(kCountBytes, scanned_ - kCountBytes), starts_)));
  ++tuple_count_;
  return scanned_;
}

absl::Status CopyParser::ScanFieldCount(int count) {
  if (count < 0) {
    return Fault(fmt::format("tuple {} has {} fields", tuple_count_ + 1, count), 0);
  }
  if (options_.field_count && count != *options_.field_count) {
    return Fault(
        fmt::format("tuple {} has {} fields where {} were expected", tuple_count_ + 1, count, *options_.field_count),
        0);
  }
  field_count_ = static_cast<size_t>(count);
  starts_.clear();
  scanned_ = kCountBytes;
  return absl::OkStatus();
}

absl::StatusOr<bool> CopyParser::ScanFields(std::string_view bytes) {
  while (starts_.size() < field_count_) {
    needed_ = scanned_ + kLengthBytes;
    if (bytes.size() < needed_) {
      return false;
    }
    const int32_t length = ReadInt32(bytes, scanned_);
    if (length < -1) {
      return Fault(fmt::format("field {} of tuple {} has length {}", starts_.size() + 1, tuple_count_ + 1, length),
                   scanned_);
    }
    needed_ += static_cast<size_t>(std::max(length, 0));
    if (needed_ - kCountBytes > options_.max_tuple_bytes) {
      return Fault(fmt::format("tuple {} is larger than {} bytes: its field {} has length {}", tuple_count_ + 1,
                               options_.max_tuple_bytes, starts_.size() + 1, length),
                   scanned_);
    }
    if (bytes.size() < needed_) {
      return false;
    }
    starts_.push_back(scanned_ - kCountBytes);
    scanned_ = needed_;
  }
  return true;
}

absl::Status CopyParser::Fault(std::string_view what, size_t position) const {
  return absl::DataLossError(fmt::format("{} (at byte {})", what, unit_offset_ + position));
}

}  // namespace pgmoult::checksum
