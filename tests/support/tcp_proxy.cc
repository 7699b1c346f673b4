#include "tests/support/tcp_proxy.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <list>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "boost/asio/as_tuple.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/buffer.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"

namespace pgmoult::tests {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kPieceBytes = 16 * 1024;
// ReadyForQuery without its last byte, the transaction state.
constexpr std::string_view kReadyForQuery("Z\0\0\0\5", 5);

enum class Mode {
  kPass,
  kBlackHole,
  kRefuse,
  kCutAfterBytes,
  kCutBefore,
  kDropReplies,
  kCall,
};

struct Link {
  explicit Link(tcp::socket accepted) : client(std::move(accepted)), server(client.get_executor()) {}

  tcp::socket client;
  tcp::socket server;
  bool half_open = false;     // bytes were swallowed: no more come through, for ever
  bool drop_replies = false;  // until the answer ends, then the link is cut
  std::string request_tail;   // last bytes from the client, for texts that lie across pieces
  std::string reply_tail;
};

// What the fault makes of a piece from the client.
enum class Verdict {
  kForward,
  kSwallow,
  kCut,
  kForwardThenCut,
  kForwardThenCall,
};

void Cut(Link& link) {
  boost::system::error_code ignored;
  // Without lingering, close() sends RST. The server gets an orderly end, so that it reads what was forwarded.
  link.client.set_option(asio::socket_base::linger(true, 0), ignored);
  link.client.close(ignored);
  link.server.close(ignored);
}

}  // namespace

// All members but the atomics belong to the proxy's thread.
struct TcpProxy::Impl {
  explicit Impl(int target)
      : acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        target_port(static_cast<uint16_t>(target)),
        port(acceptor.local_endpoint().port()) {}

  asio::awaitable<void> Accept();
  asio::awaitable<void> Serve(std::shared_ptr<Link> link);
  asio::awaitable<void> PumpRequests(std::shared_ptr<Link> link);
  asio::awaitable<void> PumpReplies(std::shared_ptr<Link> link);
  asio::awaitable<void> HoldBack() const;
  Verdict Judge(Link& link, size_t& length, std::string_view piece);
  // True with the piece that completes the text for the n-th time.
  bool Completes(Link& link, std::string_view piece);
  void Fire();
  void Forget(const std::shared_ptr<Link>& link);
  void Set(Mode new_mode);

  // Runs the function on the proxy's thread and waits for its end.
  template <typename Function>
  void Do(Function function) {
    std::promise<void> done;
    asio::post(context, [&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }

  asio::io_context context{1};
  tcp::acceptor acceptor;
  uint16_t target_port;
  uint16_t port;
  std::list<std::shared_ptr<Link>> links;
  Mode mode = Mode::kPass;
  std::chrono::milliseconds delay{0};
  int64_t bytes_left = 0;
  std::string text;
  int nth = 1;
  std::function<void(int)> call;
  std::atomic<bool> fired = false;
  std::atomic<int> open = 0;
  std::atomic<int> accepted = 0;
  std::thread thread;
};

void TcpProxy::Impl::Set(Mode new_mode) {
  mode = new_mode;
  delay = std::chrono::milliseconds(0);
  fired = false;
}

void TcpProxy::Impl::Fire() {
  mode = Mode::kPass;
  fired = true;
}

void TcpProxy::Impl::Forget(const std::shared_ptr<Link>& link) {
  if (std::erase(links, link) > 0) {
    --open;
  }
}

asio::awaitable<void> TcpProxy::Impl::Accept() {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(kUseTuple);
    if (error) {
      co_return;
    }
    ++accepted;
    auto link = std::make_shared<Link>(std::move(socket));
    if (mode == Mode::kRefuse) {
      Cut(*link);
      continue;
    }
    link->half_open = mode == Mode::kBlackHole;
    links.push_back(link);
    ++open;
    // The io_context outlives all of these: its destructor ends them.
    asio::co_spawn(context, Serve(std::move(link)), asio::detached);
  }
}

asio::awaitable<void> TcpProxy::Impl::Serve(std::shared_ptr<Link> link) {
  const tcp::endpoint target(asio::ip::address_v4::loopback(), target_port);
  const auto [error] = co_await link->server.async_connect(target, kUseTuple);
  if (error) {
    Cut(*link);
    Forget(link);
    co_return;
  }
  boost::system::error_code ignored;
  link->client.set_option(tcp::no_delay(true), ignored);
  link->server.set_option(tcp::no_delay(true), ignored);
  asio::co_spawn(context, PumpReplies(link), asio::detached);
  co_await PumpRequests(link);
}

asio::awaitable<void> TcpProxy::Impl::HoldBack() const {
  if (delay.count() > 0) {
    asio::steady_timer timer(co_await asio::this_coro::executor, delay);
    co_await timer.async_wait(kUseTuple);
  }
}

bool TcpProxy::Impl::Completes(Link& link, std::string_view piece) {
  if (text.empty()) {
    return --nth == 0;
  }
  // Occurrences that end in this piece, also those that began in the one before.
  const std::string joined = link.request_tail + std::string(piece);
  bool completes = false;
  for (size_t at = joined.find(text); at != std::string::npos; at = joined.find(text, at + text.size())) {
    completes = --nth == 0 || completes;
  }
  link.request_tail = joined.substr(joined.size() - std::min(joined.size(), text.size() - 1));
  return completes;
}

Verdict TcpProxy::Impl::Judge(Link& link, size_t& length, std::string_view piece) {
  if (link.half_open) {
    return Verdict::kSwallow;
  }
  switch (mode) {
    case Mode::kCutAfterBytes:
      if (static_cast<int64_t>(length) < bytes_left) {
        bytes_left -= static_cast<int64_t>(length);
        return Verdict::kForward;
      }
      length = static_cast<size_t>(bytes_left);
      Fire();
      return Verdict::kForwardThenCut;
    case Mode::kCutBefore:
      if (Completes(link, piece)) {
        Fire();
        return Verdict::kCut;
      }
      return Verdict::kForward;
    case Mode::kDropReplies:
      if (Completes(link, piece)) {
        link.drop_replies = true;
        link.reply_tail.clear();
        Fire();
      }
      return Verdict::kForward;
    case Mode::kCall:
      if (--nth == 0) {
        Fire();
        return Verdict::kForwardThenCall;
      }
      return Verdict::kForward;
    case Mode::kPass:
    case Mode::kBlackHole:
    case Mode::kRefuse:
      break;
  }
  return Verdict::kForward;
}

asio::awaitable<void> TcpProxy::Impl::PumpRequests(std::shared_ptr<Link> link) {
  std::array<char, kPieceBytes> buffer;
  for (;;) {
    auto [read_error, length] = co_await link->client.async_read_some(asio::buffer(buffer), kUseTuple);
    if (read_error) {
      break;
    }
    co_await HoldBack();
    const Verdict verdict = Judge(*link, length, std::string_view(buffer.data(), length));
    if (verdict == Verdict::kSwallow) {
      continue;
    }
    if (verdict == Verdict::kCut) {
      break;
    }
    const auto [write_error, written] =
        co_await asio::async_write(link->server, asio::buffer(buffer.data(), length), kUseTuple);
    if (write_error || verdict == Verdict::kForwardThenCut) {
      break;
    }
    if (verdict == Verdict::kForwardThenCall) {
      call(link->server.local_endpoint().port());
    }
  }
  // The server does not learn that the client of a half-open connection has gone.
  if (!link->half_open) {
    Cut(*link);
    Forget(link);
  }
}

asio::awaitable<void> TcpProxy::Impl::PumpReplies(std::shared_ptr<Link> link) {
  std::array<char, kPieceBytes> buffer;
  for (;;) {
    const auto [read_error, length] = co_await link->server.async_read_some(asio::buffer(buffer), kUseTuple);
    if (read_error) {
      break;
    }
    co_await HoldBack();
    if (link->half_open) {
      continue;
    }
    if (link->drop_replies) {
      constexpr size_t kLastMessageBytes = kReadyForQuery.size() + 1;
      link->reply_tail.append(buffer.data(), length);
      link->reply_tail.erase(0, link->reply_tail.size() - std::min(link->reply_tail.size(), kLastMessageBytes));
      if (link->reply_tail.size() == kLastMessageBytes && link->reply_tail.starts_with(kReadyForQuery)) {
        break;
      }
      continue;
    }
    const auto [write_error, written] =
        co_await asio::async_write(link->client, asio::buffer(buffer.data(), length), kUseTuple);
    if (write_error) {
      break;
    }
  }
  if (link->half_open) {
    co_return;
  }
  if (!link->drop_replies) {
    // An orderly end, so that the client reads the server's last words.
    boost::system::error_code ignored;
    link->client.shutdown(tcp::socket::shutdown_both, ignored);
  }
  Cut(*link);
  Forget(link);
}

TcpProxy::TcpProxy(int target_port) : impl_(std::make_unique<Impl>(target_port)) {
  asio::co_spawn(impl_->context, impl_->Accept(), asio::detached);
  impl_->thread = std::thread([impl = impl_.get()] { impl->context.run(); });
}

TcpProxy::~TcpProxy() {
  impl_->Do([this] {
    for (const auto& link : impl_->links) {
      Cut(*link);
    }
    impl_->links.clear();
    impl_->context.stop();
  });
  impl_->thread.join();
}

int TcpProxy::port() const { return impl_->port; }

void TcpProxy::Pass() {
  impl_->Do([this] { impl_->Set(Mode::kPass); });
}

void TcpProxy::BlackHole() {
  impl_->Do([this] {
    impl_->Set(Mode::kBlackHole);
    for (const auto& link : impl_->links) {
      link->half_open = true;
    }
  });
}

void TcpProxy::CutAll() {
  impl_->Do([this] {
    for (const auto& link : impl_->links) {
      Cut(*link);
    }
    impl_->links.clear();
    impl_->open = 0;
  });
}

void TcpProxy::Refuse() {
  impl_->Do([this] { impl_->Set(Mode::kRefuse); });
}

void TcpProxy::Delay(std::chrono::milliseconds delay) {
  impl_->Do([this, delay] {
    impl_->Set(Mode::kPass);
    impl_->delay = delay;
  });
}

void TcpProxy::CutAfterClientBytes(int64_t bytes) {
  impl_->Do([this, bytes] {
    impl_->Set(Mode::kCutAfterBytes);
    impl_->bytes_left = bytes;
  });
}

void TcpProxy::CutBefore(std::string text, int nth) {
  impl_->Do([&] {
    impl_->Set(Mode::kCutBefore);
    impl_->text = std::move(text);
    impl_->nth = nth;
  });
}

void TcpProxy::DropRepliesAfter(std::string text, int nth) {
  impl_->Do([&] {
    impl_->Set(Mode::kDropReplies);
    impl_->text = std::move(text);
    impl_->nth = nth;
  });
}

void TcpProxy::CallAfter(std::function<void(int client_port)> function, int nth) {
  impl_->Do([&] {
    impl_->Set(Mode::kCall);
    impl_->call = std::move(function);
    impl_->nth = nth;
  });
}

bool TcpProxy::fired() const { return impl_->fired; }
int TcpProxy::open() const { return impl_->open; }
int TcpProxy::accepted() const { return impl_->accepted; }

}  // namespace pgmoult::tests
