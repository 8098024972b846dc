#include "logplex/store/config_feed.hpp"

namespace sluice {

void ConfigFeed::add(ConfigObserver& observer) {
  check_shard();
  observers_.push_back(&observer);
  ChangedKeys changed;
  changed.everything = true;
  observer.on_config(*current_, changed);
}

void ConfigFeed::remove(ConfigObserver& observer) {
  check_shard();
  std::erase(observers_, &observer);
}

void ConfigFeed::accept(const ConfigSnapshot& config, const ChangedKeys& changed) {
  check_shard();
  current_ = &config;
  for (auto* observer : observers_) observer->on_config(config, changed);
}

}  // namespace sluice
