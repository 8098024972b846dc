#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/base/uuid.hpp"

namespace sluice {

/// What differs between one published snapshot and the one before, so that nobody needs to compare them. An entry named
/// here was created, changed or deleted; look it up: absent means deleted. A name can be listed more than once.
struct ChangedKeys {
  struct App {
    std::string name;
    AppSlot slot;  // an app deleted and created again has another slot, and is listed with both
  };
  struct Channel {
    std::string id;
    ChannelSlot slot;
  };
  struct Drain {
    std::uint64_t id = 0;
    ChannelSlot channel;          // not valid for global drains
    std::uint32_t partition = 0;  // of the channel
  };

  bool everything = false;        // the first snapshot of an observer: the lists are empty, visit all entries
  std::vector<App> apps;          // also when a backend, domain or flag changed
  std::vector<Channel> channels;  // created, deleted, name or flags changed; not for its tokens and drains
  std::vector<Uuid> tokens;
  std::vector<Drain> drains;
  std::vector<Uuid> sessions;
  std::vector<std::string> keys;
  std::vector<std::string> credentials;
};

}  // namespace sluice
