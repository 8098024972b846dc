#pragma once

#include "logplex/base/units.hpp"

namespace sluice {

/// Memory that this process may use: the machine's, or less when a control group (v2) allows less. Reads files:
/// start-up only.
Bytes memory_of_machine();

}  // namespace sluice
