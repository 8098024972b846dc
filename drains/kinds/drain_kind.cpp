#include "drains/kinds/drain_kind.hpp"

#include <algorithm>
#include <span>

namespace sluice::drains {
namespace {

std::span<const DrainKind* const> drain_kinds() {
  static const DrainKind* const kAll[] = {
#define SLUICE_DRAIN_KIND(name) &name##_kind(),
#include "drains/facts/kinds.def"
#undef SLUICE_DRAIN_KIND
  };
  return kAll;
}

result<const DrainKind*, Error> kind_of(const Drain& drain) {
  if (const DrainKind* kind = find_drain_kind(drain)) return kind;
  const std::string& url = drain.url.reveal();
  const std::string scheme = url.substr(0, std::min(url.find(':'), url.size()));
  return Error{make_error_code(boost::system::errc::invalid_argument),
               "drains do not support the scheme '" + scheme + "': use " + list_drain_schemes("")};
}

}  // namespace

const DrainKind* find_drain_kind(const Drain& drain) {
  const DrainFacts* facts = find_drain_facts(drain.url.reveal());
  const auto all = drain_kinds();
  const auto at = std::ranges::find_if(all, [facts](const DrainKind* kind) { return &kind->facts == facts; });
  return at == all.end() ? nullptr : *at;
}

result<std::unique_ptr<Encoder>, Error> make_encoder(const Drain& drain, const DrainSettings& settings,
                                                     const ChannelNames* channels, const OwnLogs& own) {
  SLUICE_TRY(const DrainKind* kind, kind_of(drain));
  return kind->encoder(drain, {settings, channels, own});
}

result<std::unique_ptr<Transport>, Error> make_transport(const Drain& drain, const DrainEnvironment& environment) {
  SLUICE_TRY(const DrainKind* kind, kind_of(drain));
  return kind->transport(drain, environment);
}

SharedOfKinds SharedOfKinds::make(const SharedNeeds& needs) {
  SharedOfKinds out;
  for (const DrainKind* kind : drain_kinds())
    if (kind->shared != nullptr) out.put(*kind, kind->shared(needs));
  return out;
}

DrainShared* SharedOfKinds::of(const DrainKind& kind) const {
  const auto shared = shared_.find(&kind);
  return shared == shared_.end() ? nullptr : shared->second.get();
}

void SharedOfKinds::add_metrics(MetricsPage& page) const {
  for (const auto& [kind, shared] : shared_) shared->add_metrics(page);
}

}  // namespace sluice::drains
