#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "logplex/net/listener.hpp"

namespace sluice {
namespace {

/// sd_listen_fds(3): the first descriptor that is handed over.
constexpr int kFirstFd = 3;

Error invalid(std::string sentence) {
  return {make_error_code(boost::system::errc::invalid_argument), std::move(sentence)};
}

result<long, Error> number_of(const char* variable, const char* text) {
  long number = 0;
  const std::string_view digits(text);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size() || number < 0 || number > 1024)
    return invalid(std::string(variable) + "='" + text + "' is not a number of descriptors");
  return number;
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> all;
  for (;;) {
    const auto colon = names.find(':');
    all.emplace_back(names.substr(0, colon));
    if (colon == std::string_view::npos) return all;
    names.remove_prefix(colon + 1);
  }
}

}  // namespace

result<InheritedListeners, Error> InheritedListeners::from_environment() {
  InheritedListeners inherited;
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::string_view(pid) != std::to_string(::getpid())) return inherited;
  SLUICE_TRY(const long fds, number_of("LISTEN_FDS", count));
  const char* names = std::getenv("LISTEN_FDNAMES");
  const auto split = split_names(names == nullptr ? "" : names);
  if (fds > 0 && split.size() != static_cast<std::size_t>(fds))
    return invalid("LISTEN_FDNAMES must name one setting for each descriptor of LISTEN_FDS, separated by colons");
  for (int i = 0; i < fds; ++i) {
    ::fcntl(kFirstFd + i, F_SETFD, FD_CLOEXEC);
    inherited.fds.emplace(split[static_cast<std::size_t>(i)], kFirstFd + i);
  }
  return inherited;
}

}  // namespace sluice
