#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// A drain's url for readers who may not change the drain, and for lines: as redacted_url(), and because some receivers
/// have their key in the path, an http url ends with "/***" behind its host.
std::string public_url(std::string_view url);

}  // namespace sluice
