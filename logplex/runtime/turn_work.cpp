#include "logplex/runtime/turn_work.hpp"

#include <utility>

namespace sluice {

TurnWorker::~TurnWorker() {
  if (queue_ != nullptr) queue_->leave(*this);
}

void TurnWork::ask(TurnWorker& worker) {
  if (worker.queue_ != nullptr) return;
  worker.queue_ = this;
  worker.again_ = serving_ == &worker;
  Queue& queue = worker.again_ ? again_ : begin_;
  worker.next_ = nullptr;
  worker.prev_ = queue.last;
  (queue.last != nullptr ? queue.last->next_ : queue.first) = &worker;
  queue.last = &worker;
}

void TurnWork::leave(TurnWorker& worker) {
  if (serving_ == &worker) serving_ = nullptr;
  if (worker.queue_ != nullptr) unlink(worker);
}

void TurnWork::unlink(TurnWorker& worker) {
  Queue& queue = worker.again_ ? again_ : begin_;
  (worker.prev_ != nullptr ? worker.prev_->next_ : queue.first) = worker.next_;
  (worker.next_ != nullptr ? worker.next_->prev_ : queue.last) = worker.prev_;
  worker.queue_ = nullptr;
}

/// Some one waits.
TurnWorker& TurnWork::take_next() {
  const bool begins = begin_.first != nullptr && (begin_is_next_ || again_.first == nullptr);
  begin_is_next_ = !begins;
  TurnWorker& worker = *(begins ? begin_ : again_).first;
  unlink(worker);
  return worker;
}

void TurnWork::serve(TurnWorker& worker) {
  const Work before = spent_;
  const SteadyTime began = clock_.steady();
  serving_ = &worker;
  worker.on_share(std::min(left_, kSlice));
  serving_ = nullptr;
  ++slices_;
  const auto took = static_cast<Work>((clock_.steady() - began).count());
  const Work said = spent_ - before;
  if (took > said) spend(took - said);
}

std::size_t TurnWork::run() {
  std::size_t served = 0;
  for (; left_ > 0 && waiting(); ++served) serve(take_next());
  return served;
}

}  // namespace sluice
