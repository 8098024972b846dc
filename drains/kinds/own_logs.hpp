#pragma once

#include <cstdint>
#include <functional>

namespace sluice::drains {

/// What lines that leave this node have passed here. Receivers are told, so that lines that come back end.
struct OwnLogs {
  std::uint64_t log = 0;                         // id of this node's log; 0: nobody is told
  std::function<std::uint64_t()> data_set = {};  // the one that this node shares with others, or 0

  std::uint64_t shared() const { return data_set ? data_set() : 0; }
};

}  // namespace sluice::drains
