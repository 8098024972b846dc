#include "logplex/daemon/owed_lines_file.hpp"

#include "logplex/base/log.hpp"

namespace sluice::daemon {

result<std::vector<std::vector<OwedLines>>, Error> OwedLinesFile::read(const LogIdentity& identity,
                                                                       const Placement& placement,
                                                                       std::uint32_t shards) {
  std::vector<std::vector<OwedLines>> by_shard(shards);
  if (!files_.exists(path_)) return by_shard;
  auto file = files_.open(path_);
  auto found = file ? read_owed_file(**file, identity) : result<OwedFile, Error>(file.error());
  if (!found) {
    log_error("kept lines cannot be read and stay undelivered", {{"file", path_}, {"error", found.error().text()}});
    SLUICE_TRY_VOID(put_aside());
    return by_shard;
  }
  was_read_ = true;
  has_more_ = found->damaged_channels > 0;
  if (has_more_)
    log_error("kept lines are damaged in part and stay undelivered",
              {{"file", path_}, {"channels", found->damaged_channels}, {"lines", found->damaged_lines}});
  std::uint64_t elsewhere = 0;
  for (OwedLines& owed : found->channels) {
    const Owner owner = placement.owner_of_channel(owed.channel);
    if (owner.here())
      by_shard[owner.shard].push_back(std::move(owed));
    else
      elsewhere += owed.lines;
  }
  if (elsewhere > 0)
    log_error("kept lines of channels that another node owns stay undelivered",
              {{"file", path_}, {"lines", elsewhere}});
  has_more_ = has_more_ || elsewhere > 0;
  return by_shard;
}

result<void, Error> OwedLinesFile::put_aside() { return files_.rename(path_, path_ + ".unread"); }

result<void, Error> OwedLinesFile::remove() {
  if (!was_read_) return {};
  return has_more_ ? put_aside() : files_.remove(path_);
}

bool OwedLinesFile::write(const LogIdentity& identity, const std::vector<OwedLines>& owed) {
  if (owed.empty()) return true;
  const auto written = write_owed_file(files_, path_, identity, owed);
  if (!written) {
    log_error("undelivered lines cannot be kept", {{"error", written.error().text()}});
    return false;
  }
  std::uint64_t lines = 0;
  for (const OwedLines& channel : owed) lines += channel.lines;
  log_info("lines kept for the next start", {{"lines", lines}, {"channels", owed.size()}});
  return true;
}

}  // namespace sluice::daemon
