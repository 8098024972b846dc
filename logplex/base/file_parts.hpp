#pragma once

// Shared by files.cpp, directory_files.cpp and secret_file.cpp only.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "logplex/base/files.hpp"

namespace sluice::file_parts {

/// "cannot open PATH: why", from errno.
Error failed(std::string_view doing, const std::string& path);

/// Closes on every way out.
struct OpenFile {
  int fd;
  explicit OpenFile(int opened) : fd(opened) {}
  OpenFile(OpenFile&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();
};

/// Where a file is: a name in an open directory (or AT_FDCWD and a path), and its path for sentences.
struct FilePlace {
  int directory;
  std::string name;
  std::string path;
};

/// To the end; at most 16 MiB.
result<std::string, Error> read_all(const OpenFile& file, const std::string& path);
/// A new file beside the place, with a name that nobody can guess, which must not exist.
result<std::unique_ptr<NewFile>, Error> begin_new_file(const FilePlace& place, unsigned mode);
result<std::unique_ptr<OpenedFile>, Error> opened(OpenFile file, const std::string& path);
/// A rename is on disk only once its directory is.
bool sync_directory(const FilePlace& place);
/// NAME.xxxxxxxxxxxx.new
bool is_new_file(std::string_view name);

}  // namespace sluice::file_parts
