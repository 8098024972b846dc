#include "logplex/base/directory_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "logplex/base/file_parts.hpp"

namespace sluice {
namespace {

using namespace file_parts;

constexpr mode_t kOwnDirectory = 0700;

Error refused(std::string sentence) {
  return {make_error_code(boost::system::errc::permission_denied), std::move(sentence)};
}

bool is_ours(const struct stat& found) { return found.st_uid == 0 || found.st_uid == ::geteuid(); }

std::string of_other_user(const struct stat& found) {
  return fmt::format("belongs to user {}, who is neither root nor the user of this process", found.st_uid);
}

result<void, Error> check_directory(int fd, const std::string& path) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return failed("cannot open data directory", path);
  if (!is_ours(found)) return refused("data directory " + path + " " + of_other_user(found));
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refused(fmt::format("data directory {} can be written by other users (mode {:04o}): chmod go-w {}", path,
                               found.st_mode & 07777, path));
  return {};
}

/// Opens a regular file that belongs to this user or root. Refuses links.
result<OpenFile, Error> open_own(int directory, const std::string& name, const std::string& path) {
  OpenFile file(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat found {};
  if (file.fd < 0 && errno == ELOOP) return refused(path + " is a link: remove it");
  if (file.fd < 0 || ::fstat(file.fd, &found) != 0) return failed("cannot open", path);
  if (!S_ISREG(found.st_mode)) return refused(path + " is no file");
  if (!is_ours(found)) return refused(path + " " + of_other_user(found));
  return file;
}

std::filesystem::path without_last_slash(const std::string& path) {
  const auto normal = std::filesystem::path(path).lexically_normal();
  return normal.filename().empty() ? normal.parent_path() : normal;
}

}  // namespace

result<void, Error> DirectoryFiles::check(const std::string& path) {
  const OpenFile directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd >= 0) return check_directory(directory.fd, path);
  if (errno != ENOENT) return failed("cannot open data directory", path);
  // The directory is missing, so it would be created in the nearest existing directory above it.
  std::filesystem::path above = without_last_slash(path);
  struct stat found {};
  do above = above.parent_path();
  while (!above.empty() && ::stat(above.c_str(), &found) != 0 && errno == ENOENT);
  const std::string parent = above.empty() ? "." : above.string();
  // Create a directory to find out: for root, access(2) says yes even where no file can be created.
  std::string tried = parent + "/.sluice-XXXXXX";
  if (::mkdtemp(tried.data()) == nullptr) return failed("cannot create data directory", path);
  ::rmdir(tried.c_str());
  return {};
}

result<std::unique_ptr<DirectoryFiles>, Error> DirectoryFiles::open_and_lock(const std::string& path) {
  const auto parent = without_last_slash(path).parent_path();
  std::error_code ignored;
  if (!parent.empty()) std::filesystem::create_directories(parent, ignored);
  if (::mkdir(path.c_str(), kOwnDirectory) != 0 && errno != EEXIST) return failed("cannot create data directory", path);
  OpenFile directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd < 0) return failed("cannot open data directory", path);
  SLUICE_TRY_VOID(check_directory(directory.fd, path));
  std::unique_ptr<DirectoryFiles> files(new DirectoryFiles(path, std::exchange(directory.fd, -1)));
  SLUICE_TRY_VOID(files->lock());
  SLUICE_TRY_VOID(files->check_entries());
  return files;
}

DirectoryFiles::~DirectoryFiles() {
  if (lock_ >= 0) ::close(lock_);
  ::close(fd_);
}

result<void, Error> DirectoryFiles::lock() {
  const std::string path = path_ + "/lock";
  lock_ = ::openat(fd_, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_ < 0 && errno == ELOOP) return refused(path + " is a link: remove it");
  if (lock_ < 0) return failed("cannot open", path);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return failed("cannot lock", path);
  auto error = failed("cannot lock", path);
  error.message = "data directory " + path_ + " is in use by another sluiced";
  return error;
}

/// SQLite opens its files by path, so no entry of the directory may lead elsewhere.
result<void, Error> DirectoryFiles::check_entries() {
  SLUICE_TRY(const auto names, list_names(fd_, path_));
  for (const std::string& name : names) {
    struct stat found {};
    if (::fstatat(fd_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const std::string path = path_ + "/" + name;
    if (S_ISLNK(found.st_mode)) return refused(path + " is a link: remove it");
    if (!is_ours(found)) return refused(path + " " + of_other_user(found));
    if (S_ISREG(found.st_mode) && is_new_file(name)) ::unlinkat(fd_, name.c_str(), 0);
  }
  return {};
}

result<std::string, Error> DirectoryFiles::name_of(const std::string& path) const {
  const std::string start = path_ + "/";
  std::string name = path.starts_with(start) ? path.substr(start.size()) : std::string();
  if (name.empty() || name.find('/') != std::string::npos || name == "..")
    return Error{make_error_code(boost::system::errc::invalid_argument), path + " is not in " + path_};
  return name;
}

result<std::string, Error> DirectoryFiles::read(const std::string& path) {
  SLUICE_TRY(const std::string name, name_of(path));
  SLUICE_TRY(const OpenFile file, open_own(fd_, name, path));
  return read_all(file, path);
}

result<void, Error> DirectoryFiles::replace(const std::string& path, std::string_view bytes, unsigned mode) {
  SLUICE_TRY(const auto file, begin_replace(path, mode));
  SLUICE_TRY_VOID(file->write(std::as_bytes(std::span(bytes))));
  return file->commit();
}

result<std::unique_ptr<NewFile>, Error> DirectoryFiles::begin_replace(const std::string& path, unsigned mode) {
  SLUICE_TRY(std::string name, name_of(path));
  return begin_new_file({fd_, std::move(name), path}, mode);
}

result<std::unique_ptr<OpenedFile>, Error> DirectoryFiles::open(const std::string& path) {
  SLUICE_TRY(const std::string name, name_of(path));
  SLUICE_TRY(OpenFile file, open_own(fd_, name, path));
  return opened(std::move(file), path);
}

result<std::unique_ptr<StoredFile>, Error> DirectoryFiles::open_stored(const std::string& path, unsigned mode) {
  SLUICE_TRY(std::string name, name_of(path));
  if (exists(path)) SLUICE_TRY_VOID(open_own(fd_, name, path));
  return file_parts::open_stored({fd_, std::move(name), path}, mode);
}

result<std::vector<std::string>, Error> DirectoryFiles::list(const std::string& directory) {
  if (directory == path_) return list_names(fd_, path_);
  return refused(directory + " is not " + path_);
}

result<void, Error> DirectoryFiles::rename(const std::string& from, const std::string& to) {
  SLUICE_TRY(const std::string old_name, name_of(from));
  SLUICE_TRY(const std::string new_name, name_of(to));
  if (::renameat(fd_, old_name.c_str(), fd_, new_name.c_str()) != 0) return failed("cannot rename", from);
  if (::fsync(fd_) != 0) return failed("cannot sync the directory of", to);
  return {};
}

result<void, Error> DirectoryFiles::remove(const std::string& path) {
  SLUICE_TRY(const std::string name, name_of(path));
  if (::unlinkat(fd_, name.c_str(), 0) != 0) return failed("cannot remove", path);
  if (::fsync(fd_) != 0) return failed("cannot sync the directory of", path);
  return {};
}

result<void, Error> DirectoryFiles::make_directory(const std::string& path) {
  return refused(path + ": there are no directories in " + path_);
}

bool DirectoryFiles::exists(const std::string& path) {
  const auto name = name_of(path);
  return name && ::faccessat(fd_, name->c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace sluice
