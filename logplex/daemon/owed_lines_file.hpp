#pragma once

#include <string>
#include <vector>

#include "logplex/base/files.hpp"
#include "logplex/channel/owed_file.hpp"

namespace sluice::daemon {

/// The file DATA_DIR/owed-lines: what drains were owed when the process was told to stop, for the next one.
///
///     stop: write()        start: read(), lines go back into their channels, remove(), only then new lines come
///
/// The numbers in it would be given out twice if it were there for a second start, so the process does not begin to
/// serve before the file is gone. On the main thread, while no shard runs. Owned by Node.
class OwedLinesFile {
 public:
  OwedLinesFile(Files& files, const std::string& data_dir) : files_(files), path_(data_dir + "/owed-lines") {}

  /// By owner among so many shards; empty when there is no file. What cannot be read is said in the own log and kept
  /// aside. Error: that was not possible.
  result<std::vector<std::vector<OwedLines>>, Error> read(const LogIdentity& identity, std::uint32_t shards);
  /// Removes what was read, for good.
  result<void, Error> remove();
  /// False when they cannot be kept; says so in the own log.
  bool write(const LogIdentity& identity, const std::vector<OwedLines>& owed);

 private:
  result<void, Error> put_aside();

  Files& files_;
  const std::string path_;
  bool was_read_ = false;
  bool was_damaged_ = false;
};

}  // namespace sluice::daemon
