#include "logplex/base/file_parts.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

namespace sluice::file_parts {
namespace {

constexpr std::size_t kLargestRead = std::size_t{16} << 20;
/// Pieces are gathered and written together once they reach this size.
constexpr std::size_t kWriteTogether = std::size_t{256} << 10;
constexpr std::string_view kNewEnding = ".new";
constexpr std::size_t kChanceDigits = 12;

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string chance_name() {
  std::array<unsigned char, kChanceDigits / 2> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

/// Written under a temporary name in the same directory until commit().
class PlacedNewFile final : public NewFile {
 public:
  PlacedNewFile(FilePlace place, std::string beside, OpenFile file)
      : place_(std::move(place)), beside_(std::move(beside)), file_(std::move(file)) {}
  PlacedNewFile(const PlacedNewFile&) = delete;
  PlacedNewFile& operator=(const PlacedNewFile&) = delete;
  ~PlacedNewFile() override {
    if (!committed_) ::unlinkat(place_.directory, beside_.c_str(), 0);
  }

  result<void, Error> write(std::span<const std::byte> bytes) override {
    gathered_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return gathered_.size() < kWriteTogether ? result<void, Error>() : write_gathered();
  }

  result<void, Error> commit() override {
    SLUICE_TRY_VOID(write_gathered());
    if (::fsync(file_.fd) != 0) return failed("cannot write", place_.path);
    if (::renameat(place_.directory, beside_.c_str(), place_.directory, place_.name.c_str()) != 0)
      return failed("cannot rename to", place_.path);
    committed_ = true;
    if (!sync_directory(place_)) return failed("cannot sync the directory of", place_.path);
    return {};
  }

 private:
  result<void, Error> write_gathered() {
    if (!write_all(file_.fd, gathered_)) return failed("cannot write", place_.path);
    gathered_.clear();
    return {};
  }

  const FilePlace place_;
  const std::string beside_;
  const OpenFile file_;
  std::string gathered_;
  bool committed_ = false;
};

result<void, Error> read_at(int fd, const std::string& path, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t n = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = ENODATA;
    if (n <= 0) return failed("cannot read", path);
    offset += static_cast<std::uint64_t>(n);
    out = out.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

class SystemOpenedFile final : public OpenedFile {
 public:
  SystemOpenedFile(std::string path, OpenFile file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) override {
    return read_at(file_.fd, path_, offset, out);
  }

 private:
  const std::string path_;
  const OpenFile file_;
  const std::uint64_t size_;
};

class SystemStoredFile final : public StoredFile {
 public:
  SystemStoredFile(std::string path, OpenFile file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) override {
    return read_at(file_.fd, path_, offset, out);
  }
  result<void, Error> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(file_.fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed("cannot write", path_);
      offset += static_cast<std::uint64_t>(n);
      size_ = std::max(size_, offset);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  result<void, Error> sync() override {
    if (::fdatasync(file_.fd) != 0) return failed("cannot sync", path_);
    return {};
  }

 private:
  const std::string path_;
  const OpenFile file_;
  std::uint64_t size_;
};

}  // namespace

OpenFile::~OpenFile() {
  if (fd >= 0) ::close(fd);
}

Error failed(std::string_view doing, const std::string& path) {
  const error_code code(errno, boost::system::system_category());
  return {code, std::string(doing) + " " + path + ": " + code.message()};
}

result<std::string, Error> read_all(const OpenFile& file, const std::string& path) {
  if (file.fd < 0) return failed("cannot open", path);
  std::string bytes;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = ::read(file.fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot read", path);
    if (n == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
    if (bytes.size() > kLargestRead) {
      errno = EFBIG;
      return failed("cannot read", path);
    }
  }
}

result<std::unique_ptr<NewFile>, Error> begin_new_file(const FilePlace& place, unsigned mode) {
  std::string beside = place.name + "." + chance_name() + std::string(kNewEnding);
  OpenFile file(::openat(place.directory, beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.fd < 0 || ::fchmod(file.fd, mode) != 0) return failed("cannot create a new", place.path);
  return std::make_unique<PlacedNewFile>(place, std::move(beside), std::move(file));
}

result<std::unique_ptr<OpenedFile>, Error> opened(OpenFile file, const std::string& path) {
  struct stat found {};
  if (file.fd < 0 || ::fstat(file.fd, &found) != 0) return failed("cannot open", path);
  return std::make_unique<SystemOpenedFile>(path, std::move(file), static_cast<std::uint64_t>(found.st_size));
}

result<std::unique_ptr<StoredFile>, Error> open_stored(const FilePlace& place, unsigned mode) {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  OpenFile file(::openat(place.directory, place.name.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
  if (file.fd >= 0) {
    if (::fchmod(file.fd, mode) != 0) return failed("cannot create", place.path);
    if (!sync_directory(place)) return failed("cannot sync the directory of", place.path);
    return std::make_unique<SystemStoredFile>(place.path, std::move(file), 0);
  }
  if (errno != EEXIST) return failed("cannot create", place.path);
  OpenFile known(::openat(place.directory, place.name.c_str(), kFlags));
  struct stat found {};
  if (known.fd < 0 || ::fstat(known.fd, &found) != 0) return failed("cannot open", place.path);
  return std::make_unique<SystemStoredFile>(place.path, std::move(known), static_cast<std::uint64_t>(found.st_size));
}

result<std::vector<std::string>, Error> list_names(int directory, const std::string& path) {
  const int copy = ::openat(directory, directory == AT_FDCWD ? path.c_str() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const entries = copy < 0 ? nullptr : ::fdopendir(copy);
  if (entries == nullptr) {
    const Error error = failed("cannot list", path);
    if (copy >= 0) ::close(copy);
    return error;
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries)) {
    std::string name(&entry->d_name[0]);
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  ::closedir(entries);
  return names;
}

bool sync_directory(const FilePlace& place) {
  if (place.directory != AT_FDCWD) return ::fsync(place.directory) == 0;
  const auto parent = std::filesystem::path(place.path).parent_path();
  const OpenFile directory(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.fd >= 0 && ::fsync(directory.fd) == 0;
}

bool is_new_file(std::string_view name) {
  if (!name.ends_with(kNewEnding)) return false;
  name.remove_suffix(kNewEnding.size());
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const auto digits = name.substr(dot + 1);
  return digits.size() == kChanceDigits && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace sluice::file_parts
