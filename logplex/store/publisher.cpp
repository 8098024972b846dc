#include "logplex/store/publisher.hpp"

#include <boost/asio/post.hpp>

namespace sluice {

Publisher::Publisher(Runtime& runtime, ConfigSnapshot first, std::function<void()> on_shown)
    : runtime_(runtime), on_shown_(std::move(on_shown)), shown_revision_(first.revision()) {
  publications_.push_back(
      std::make_unique<Publication>(std::move(first), ChangedKeys(), std::vector<Answer>(), runtime.size()));
  publications_.front()->done = true;
  for (std::uint32_t id = 0; id < runtime.size(); ++id)
    feeds_.push_back(std::make_unique<ConfigFeed>(runtime.shard(id), publications_.front()->config));
}

void Publisher::publish(ConfigSnapshot config, ChangedKeys changed, std::vector<Answer> answers) {
  publications_.push_back(
      std::make_unique<Publication>(std::move(config), std::move(changed), std::move(answers), runtime_.size()));
  auto& publication = *publications_.back();
  for (std::uint32_t id = 0; id < runtime_.size(); ++id)
    asio::post(runtime_.shard(id).io(), [this, id, &publication] { show(id, publication); });
}

void Publisher::show(std::uint32_t shard, Publication& publication) {
  feeds_[shard]->accept(publication.config, publication.changed);
  if (publication.missing.fetch_sub(1, std::memory_order_acq_rel) == 1) finish(publication);
}

void Publisher::finish(Publication& publication) {
  shown_revision_.store(publication.config.revision(), std::memory_order_release);
  for (auto& answer : publication.answers) answer.give();
  publication.answers.clear();
  // From here on the store's thread may free it.
  publication.done.store(true, std::memory_order_release);
  on_shown_();
}

void Publisher::reap() {
  while (publications_.size() > 1 && publications_[1]->done.load(std::memory_order_acquire)) publications_.pop_front();
}

}  // namespace sluice
