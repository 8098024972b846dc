#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/post.hpp>

#include "logplex/base/clock.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

/// Seeds of tests with random operations: these few, or as many more as SLUICE_TEST_SEEDS says, each other ones.
inline std::vector<std::uint64_t> seeds(std::uint64_t first, std::uint64_t usual) {
  const char* wanted = std::getenv("SLUICE_TEST_SEEDS");
  const std::uint64_t count = wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(first + i);
  return out;
}

/// A directory that is gone with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-store-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// How a conformance test gets a store on what an earlier one left. The embedded store's is one that opens a directory.
using OpenStore = std::function<std::unique_ptr<Store>(const ConfigLimits& limits, Clock& clock)>;

/// A running node that consists of shards and a store, used from the test's thread.
class StoreNode {
 public:
  static constexpr std::uint32_t kShards = 3;

  explicit StoreNode(const OpenStore& open, const ConfigLimits& limits = {})
      : runtime_(kShards, clock_), store_(open(limits, clock_)) {
    store_->start(runtime_);
    for (std::uint32_t id = 0; id < kShards; ++id) gates_.push_back(std::make_unique<Gate>(runtime_.shard(id), "test"));
    runtime_.start();
  }
  ~StoreNode() {
    runtime_.stop();
    runtime_.join();
    store_.reset();
  }

  Store& store() { return *store_; }

  std::future<result<Applied, Error>> begin(Change change, std::uint32_t shard = 0) {
    auto promise = std::make_shared<Promise>();
    auto future = promise->get_future();
    asio::post(runtime_.shard(shard).io(), [this, shard, promise, change = std::move(change)]() mutable {
      gates_[shard]->spawn(run(*store_, std::move(change), promise));
    });
    return future;
  }
  result<Applied, Error> apply(Change change, std::uint32_t shard = 0) { return begin(std::move(change), shard).get(); }

  /// The value of read(snapshot) in a turn of that shard.
  template <class Read>
  auto on_shard(std::uint32_t shard, Read read) {
    std::promise<decltype(read(std::declval<ConfigFeed&>()))> promise;
    auto future = promise.get_future();
    asio::post(runtime_.shard(shard).io(), [&, this] { promise.set_value(read(store_->feed(runtime_.shard(shard)))); });
    return future.get();
  }

 private:
  using Promise = std::promise<result<Applied, Error>>;

  static Task<void> run(Store& store, Change change, std::shared_ptr<Promise> promise) {
    auto outcome = co_await store.apply(std::move(change));
    promise->set_value(std::move(outcome));
  }

  SystemClock clock_;
  Runtime runtime_;
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<Gate>> gates_;
};

inline OpenStore embedded_in(const std::string& directory) {
  return [directory](const ConfigLimits& limits, Clock& clock) {
    StoreSettings settings;
    settings.url = Secret("embedded:");
    return open_store(settings, directory, limits, clock).value();
  };
}

/// As the settings' defaults have it, but quicker to try again.
inline StoreSettings redis_settings(const std::string& url) {
  StoreSettings settings;
  settings.url = Secret(url);
  settings.reconnect_max = std::chrono::milliseconds(200);
  settings.write_timeout = std::chrono::seconds(60);
  settings.verify_interval = std::chrono::hours(1);
  settings.max_deleted_percent = 50;
  return settings;
}

inline OpenStore redis_store(const StoreSettings& settings, const std::string& directory) {
  return [settings, directory](const ConfigLimits& limits, Clock& clock) {
    return open_store(settings, directory, limits, clock).value();
  };
}
inline OpenStore redis_store(const std::string& url, const std::string& directory) {
  return redis_store(redis_settings(url), directory);
}

}  // namespace sluice
