#include "tests/stress/client.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "fmt/format.h"

namespace pgmoult::tests {
namespace {

struct Clear {
  void operator()(pg_result* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<pg_result, Clear>;

std::string Field(const pg_result* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? "" : text;
}

void Read(const pg_result* result, Answer& answer) {
  answer.affected = std::strtoll(PQcmdTuples(const_cast<pg_result*>(result)), nullptr, 10);
  answer.rows.clear();
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& values = answer.rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      values.push_back(PQgetisnull(result, row, column) != 0
                           ? std::nullopt
                           : std::optional<std::string>(PQgetvalue(result, row, column)));
    }
  }
}

}  // namespace

std::string Answer::Value() const {
  if (!ok) {
    throw std::runtime_error(message);
  }
  return rows.at(0).at(0).value_or("");
}

bool Answer::OfTheFence() const { return message.find("changed its shape") != std::string::npos; }

bool Answer::OfOurs() const {
  // The message holds the detail and the context, too.
  const bool doomed = message.find("as a pivot, during conflict in checking") != std::string::npos;
  return message.find("pgmoult") != std::string::npos && !OfTheFence() && !doomed;
}

Client::Client(const TestDatabase& database, const std::string& name)
    : connection_(
          PQconnectdb(fmt::format("{} application_name='{}' options='-c jit=off'", database.Dsn(), name).c_str())) {
  if (PQstatus(connection_) != CONNECTION_OK) {
    const std::string why = PQerrorMessage(connection_);
    PQfinish(connection_);
    throw std::runtime_error("cannot connect: " + why);
  }
  PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
}

Client::~Client() { PQfinish(connection_); }

Answer Client::Collect() {
  Answer answer;
  answer.ok = true;
  for (ResultHandle result(PQgetResult(connection_)); result != nullptr; result.reset(PQgetResult(connection_))) {
    switch (PQresultStatus(result.get())) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        if (answer.ok) {
          Read(result.get(), answer);
        }
        break;
      case PGRES_COPY_IN:
        return answer;  // the data is still to be sent
      default:
        answer.ok = false;
        answer.message = PQresultErrorMessage(result.get());
        answer.sqlstate = Field(result.get(), PG_DIAG_SQLSTATE);
        answer.detail = Field(result.get(), PG_DIAG_MESSAGE_DETAIL);
        answer.schema = Field(result.get(), PG_DIAG_SCHEMA_NAME);
        answer.constraint = Field(result.get(), PG_DIAG_CONSTRAINT_NAME);
    }
  }
  return answer;
}

Answer Client::Lost() const {
  Answer answer;
  answer.sqlstate = "08006";
  answer.message = PQerrorMessage(connection_);
  return answer;
}

Answer Client::Run(const std::string& sql) {
  if (PQsendQuery(connection_, sql.c_str()) == 0) {
    return Lost();
  }
  return Collect();
}

Answer Client::CopyIn(const std::string& sql, const std::string& data) {
  Answer begun = Run(sql);
  if (!begun.ok) {
    return begun;
  }
  const bool sent = PQputCopyData(connection_, data.data(), static_cast<int>(data.size())) == 1 &&
                    PQputCopyEnd(connection_, nullptr) == 1;
  if (!sent) {
    return Lost();
  }
  return Collect();
}

Answer Client::Must(const std::string& sql) {
  Answer answer = Run(sql);
  if (!answer.ok) {
    throw std::runtime_error(fmt::format("{}: {}", sql, answer.message));
  }
  return answer;
}

int Client::backend_pid() const { return PQbackendPID(connection_); }

int Client::server_version() const { return PQserverVersion(connection_); }

bool Client::in_transaction() const { return PQtransactionStatus(connection_) != PQTRANS_IDLE; }

}  // namespace pgmoult::tests
