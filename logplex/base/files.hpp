#pragma once

#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice {

/// The file system, passed in so that tests decide about full disks and crashes. Blocking: not for shards.
class Files {
 public:
  virtual ~Files() = default;
  /// Errors name the path. Files over 16 MiB are refused.
  virtual result<std::string, Error> read(const std::string& path) = 0;
  /// Writes beside the path, syncs, and renames into place: a reader sees the old bytes or the new, never a part.
  virtual result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned mode) = 0;
  virtual result<void, Error> make_directory(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
};

class SystemFiles final : public Files {
 public:
  result<std::string, Error> read(const std::string& path) override;
  result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned mode) override;
  result<void, Error> make_directory(const std::string& path) override;
  bool exists(const std::string& path) override;
};

/// Holds DIR/lock for the life of the object. Error when another process holds it: names the directory.
class DirectoryLock {
 public:
  static result<DirectoryLock, Error> acquire(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sluice
