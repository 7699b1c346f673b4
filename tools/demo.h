#pragma once

#include <cstdint>

namespace pgmoult::tools {

// Defaults are meant for a laptop: a few minutes, less than 2 GB of disk.
struct DemoOptions {
  int64_t rows = 2'000'000;  // of the table; at least 1,000
  int seconds = 20;          // a quarter of it before the change, and a quarter after it (each at least 3 s)
  int clients = 4;           // sessions of the application
  int jobs = 2;              // copy workers
  bool json = false;         // the report as one JSON object on standard output; all else goes to standard error
};

// Shows a change under load, without a database at hand: starts a private PostgreSQL server, fills a table, lets an
// application write to it that keeps a ledger of what it did, changes the key's type with the engine, and compares the
// table with the ledger. Prints progress and a report. Removes server and folder in the end, also after SIGINT, SIGTERM
// and SIGHUP (the second signal does not wait for anything).
//
// Returns the exit code of the process: 0 only if the change succeeded, the ledger equals the table and the application
// saw no error; 130 after a signal; else 1. Blocks; for the main thread.
int RunDemo(const DemoOptions& options);

}  // namespace pgmoult::tools
