#include "logplex/runtime/turn_work.hpp"

namespace sluice {

TurnWorker::TurnWorker(TurnWork& turn, Beneficiary owner) : turn_(turn), whom_(owner), owner_(turn.join(owner)) {}

TurnWorker::~TurnWorker() { turn_.part(*this); }

TurnOwner& TurnWork::join(Beneficiary whom) {
  TurnOwner& owner = owners_[whom.packed()];
  ++owner.workers;
  return owner;
}

void TurnWork::part(TurnWorker& worker) {
  leave(worker);
  if (--worker.owner_.workers == 0) owners_.erase(worker.whom_.packed());
}

void TurnWork::ask(TurnWorker& worker) {
  if (worker.waits()) return;
  TurnOwner& owner = worker.owner_;
  owner.waiting.push(worker, turn_);
  if (!owner.waits()) waiting_.push(owner, turn_);
}

void TurnWork::leave(TurnWorker& worker) {
  if (!worker.waits()) return;
  TurnOwner& owner = worker.owner_;
  owner.waiting.remove(worker);
  if (owner.waiting.empty()) waiting_.remove(owner);
}

/// Somebody must be waiting.
TurnWorker& TurnWork::take_next() {
  TurnOwner& owner = waiting_.pop(turn_);
  TurnWorker& worker = owner.waiting.pop(turn_);
  if (!owner.waiting.empty()) waiting_.push(owner, turn_);
  return worker;
}

void TurnWork::serve(TurnWorker& worker) {
  const Work before = spent_;
  const SteadyTime began = clock_.steady();
  worker.on_share(std::min(left_, kSlice));
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
