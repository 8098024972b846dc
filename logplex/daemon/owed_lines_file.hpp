#pragma once

#include <string>
#include <vector>

#include "logplex/base/files.hpp"
#include "logplex/channel/owed_file.hpp"
#include "logplex/channel/seams/placement.hpp"

namespace sluice::daemon {

/// The file DATA_DIR/owed-lines: the lines that drains were still owed when the process stopped, for the next start.
///
///     stop: write()        start: read(), lines go back into their channels, remove(), only then new lines come
///
/// A second start with the same file would assign its sequence numbers twice, so the process does not serve before the
/// file is gone. Used on the main thread, while no shard runs. Owned by Node.
class OwedLinesFile {
 public:
  OwedLinesFile(Files& files, const std::string& data_dir) : files_(files), path_(data_dir + "/owed-lines") {}

  /// Returns the lines by owning shard; empty when there is no file. It logs lines that cannot be read or whose
  /// channels another node owns, and keeps the file as owed-lines.unread. Error: the file could not be renamed.
  result<std::vector<std::vector<OwedLines>>, Error> read(const LogIdentity& identity, const Placement& placement,
                                                          std::uint32_t shards);
  /// Removes the file that was read; one with lines that nobody got is renamed to owed-lines.unread.
  result<void, Error> remove();
  /// Writes the file. False when that fails; the reason is in the log.
  bool write(const LogIdentity& identity, const std::vector<OwedLines>& owed);

 private:
  result<void, Error> put_aside();

  Files& files_;
  const std::string path_;
  bool was_read_ = false;
  bool has_more_ = false;  // lines that nobody got
};

}  // namespace sluice::daemon
