#include "drains/delivery/frame_rings.hpp"

#include <utility>

namespace sluice::drains {

void FrameRings::leave_room() {
  if (fabric_.has_place_for_global_reader()) return;
  for (const auto& [likeness, known] : rings_)
    if (const auto ring = known.lock(); ring != nullptr && ring->dissolve()) return;
}

std::uint64_t FrameRings::lines_given_up() const {
  std::uint64_t lines = 0;
  for (const auto& [likeness, known] : rings_)
    if (const auto ring = known.lock(); ring != nullptr) lines += ring->lines_given_up();
  return lines;
}

std::shared_ptr<FrameRing> FrameRings::find(const Drain& drain) {
  if (!drain.global()) return nullptr;
  auto encoder = make_encoder(drain, environment_.settings, environment_.channels, environment_.own);
  auto filter = Filter::parse(drain.filter);
  if (!encoder || !filter || (*encoder)->likeness().empty()) return nullptr;
  std::erase_if(rings_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<FrameRing>& known = rings_[(*encoder)->likeness() + '\n' + drain.filter];
  if (auto ring = known.lock()) return ring;
  std::optional<Filter> wanted;
  if (!drain.filter.empty()) wanted = std::move(*filter);
  // The ring works for all its drains, so its work is charged to one owner of its own, named after the first drain.
  const Beneficiary owner{Beneficiary::Kind::kDrain, static_cast<std::uint32_t>(drain.id)};
  auto made =
      std::make_shared<FrameRing>(environment_, fabric_, bodies_, std::move(*encoder), std::move(wanted), owner);
  known = made;
  return made;
}

}  // namespace sluice::drains
