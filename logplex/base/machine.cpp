#include "logplex/base/machine.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

namespace sluice {
namespace {

/// "0::/system.slice/sluiced.service" -> its path; empty without control groups of version 2.
std::string own_group() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return {};
}

/// The limit in the file; no limit when the file says "max" or does not exist.
std::uint64_t limit_in(const std::string& file) {
  std::ifstream in(file);
  std::string text;
  std::getline(in, text);
  std::uint64_t bytes = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return failed == std::errc() && end != text.data() ? bytes : ~std::uint64_t{0};
}

}  // namespace

Bytes memory_of_machine() {
  auto least =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
  // A group's parents limit it too.
  for (std::string group = own_group(); !group.empty(); group = group.substr(0, group.rfind('/')))
    least = std::min(least, limit_in("/sys/fs/cgroup" + group + "/memory.max"));
  return Bytes{std::min(least, limit_in("/sys/fs/cgroup/memory.max"))};
}

}  // namespace sluice
