#include "logplex/base/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace sluice {
namespace {

constexpr std::size_t kLargestRead = std::size_t{16} << 20;

Error failed(std::string_view doing, const std::string& path) {
  const error_code code(errno, boost::system::system_category());
  return {code, std::string(doing) + " " + path + ": " + code.message()};
}

/// Closes on every way out.
struct OpenFile {
  int fd;
  explicit OpenFile(int opened) : fd(opened) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// A rename is on disk only once its directory is.
bool sync_directory(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const OpenFile directory(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.fd >= 0 && ::fsync(directory.fd) == 0;
}

}  // namespace

result<std::string, Error> SystemFiles::read(const std::string& path) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return failed("cannot open", path);
  std::string bytes;
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(file.fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot read", path);
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(n));
    if (bytes.size() > kLargestRead) {
      errno = EFBIG;
      return failed("cannot read", path);
    }
  }
}

result<void, Error> SystemFiles::replace(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string beside = path + ".new";
  {
    const OpenFile file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (file.fd < 0) return failed("cannot create", beside);
    if (::fchmod(file.fd, mode) != 0 || !write_all(file.fd, bytes) || ::fsync(file.fd) != 0) {
      auto error = failed("cannot write", beside);
      ::unlink(beside.c_str());
      return error;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("cannot rename to", path);
  if (!sync_directory(path)) return failed("cannot sync the directory of", path);
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
