#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "logplex/cli/client/send_frames.hpp"
#include "logplex/cli/command_run.hpp"

namespace sluice::cli {

/// Posts lines to the ingress with one token or key, in batches, in order. Blocking; one thread. If a batch cannot be
/// delivered, retries for half a minute, so that a restart of the server loses nothing; then returns an error that says
/// how many lines arrived.
class LineSender {
 public:
  /// `path` is `/logs`; with a key, its query names the channel and source.
  LineSender(CommandWorld& world, std::unique_ptr<Api> ingress, std::string path, SendHeader header)
      : world_(world), ingress_(std::move(ingress)), path_(std::move(path)), batch_(std::move(header)) {}

  /// Reads the descriptor to its end. Sends after each read, so that lines of a slow source do not wait for a full
  /// batch.
  result<void, Error> send_all(int input);
  std::uint64_t sent() const { return sent_; }

 private:
  result<void, Error> add(const std::string& line);
  result<void, Error> post();

  CommandWorld& world_;
  std::unique_ptr<Api> ingress_;
  const std::string path_;
  FrameBatch batch_;
  LineCutter cutter_;
  std::uint64_t sent_ = 0;
  std::uint64_t waiting_ = 0;  // lines in batch_
};

}  // namespace sluice::cli
