#pragma once

// Shared by files.cpp, directory_files.cpp and secret_file.cpp only.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/base/files.hpp"

namespace sluice::file_parts {

/// Makes the error "cannot open PATH: why" from errno.
Error failed(std::string_view doing, const std::string& path);

/// A file descriptor that closes on destruction.
struct OpenFile {
  int fd;
  explicit OpenFile(int opened) : fd(opened) {}
  OpenFile(OpenFile&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();
};

/// Where a file is: a name in an open directory (or AT_FDCWD and a path), and its path for error messages.
struct FilePlace {
  int directory;
  std::string name;
  std::string path;
};

/// Reads to the end of the file; fails above 16 MiB.
result<std::string, Error> read_all(const OpenFile& file, const std::string& path);
/// Creates a file in the same directory under a random name. Fails when that name exists.
result<std::unique_ptr<NewFile>, Error> begin_new_file(const FilePlace& place, unsigned mode);
result<std::unique_ptr<OpenedFile>, Error> opened(OpenFile file, const std::string& path);
/// Opens the place for reading and writing; creates the file, and syncs its directory, if it is missing. Does not
/// follow a link.
result<std::unique_ptr<StoredFile>, Error> open_stored(const FilePlace& place, unsigned mode);
/// The names in a directory, given open or by path.
result<std::vector<std::string>, Error> list_names(int directory, const std::string& path);
/// Syncs the directory of the place: only then is a rename on disk.
bool sync_directory(const FilePlace& place);
/// Whether the name has the form NAME.xxxxxxxxxxxx.new.
bool is_new_file(std::string_view name);

}  // namespace sluice::file_parts
