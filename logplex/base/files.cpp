#include "logplex/base/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "logplex/base/file_parts.hpp"

namespace sluice {
namespace {

using namespace file_parts;

FilePlace place_of(const std::string& path) { return {AT_FDCWD, path, path}; }

}  // namespace

result<std::string, Error> SystemFiles::read(const std::string& path) {
  return read_all(OpenFile(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), path);
}

result<void, Error> SystemFiles::replace(const std::string& path, std::string_view bytes, unsigned mode) {
  SLUICE_TRY(const auto file, begin_replace(path, mode));
  SLUICE_TRY_VOID(file->write(std::as_bytes(std::span(bytes))));
  return file->commit();
}

result<std::unique_ptr<NewFile>, Error> SystemFiles::begin_replace(const std::string& path, unsigned mode) {
  return begin_new_file(place_of(path), mode);
}

result<std::unique_ptr<OpenedFile>, Error> SystemFiles::open(const std::string& path) {
  return opened(OpenFile(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), path);
}

result<std::unique_ptr<StoredFile>, Error> SystemFiles::open_stored(const std::string& path, unsigned mode) {
  return file_parts::open_stored(place_of(path), mode);
}

result<std::vector<std::string>, Error> SystemFiles::list(const std::string& directory) {
  return list_names(AT_FDCWD, directory);
}

result<void, Error> SystemFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("cannot rename", from);
  if (!sync_directory(place_of(to))) return failed("cannot sync the directory of", to);
  return {};
}

result<void, Error> SystemFiles::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed("cannot remove", path);
  if (!sync_directory(place_of(path))) return failed("cannot sync the directory of", path);
  return {};
}

result<void, Error> SystemFiles::make_directory(const std::string& path) {
  std::error_code std_code;
  std::filesystem::create_directories(path, std_code);
  if (std_code) {
    errno = std_code.value();
    return failed("cannot create directory", path);
  }
  return {};
}

bool SystemFiles::exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

result<DirectoryLock, Error> DirectoryLock::acquire(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed("cannot open", path);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return DirectoryLock(fd);
  const bool taken = errno == EWOULDBLOCK;
  auto error = failed("cannot lock", path);
  if (taken) error.message = "data directory " + directory + " is in use by another sluiced";
  ::close(fd);
  return error;
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice
