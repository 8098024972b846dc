#include "logplex/base/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "logplex/base/file_parts.hpp"

namespace sluice {

std::string trouble_with_secret(const struct stat& file) {
  if (!S_ISREG(file.st_mode)) return "is not a regular file";
  if (file.st_uid != 0 && file.st_uid != ::geteuid())
    return fmt::format("belongs to user {}, who is neither root nor the user of this process", file.st_uid);
  if ((file.st_mode & (S_IWGRP | S_IRWXO)) != 0)
    return fmt::format("can be changed or read by other users (mode {:04o}): run chmod 600 on it",
                       file.st_mode & 07777);
  return {};
}

result<Secret, Error> read_secret_file(const std::string& path) {
  constexpr std::size_t kLargest = std::size_t{64} << 10;
  const auto wrong = [&](const std::string& why) {
    return Error{make_error_code(boost::system::errc::permission_denied), path + " " + why};
  };
  const file_parts::OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  if (file.fd < 0 || ::fstat(file.fd, &found) != 0) return file_parts::failed("cannot open", path);
  if (const auto trouble = trouble_with_secret(found); !trouble.empty()) return wrong(trouble);
  SLUICE_TRY(std::string text, file_parts::read_all(file, path));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return wrong("is empty");
  if (text.size() > kLargest) return wrong("is too long for a secret");
  return Secret(std::move(text));
}

}  // namespace sluice
