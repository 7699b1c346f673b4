#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace pgmoult::tests {

// A TCP proxy on a thread of its own, from a port of 127.0.0.1 to another one, which can do to a connection what
// networks do. It knows nothing of the protocol but the last bytes of an answer. Bytes go through piece by piece, as
// they are read from the sockets.
//
// Faults that wait for something (CutBefore() and so on) happen once, whichever connection meets the condition; after
// that the proxy passes everything again, so that a client that comes back finds a sound network. Setting one fault
// ends the one before. Calls return when the new behaviour is in force. They may come from any thread.
class TcpProxy {
 public:
  // Throws boost::system::system_error where it cannot listen.
  explicit TcpProxy(int target_port);
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;
  // Closes every connection.
  ~TcpProxy();

  int port() const;

  // Everything goes through, at once. Connections that were half-open stay so: they have lost bytes.
  void Pass();
  // Every connection, old and new, becomes half-open: it takes bytes, and nothing ever comes back.
  void BlackHole();
  // Closes all connections there are, hard (RST) towards the client. New ones are served.
  void CutAll();
  // New connections are closed at once, hard, until Pass().
  void Refuse();
  // Each piece is held back so long, in both directions.
  void Delay(std::chrono::milliseconds delay);

  // Forwards so many more bytes from the client, then cuts.
  void CutAfterClientBytes(int64_t bytes);
  // Cuts in place of forwarding the piece from the client with which `text` is complete, for the n-th time (from 1). An
  // empty text is complete in every piece, which makes it the n-th request.
  void CutBefore(std::string text, int nth = 1);
  // The same, but the piece is forwarded. What the server answers is swallowed, and the connection is cut as soon as
  // the server has ended its answer (ReadyForQuery): the request was carried out and the client will never know.
  void DropRepliesAfter(std::string text, int nth = 1);

  // Calls the function once the n-th request (from 1) has been forwarded, with the port of our end of its connection to
  // the server (pg_stat_activity.client_port), on the proxy's thread: everything waits meanwhile.
  void CallAfter(std::function<void(int client_port)> function, int nth);

  // True when the fault that was waiting has happened.
  bool fired() const;
  // Connections that are open now, and that were accepted since the start.
  int open() const;
  int accepted() const;

 private:
  struct Impl;

  std::unique_ptr<Impl> impl_;
};

}  // namespace pgmoult::tests
