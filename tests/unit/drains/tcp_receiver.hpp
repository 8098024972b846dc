#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "logplex/wire/frame_splitter.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/drains/tls_end.hpp"

namespace sluice::drains {

/// The text of a line as any kind of receiver gets it: what stands behind its header, without the last newline.
inline std::string text_of_line(std::string_view line) {
  const auto text = line.rfind(" - ");
  if (text != std::string_view::npos) line.remove_prefix(text + 3);
  if (line.ends_with('\n')) line.remove_suffix(1);
  return std::string(line);
}

/// The texts of octet-counted frames, which are taken from `bytes`; an incomplete one stays there.
inline std::vector<std::string> take_framed_texts(std::string& bytes) {
  std::vector<std::string> texts;
  FrameSplitter splitter(bytes.size());
  splitter.feed(bytes);
  std::size_t taken = 0;
  for (; splitter.next() == FrameSplitter::Step::kFrame; taken = splitter.consumed())
    texts.push_back(text_of_line(splitter.frame()));
  bytes.erase(0, taken);
  return texts;
}

/// A TCP receiver on a port of its own, as transport_conformance.hpp describes it, with a thread that serves all
/// connections. Protocol::take(std::string& bytes, std::vector<std::string>& texts) takes what is complete and returns
/// what is answered. `End`: PlainEnd or TlsEnd.
template <class Protocol, class End = PlainEnd>
class TcpReceiver {
 public:
  template <class World>
  explicit TcpReceiver(World&) : port_(free_port()), thread_([this] { serve(); }) {}
  ~TcpReceiver() {
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
    }
    thread_.join();
  }

  std::string url() const { return url_to(port_); }
  static void make_trust(Drain& drain) { End::make_trust(drain); }
  static std::string url_to(std::uint16_t port) { return Protocol::kScheme + std::to_string(port); }

  void open(std::chrono::milliseconds pause = {}) {
    const std::scoped_lock lock(mutex_);
    pause_ = pause;
    takes_ = true;
    listen();
  }
  void hold() {
    const std::scoped_lock lock(mutex_);
    takes_ = false;
    listen();
  }
  void cut() {
    const std::scoped_lock lock(mutex_);
    listener_.reset();
    const linger now{1, 0};
    for (const Connection& connection : connections_)
      ::setsockopt(connection.client.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    connections_.clear();
  }
  std::vector<std::string> texts(std::size_t wanted) {
    eventually([&] {
      const std::scoped_lock lock(mutex_);
      return texts_.size() >= wanted;
    });
    const std::scoped_lock lock(mutex_);
    return texts_;
  }

 private:
  static constexpr std::size_t kPiece = 4 << 10;

  struct Connection {
    RawClient client;
    End end;
    std::string bytes;
  };

  void listen() {
    if (!listener_) listener_.emplace(port_);
  }

  static bool is_ready(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }

  /// False at the end of the connection.
  bool take_piece(Connection& connection) {
    char piece[kPiece];
    const auto got = ::recv(connection.client.fd(), piece, sizeof piece, 0);
    if (got <= 0) return false;
    std::string answer = connection.end.take({piece, static_cast<std::size_t>(got)}, connection.bytes);
    if (takes_) answer += connection.end.write(Protocol::take(connection.bytes, texts_));
    return answer.empty() || connection.client.send(answer);
  }

  /// What is ready now; false when nothing was.
  bool serve_once() {
    const std::scoped_lock lock(mutex_);
    bool served = false;
    if (listener_ && is_ready(listener_->fd())) connections_.push_back({listener_->accept(), {}, {}});
    for (auto it = connections_.begin(); it != connections_.end();) {
      const bool ready = (takes_ || !it->end.open()) && is_ready(it->client.fd());
      served |= ready;
      it = ready && !take_piece(*it) ? connections_.erase(it) : std::next(it);
    }
    return served;
  }

  void serve() {
    for (;;) {
      const bool served = serve_once();
      std::chrono::milliseconds pause{1};
      {
        const std::scoped_lock lock(mutex_);
        if (ended_) return;
        if (served) pause = pause_;
      }
      std::this_thread::sleep_for(pause);
    }
  }

  const std::uint16_t port_;
  std::mutex mutex_;
  std::optional<RawListener> listener_;
  std::list<Connection> connections_;
  std::vector<std::string> texts_;
  std::chrono::milliseconds pause_{};
  bool takes_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace sluice::drains
