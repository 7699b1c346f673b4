#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"
#include "pg/connection.h"
#include "pg/status.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::pg {
namespace {

using tests::Session;
using tests::TestDatabase;

class CopyTest : public ::testing::Test {
 protected:
  Connection& connection() { return session_.connection(); }

  void ExpectUsable() {
    EXPECT_TRUE(connection().usable());
    EXPECT_FALSE(connection().in_transaction());
    EXPECT_EQ(session_.Scalar<int32_t>("SELECT 42"), 42);
  }

  TestDatabase database_;
  Session session_{database_};
};

// Gives `pieces` pieces of 1000 rows, then `end`.
class RowSource {
 public:
  explicit RowSource(int pieces, absl::Status end = absl::OkStatus(), std::string row = "some text of a row\n")
      : left_(pieces), end_(std::move(end)), row_(std::move(row)) {}

  absl::StatusOr<std::string> operator()() const {
    if (left_-- > 0) {
      std::string piece;
      for (int i = 0; i < 1000; ++i) {
        piece += row_;
      }
      return piece;
    }
    return end_.ok() ? absl::StatusOr<std::string>("") : end_;
  }

 private:
  mutable int left_;  // FunctionRef calls constant objects
  absl::Status end_;
  std::string row_;
};

TEST_F(CopyTest, CopyOutFeedsTheSinkWithAllBytes) {
  std::string received;
  const auto sink = [&received](std::string_view piece) {
    received += piece;
    return absl::OkStatus();
  };
  const auto rows = session_.Run(connection().CopyOut(
      "COPY (SELECT repeat('x', 100) FROM generate_series(1, 50000)) TO STDOUT (FORMAT binary)", sink));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, 50000);
  EXPECT_TRUE(received.starts_with("PGCOPY\n"));
  // Header, then field count, length and text of each row, then the trailer.
  EXPECT_EQ(received.size(), 19U + 50000U * (2 + 4 + 100) + 2);
  ExpectUsable();
}

TEST_F(CopyTest, ASinkErrorEndsCopyOutAndTheSessionStaysUsable) {
  int calls = 0;
  const auto sink = [&calls](std::string_view) {
    return ++calls == 3 ? absl::DataLossError("enough") : absl::OkStatus();
  };
  const auto rows = session_.Run(
      connection().CopyOut("COPY (SELECT repeat('x', 100) FROM generate_series(1, 20000)) TO STDOUT", sink));
  EXPECT_EQ(rows.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(calls, 3) << "the sink must not be called after its error";
  ExpectUsable();
}

TEST_F(CopyTest, ServerErrorsOfCopyOutLeaveTheSessionUsable) {
  const auto sink = [](std::string_view) { return absl::OkStatus(); };
  EXPECT_EQ(SqlState(session_.Run(connection().CopyOut("COPY no_such_table TO STDOUT", sink)).status()), "42P01");
  ExpectUsable();
  const auto midway = session_.Run(
      connection().CopyOut("COPY (SELECT 1 / (i - 30000) FROM generate_series(1, 40000) i) TO STDOUT", sink));
  EXPECT_EQ(SqlState(midway.status()), "22012") << midway.status();
  ExpectUsable();
  const auto no_copy = session_.Run(connection().CopyOut("SELECT 1", sink));
  EXPECT_EQ(no_copy.status().code(), absl::StatusCode::kInternal) << no_copy.status();
  ExpectUsable();
}

TEST_F(CopyTest, CopyInTakesMegabytes) {
  session_.Exec("CREATE TABLE t (a text)");
  RowSource source(400);
  const auto rows = session_.Run(connection().CopyIn("COPY t FROM STDIN", source));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, 400'000);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE a = 'some text of a row'"), 400'000);
  RowSource nothing(0);
  EXPECT_EQ(session_.Run(connection().CopyIn("COPY t FROM STDIN", nothing)).value(), 0);
  ExpectUsable();
}

TEST_F(CopyTest, ASourceErrorLeavesNoRowBehind) {
  session_.Exec("CREATE TABLE t (a text)");
  RowSource source(50, absl::DataLossError("source broke"));
  const auto rows = session_.Run(connection().CopyIn("COPY t FROM STDIN", source));
  EXPECT_EQ(rows.status().code(), absl::StatusCode::kDataLoss) << rows.status();
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 0);
  ExpectUsable();
}

TEST_F(CopyTest, ServerErrorsOfCopyInLeaveTheSessionUsable) {
  session_.Exec("CREATE TABLE t (a int)");
  RowSource words(500);
  const auto midway = session_.Run(connection().CopyIn("COPY t FROM STDIN", words));
  EXPECT_EQ(SqlState(midway.status()), "22P02") << midway.status();
  ExpectUsable();
  RowSource numbers(1, absl::OkStatus(), "1\n");
  EXPECT_EQ(SqlState(session_.Run(connection().CopyIn("COPY nowhere FROM STDIN", numbers)).status()), "42P01");
  ExpectUsable();
  const auto no_copy = session_.Run(connection().CopyIn("SELECT 1", numbers));
  EXPECT_EQ(no_copy.status().code(), absl::StatusCode::kInternal) << no_copy.status();
  ExpectUsable();
  EXPECT_EQ(session_.Run(connection().CopyIn("COPY t FROM STDIN", numbers)).value(), 1000);
}

}  // namespace
}  // namespace pgmoult::pg
