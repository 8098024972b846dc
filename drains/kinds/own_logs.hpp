#pragma once

#include <cstdint>
#include <functional>

namespace sluice::drains {

/// Ids that mark lines as having passed this node. Drains send them along, so that a line that comes back is recognised
/// and dropped instead of circulating for ever.
struct OwnLogs {
  std::uint64_t log = 0;                         // id of this node's log; 0: no id is sent
  std::function<std::uint64_t()> data_set = {};  // id of the data set shared with other nodes, or 0

  std::uint64_t shared() const { return data_set ? data_set() : 0; }
};

}  // namespace sluice::drains
