#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "tests/support/raw_client.hpp"
#include "tests/unit/drains/tls_end.hpp"

namespace sluice::drains {

/// A TLS port before a broker of one that has none: passes on what both sides say. Where a response tells the broker's
/// address, it tells its own, so that clients come here for everything. A thread of its own serves all connections.
class KafkaTlsFront {
 public:
  explicit KafkaTlsFront(std::uint16_t broker) : broker_(broker), thread_([this] { serve(); }) {}
  ~KafkaTlsFront() {
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
    }
    thread_.join();
  }
  std::uint16_t port() const { return listener_.port(); }

 private:
  struct Connection {
    RawClient client;
    RawClient broker;
    TlsEnd end;
    std::string from_broker;  // the begin of a response
  };

  static bool is_ready(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }
  static bool receive(const RawClient& peer, std::string& bytes) {
    char piece[16 << 10];
    const auto got = ::recv(peer.fd(), piece, sizeof piece, 0);
    if (got > 0) bytes.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }
  static std::string big_endian(std::uint32_t number) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
    return out;
  }

  bool pass_request(Connection& it) {
    std::string bytes;
    std::string request;
    if (!receive(it.client, bytes)) return false;
    const std::string answer = it.end.take(bytes, request);
    return (answer.empty() || it.client.send(answer)) && (request.empty() || it.broker.send(request));
  }
  /// Whole responses only: an address could be cut in two.
  bool pass_responses(Connection& it) {
    constexpr std::size_t kSize = 4;
    if (!receive(it.broker, it.from_broker)) return false;
    for (;;) {
      std::size_t size = kSize;
      for (std::size_t i = 0; i < std::min(kSize, it.from_broker.size()); ++i)
        size += static_cast<std::size_t>(static_cast<unsigned char>(it.from_broker[i])) << (24 - 8 * i);
      if (it.from_broker.size() < size) return true;
      std::string response = it.from_broker.substr(0, size);
      it.from_broker.erase(0, size);
      const std::string address = "127.0.0.1";
      const auto at = response.find(address + big_endian(broker_));
      if (at != std::string::npos) response.replace(at + address.size(), kSize, big_endian(port()));
      if (!it.client.send(it.end.write(response))) return false;
    }
  }
  bool pass(Connection& it) {
    if (it.broker.fd() < 0) return false;
    if (is_ready(it.client.fd()) && !pass_request(it)) return false;
    return !is_ready(it.broker.fd()) || pass_responses(it);
  }

  void serve() {
    for (;;) {
      if (is_ready(listener_.fd())) connections_.push_back({listener_.accept(), RawClient(broker_), {}, {}});
      std::erase_if(connections_, [this](Connection& it) { return !pass(it); });
      {
        const std::scoped_lock lock(mutex_);
        if (ended_) return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  const std::uint16_t broker_;
  RawListener listener_;
  std::list<Connection> connections_;
  std::mutex mutex_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace sluice::drains
