#pragma once

#include "logplex/base/files.hpp"

namespace sluice {

/// The files of one directory. The directory is opened once: renaming it, or a directory above it, later has no effect.
/// Every path must be the directory's path followed by a slash and a file name. Links are not followed. Reading refuses
/// files that belong neither to this process's user nor to root.
///
/// Blocking. Created on the main thread; any thread may call the file operations.
class DirectoryFiles final : public Files {
 public:
  /// Creates the directory (mode 0700) when it is missing, and holds DIR/lock for the life of the object. Fails when
  /// the directory belongs to another user, when others may write to it, when it holds a link or another user's file,
  /// or when another process uses it; the error says what to do. Removes new files that a crash left half written.
  static result<std::unique_ptr<DirectoryFiles>, Error> open_and_lock(const std::string& path);
  DirectoryFiles(const DirectoryFiles&) = delete;
  DirectoryFiles& operator=(const DirectoryFiles&) = delete;
  ~DirectoryFiles() override;

  /// Checks whether open_and_lock() could open or create the directory; leaves nothing behind. Does not check the lock
  /// or the files in it.
  static result<void, Error> check(const std::string& path);

  result<std::string, Error> read(const std::string& path) override;
  result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned mode) override;
  result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string& path, unsigned mode) override;
  result<std::unique_ptr<OpenedFile>, Error> open(const std::string& path) override;
  result<std::unique_ptr<StoredFile>, Error> open_stored(const std::string& path, unsigned mode) override;
  /// Only for the directory itself.
  result<std::vector<std::string>, Error> list(const std::string& directory) override;
  result<void, Error> rename(const std::string& from, const std::string& to) override;
  result<void, Error> remove(const std::string& path) override;
  /// Always fails: nothing in this directory needs a subdirectory.
  result<void, Error> make_directory(const std::string& path) override;
  bool exists(const std::string& path) override;

 private:
  DirectoryFiles(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  result<void, Error> lock();
  result<void, Error> check_entries();
  result<std::string, Error> name_of(const std::string& path) const;

  const std::string path_;
  const int fd_;
  int lock_ = -1;
};

}  // namespace sluice
