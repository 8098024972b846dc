#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"

namespace sluice {

/// A file that is written in pieces. It appears at its path with commit(); without commit() it is removed. Errors name
/// the path.
class NewFile {
 public:
  virtual ~NewFile() = default;
  virtual result<void, Error> write(std::span<const std::byte> bytes) = 0;
  /// Syncs and renames into place. Call once, at the end.
  virtual result<void, Error> commit() = 0;
};

/// A file of any size, read at any offset. Errors name the path.
class OpenedFile {
 public:
  virtual ~OpenedFile() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills `out`. Fails too when the file ends first.
  virtual result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) = 0;
};

/// A file that is read and written at any offset. One thread at a time. Errors name the path.
class StoredFile : public OpenedFile {
 public:
  /// The file grows as needed. The bytes survive a crash of the process, and a power cut once sync() has returned.
  /// After an error some of them may be written.
  virtual result<void, Error> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// After an error, bytes written before may be lost even if a later sync() succeeds: write them to another file.
  virtual result<void, Error> sync() = 0;
};

/// The file system, passed in so that tests can simulate full disks and crashes. Blocking: not for shards.
class Files {
 public:
  virtual ~Files() = default;
  /// Errors name the path. Files over 16 MiB are refused.
  virtual result<std::string, Error> read(const std::string& path) = 0;
  /// Writes beside the path, syncs, and renames into place: a reader sees the old bytes or the new, never a part.
  virtual result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned mode) = 0;
  /// Like replace(), but written in pieces, for large files.
  virtual result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string& path, unsigned mode) = 0;
  virtual result<std::unique_ptr<OpenedFile>, Error> open(const std::string& path) = 0;
  /// Creates the file, with this mode, if it is missing: then its name is on disk when this returns.
  virtual result<std::unique_ptr<StoredFile>, Error> open_stored(const std::string& path, unsigned mode) = 0;
  /// The names in a directory, in no order, without "." and "..".
  virtual result<std::vector<std::string>, Error> list(const std::string& directory) = 0;
  /// The rename is on disk when this returns.
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
  result<std::unique_ptr<StoredFile>, Error> open_stored(const std::string& path, unsigned mode) override;
  result<std::vector<std::string>, Error> list(const std::string& directory) override;
  result<void, Error> rename(const std::string& from, const std::string& to) override;
  result<void, Error> remove(const std::string& path) override;
  result<void, Error> make_directory(const std::string& path) override;
  bool exists(const std::string& path) override;
};

/// Holds DIR/lock for the life of the object. Fails when another process holds it; the error names the directory.
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
