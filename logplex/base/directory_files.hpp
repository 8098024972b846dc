#pragma once

#include "logplex/base/files.hpp"

namespace sluice {

/// The files of one directory, which is opened once: renaming it, or a directory above it, later changes nothing. Paths
/// begin with its path and name files in it, not below. Links are not followed, and files of other users than us and
/// root are neither read nor replaced.
///
/// Blocking. Made on the main thread; the file operations may be used on any thread.
class DirectoryFiles final : public Files {
 public:
  /// Makes the directory (mode 0700) when it is missing, and takes DIR/lock for the life of the object. Errors, with
  /// what to do: it belongs to somebody else, others may write to it, it holds a link or somebody else's file, or
  /// another process uses it. Removes new files that a crash left half written.
  static result<std::unique_ptr<DirectoryFiles>, Error> open_and_lock(const std::string& path);
  DirectoryFiles(const DirectoryFiles&) = delete;
  DirectoryFiles& operator=(const DirectoryFiles&) = delete;
  ~DirectoryFiles() override;

  /// What would keep open_and_lock() from working; leaves nothing behind.
  static result<void, Error> check(const std::string& path);

  result<std::string, Error> read(const std::string& path) override;
  result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned mode) override;
  result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string& path, unsigned mode) override;
  result<std::unique_ptr<OpenedFile>, Error> open(const std::string& path) override;
  result<void, Error> rename(const std::string& from, const std::string& to) override;
  result<void, Error> remove(const std::string& path) override;
  /// Refused: nothing here needs one.
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
