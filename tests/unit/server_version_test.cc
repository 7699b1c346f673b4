#include "pg/server_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pgmoult::pg {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(ServerVersionTest, FourteenToEighteenPassInEveryMinorVersion) {
  for (const int version : {140000, 140023, 150020, 160000, 170010, 180000, 189999}) {
    EXPECT_TRUE(CheckServerVersion(version).ok()) << version;
  }
}

TEST(ServerVersionTest, OlderAndNewerOnesAreNamedWithTheRange) {
  const struct {
    int version;
    const char* named;
  } others[] = {
      {0, "of an unknown version"},   {90624, "PostgreSQL 9.6.24"}, {100023, "PostgreSQL 10.23"},
      {139999, "PostgreSQL 13.9999"}, {130022, "PostgreSQL 13.22"}, {190000, "PostgreSQL 19.0"},
      {200003, "PostgreSQL 20.3"},
  };
  for (const auto& [version, named] : others) {
    const absl::Status status = CheckServerVersion(version);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << version;
    EXPECT_THAT(std::string(status.message()), HasSubstr(named));
    EXPECT_THAT(std::string(status.message()), EndsWith("works with 14 to 18"));
  }
}

}  // namespace
}  // namespace pgmoult::pg
