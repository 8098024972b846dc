#pragma once

#include <cstdint>
#include <string>

#include "logplex/base/files.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/base/slot.hpp"

namespace sluice {

/// Identifies a log: a random id, made once per data directory, and an epoch that is raised at every start, so that no
/// sequence number is ever given out twice.
struct LogIdentity {
  std::uint64_t log_id = 0;
  std::uint32_t epoch = 0;  // below 2^24

  /// The first sequence number of this run.
  Seq first_seq() const { return Seq{epoch} << kEpochShift; }

  /// Reads or creates DIRECTORY/log-id, raises the epoch, and returns once it is on disk. Blocking: start-up only.
  /// Errors name the file: unreadable, not writable, or damaged.
  static result<LogIdentity, Error> begin(const std::string& directory, Files& files, Rng& rng);
};

}  // namespace sluice
