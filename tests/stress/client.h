#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/database.h"

struct pg_conn;
struct pg_result;

namespace pgmoult::tests {

// What a server said to one script.
struct Answer {
  bool ok = false;
  std::string sqlstate;  // of the error; "" without one
  std::string message;   // of the error, for people
  std::string detail;
  std::string schema;  // of the table whose constraint was violated
  std::string constraint;
  int64_t affected = 0;  // by the last statement
  std::vector<std::vector<std::optional<std::string>>> rows;

  // The only value of the only row, or "" where it is NULL. Throws std::runtime_error after an error.
  std::string Value() const;
  // The fence that a swap leaves turned the writer away.
  bool OfTheFence() const;
  // The error came out of a function of ours, but not the fence's. A SERIALIZABLE transaction that others have doomed
  // learns it at its next write, whichever that is; where it is our log insert, the conflict is still not ours.
  bool OfOurs() const;
};

// A session of the application: plain blocking libpq, so that nothing of ours is between a writer and the server, and a
// writer costs little under sanitizers. One thread at a time.
class Client {
 public:
  explicit Client(const TestDatabase& database, const std::string& name = "application");
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // One or several statements by the simple protocol; the last one's result, or the first error.
  Answer Run(const std::string& sql);
  // `COPY … FROM STDIN` with rows in text form.
  Answer CopyIn(const std::string& sql, const std::string& data);
  // Throws std::runtime_error on an error.
  Answer Must(const std::string& sql);

  int backend_pid() const;
  int server_version() const;
  bool in_transaction() const;

 private:
  Answer Collect();
  Answer Lost() const;

  pg_conn* connection_;
};

}  // namespace pgmoult::tests
