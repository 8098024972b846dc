#include "logplex/ingress/ingress_part.hpp"

namespace sluice::ingress {

std::span<const IngressKind> ingress_kinds() {
  static constexpr IngressKind kAll[] = {
#define SLUICE_INGRESS(name, addresses, sentence) {"ingress." #name, &IngressSettings::name, &name##_part},
#include "logplex/base/ingress_listeners.def"
#undef SLUICE_INGRESS
  };
  return kAll;
}

}  // namespace sluice::ingress
