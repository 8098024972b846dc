#include "logplex/runtime/gate.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "logplex/base/log.hpp"

namespace sluice {
namespace {

/// Empty when the task ended well or was cancelled.
std::string failure_text(const std::exception_ptr& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted ? std::string() : std::string(error.what());
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

/// Runs as a posted handler, because co_spawn (Boost 1.81) forwards a cancellation at once only inside a handler.
/// Elsewhere it posts a handler with a bare pointer, which dangles if the task ends before that handler runs.
void cancel_unless_ended(const std::weak_ptr<asio::cancellation_signal>& task) {
  if (const auto signal = task.lock()) signal->emit(asio::cancellation_type::terminal);
}

}  // namespace

/// Shared with the holds, because a hold in a task's frame may outlive the gate when the runtime ends.
struct Gate::Holds {
  std::size_t count = 0;
  Gate* gate = nullptr;
};

Gate::Hold::Hold(std::shared_ptr<Holds> holds) : holds_(std::move(holds)) { ++holds_->count; }

Gate::Hold::~Hold() {
  if (holds_ == nullptr || --holds_->count > 0) return;
  if (holds_->gate != nullptr) holds_->gate->empty_.set();
}

Gate::Gate(Shard& shard, std::string name)
    : shard_(shard), name_(std::move(name)), empty_(shard), holds_(std::make_shared<Holds>()) {
  holds_->gate = this;
}

Gate::~Gate() {
  SLUICE_DCHECK(tasks_.empty() || shard_.runtime_stopping());
  SLUICE_CHECK(holds_->count == 0 || shard_.runtime_stopping());
  holds_->gate = nullptr;
}

Gate::Hold Gate::hold() { return Hold(holds_); }

void Gate::spawn(Task<void> task) {
  if (stopping_) return;
  const auto entry = tasks_.insert(tasks_.end(), std::make_shared<asio::cancellation_signal>());
  asio::co_spawn(shard_.executor(), std::move(task),
                 asio::bind_cancellation_slot(
                     (*entry)->slot(), [this, entry](const std::exception_ptr& failure) { on_end(entry, failure); }));
}

void Gate::on_end(Tasks::iterator task, const std::exception_ptr& failure) {
  if (const auto text = failure_text(failure); !text.empty())
    log_error("task failed", {{"part", name_}, {"error", text}});
  tasks_.erase(task);
  if (tasks_.empty()) empty_.set();
}

void Gate::stop() {
  stopping_ = true;
  for (const auto& task : tasks_)
    asio::post(shard_.executor(), [weak = std::weak_ptr(task)] { cancel_unless_ended(weak); });
}

Task<void> Gate::stopped() {
  while (!tasks_.empty() || holds_->count > 0) co_await empty_.wait();
}

Task<void> Gate::tasks_ended() {
  while (!tasks_.empty()) co_await empty_.wait();
}

}  // namespace sluice
