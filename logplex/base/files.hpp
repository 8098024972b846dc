#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice {

/// A file that comes into being piece by piece: nobody sees it before commit(), and without that it is removed. Errors
/// name the path.
class NewFile {
 public:
  virtual ~NewFile() = default;
  virtual result<void, Error> write(std::span<const std::byte> bytes) = 0;
  /// Syncs and renames into place. Once, at the end.
  virtual result<void, Error> commit() = 0;
};

/// A file of any size, read where one likes. Errors name the path.
class OpenedFile {
 public:
  virtual ~OpenedFile() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills `out`. Error too when the file ends before.
  virtual result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) = 0;
};

/// The file system, passed in so that tests decide about full disks and crashes. Blocking: not for shards.
class Files {
 public:
  virtual ~Files() = default;
  /// Errors name the path. Files over 16 MiB are refused.
  virtual result<std::string, Error> read(const std::string& path) = 0;
  /// Writes beside the path, syncs, and renames into place: a reader sees the old bytes or the new, never a part.
  virtual result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned mode) = 0;
  /// The same in pieces, for what is large.
  virtual result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string& path, unsigned mode) = 0;
  virtual result<std::unique_ptr<OpenedFile>, Error> open(const std::string& path) = 0;
  /// On disk when it returns.
  virtual result<void, Error> rename(const std::string& from, const std::string& to) = 0;
  virtual result<void, Error> remove(const std::string& path) = 0;
  virtual result<void, Error> make_directory(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
};

class SystemFiles final : public Files {
 public:
  result<std::string, Error> read(const std::string& path) override;
  result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned mode) override;
  result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string& path, unsigned mode) override;
  result<std::unique_ptr<OpenedFile>, Error> open(const std::string& path) override;
  result<void, Error> rename(const std::string& from, const std::string& to) override;
  result<void, Error> remove(const std::string& path) override;
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
