#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::cli {

/// An HTTP server on a free loopback port that answers connection after connection with the bytes a test wrote down,
/// and keeps what it was asked. A connection past the script is closed at once.
class ScriptedServer {
 public:
  /// What one connection gets: the pieces are sent one by one, then it is closed.
  using Pieces = std::vector<std::string>;
  /// As the last piece: the connection stays open until the client closes it.
  static inline const std::string kStayOpen = "(stay open)";

  explicit ScriptedServer(std::deque<Pieces> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static std::string answer(const std::string& status, const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
           body;
  }
  static std::string stream_head() {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  }
  static std::string chunk(const std::string& body) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    return size + body + "\r\n";
  }
  static std::string last_chunk() { return "0\r\n\r\n"; }

 private:
  void serve() {
    while (true) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const std::string request = read_request(fd);
      Pieces pieces;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        if (!script_.empty()) {
          pieces = script_.front();
          script_.pop_front();
        }
      }
      for (const auto& piece : pieces) send_piece(fd, piece);
      ::close(fd);
    }
  }

  static void send_piece(int fd, const std::string& piece) {
    char ignored[64];
    if (piece != kStayOpen) {
      ::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL);
    } else {
      while (::recv(fd, ignored, sizeof ignored, 0) > 0) continue;
    }
  }

  static std::string read_request(int fd) {
    std::string request;
    std::size_t wanted = std::string::npos;
    char buffer[65536];
    while (request.size() < wanted) {
      const ssize_t size = ::recv(fd, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      request.append(buffer, static_cast<std::size_t>(size));
      const std::size_t end = request.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const std::size_t length = request.find("Content-Length: ");
      wanted = end + 4 + (length < end ? std::stoul(request.substr(length + 16)) : 0);
    }
    return request;
  }

  int listener_ = -1;
  unsigned port_ = 0;
  std::deque<Pieces> script_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace sluice::cli
