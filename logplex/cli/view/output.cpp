#include "logplex/cli/view/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "logplex/cli/view/cli_error.hpp"

namespace sluice::cli {
namespace {

/// Needed because somebody else may have made our output descriptor non-blocking.
void wait_until_writable(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  ::poll(&waiting, 1, -1);
}

}  // namespace

result<void, Error> DescriptorOutput::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      wait_until_writable(fd_);
    } else if (errno == EPIPE || errno == EIO) {
      return cli_error(CliError::kOutputClosed, "the output is closed");
    } else if (errno != EINTR) {
      return failure(std::string("cannot write the output: ") + std::strerror(errno));
    }
  }
  return {};
}

}  // namespace sluice::cli
