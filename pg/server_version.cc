#include "pg/server_version.h"

#include <string>

#include "fmt/format.h"

namespace pgmoult::pg {
namespace {

constexpr int kTwoPartNumbers = 100000;  // from 10 on a version is major.minor; before, it had three parts

std::string VersionText(int version) {
  if (version <= 0) {
    return "of an unknown version";
  }
  if (version < kTwoPartNumbers) {
    return fmt::format("PostgreSQL {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
  }
  return fmt::format("PostgreSQL {}.{}", version / 10000, version % 10000);
}

}  // namespace

absl::Status CheckServerVersion(int version) {
  const int major = version / 10000;
  if (major >= kOldestServer && major <= kNewestServer) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(fmt::format("the server is {}; this version of pgmoult works with {} to {}",
                                                   VersionText(version), kOldestServer, kNewestServer));
}

}  // namespace pgmoult::pg
