#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// A redis-server of a test: in a directory of its own, on a free port of 127.0.0.1, nothing written to disk unless the
/// arguments say so. Gone with the object.
class RedisServer {
 public:
  /// With a file of settings it is a sentinel.
  explicit RedisServer(std::vector<std::string> arguments = {}, std::string sentinel_file = {});
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer();

  std::uint16_t port() const { return port_; }
  const std::string& directory() const { return directory_; }
  /// "redis://127.0.0.1:PORT" and a database.
  std::string url(int database = 0) const;

  /// kill -9, and again on the same port, with what the directory holds.
  void kill();
  void start();
  /// A process that does not run, with all its connections open: a link that hangs.
  void pause();
  void resume();

  /// Sends one command and gives back the answer as it came, without its last line end. Empty when there is none.
  std::string command(const std::vector<std::string>& parts, int database = 0) const;

 private:
  bool launch();
  bool answers() const;

  std::vector<std::string> words() const;

  std::vector<std::string> arguments_;
  std::string sentinel_file_;
  std::string directory_;
  std::uint16_t port_;
  pid_t process_ = 0;
};

}  // namespace sluice
