#include "copier/marker.h"

#include "absl/strings/cord.h"

namespace pgmoult::copier {
namespace {

constexpr char kUrl[] = "pgmoult/everything-changed";

}  // namespace

absl::Status EverythingChanged() {
  absl::Status status = absl::AbortedError("the source was truncated; the copy starts again");
  status.SetPayload(kUrl, absl::Cord("1"));
  return status;
}

bool IsEverythingChanged(const absl::Status& status) { return status.GetPayload(kUrl).has_value(); }

}  // namespace pgmoult::copier
