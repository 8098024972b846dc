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
/// Small pieces are written together.
constexpr std::size_t kWriteTogether = std::size_t{256} << 10;

Error failed(std::string_view doing, const std::string& path) {
  const error_code code(errno, boost::system::system_category());
  return {code, std::string(doing) + " " + path + ": " + code.message()};
}

/// Closes on every way out.
struct OpenFile {
  int fd;
  explicit OpenFile(int opened) : fd(opened) {}
  OpenFile(OpenFile&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
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

/// Written under another name beside its path.
class SystemNewFile final : public NewFile {
 public:
  SystemNewFile(std::string path, std::string beside, OpenFile file)
      : path_(std::move(path)), beside_(std::move(beside)), file_(std::move(file)) {}
  ~SystemNewFile() override {
    if (!committed_) ::unlink(beside_.c_str());
  }

  result<void, Error> write(std::span<const std::byte> bytes) override {
    gathered_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return gathered_.size() < kWriteTogether ? result<void, Error>() : write_gathered();
  }

  result<void, Error> commit() override {
    SLUICE_TRY_VOID(write_gathered());
    if (::fsync(file_.fd) != 0) return failed("cannot write", beside_);
    if (::rename(beside_.c_str(), path_.c_str()) != 0) return failed("cannot rename to", path_);
    committed_ = true;
    if (!sync_directory(path_)) return failed("cannot sync the directory of", path_);
    return {};
  }

 private:
  result<void, Error> write_gathered() {
    if (!write_all(file_.fd, gathered_)) return failed("cannot write", beside_);
    gathered_.clear();
    return {};
  }

  const std::string path_;
  const std::string beside_;
  const OpenFile file_;
  std::string gathered_;
  bool committed_ = false;
};

class SystemOpenedFile final : public OpenedFile {
 public:
  SystemOpenedFile(std::string path, OpenFile file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      const ssize_t n = ::pread(file_.fd, out.data(), out.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n == 0) errno = ENODATA;
      if (n <= 0) return failed("cannot read", path_);
      offset += static_cast<std::uint64_t>(n);
      out = out.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }

 private:
  const std::string path_;
  const OpenFile file_;
  const std::uint64_t size_;
};

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
  SLUICE_TRY(const auto file, begin_replace(path, mode));
  SLUICE_TRY_VOID(file->write(std::as_bytes(std::span(bytes))));
  return file->commit();
}

result<std::unique_ptr<NewFile>, Error> SystemFiles::begin_replace(const std::string& path, unsigned mode) {
  const std::string beside = path + ".new";
  OpenFile file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (file.fd < 0 || ::fchmod(file.fd, mode) != 0) return failed("cannot create", beside);
  return std::make_unique<SystemNewFile>(path, beside, std::move(file));
}

result<std::unique_ptr<OpenedFile>, Error> SystemFiles::open(const std::string& path) {
  OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (file.fd < 0 || ::fstat(file.fd, &found) != 0) return failed("cannot open", path);
  return std::make_unique<SystemOpenedFile>(path, std::move(file), static_cast<std::uint64_t>(found.st_size));
}

result<void, Error> SystemFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("cannot rename", from);
  if (!sync_directory(to)) return failed("cannot sync the directory of", to);
  return {};
}

result<void, Error> SystemFiles::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed("cannot remove", path);
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
