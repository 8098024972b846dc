#pragma once

#include <cstdint>
#include <string>

#include "logplex/base/files.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/base/slot.hpp"

namespace sluice {

/// Which log this is: a random id made once for a data directory, and an epoch that is raised at every start, so that
/// no sequence number is ever given out twice.
struct LogIdentity {
  std::uint64_t log_id = 0;
  std::uint32_t epoch = 0;  // below 2^24

  /// The first sequence number of this run.
  Seq first_seq() const { return Seq{epoch} << kEpochShift; }

  /// Reads DIRECTORY/log-id (or makes it), raises the epoch, and returns when that is on disk. Blocking: start-up only.
  /// Errors name the file: unreadable, not writable, or damaged.
  static result<LogIdentity, Error> begin(const std::string& directory, Files& files, Rng& rng);
};

}  // namespace sluice
