#pragma once

#include <initializer_list>
#include <string_view>

namespace sluice::api {

/// The offered media type that an Accept header (RFC 9110, 12.5.1) likes best; among equal weights the one that it
/// names most closely, then the first offered. Empty = none is acceptable. No header, or an empty one, accepts
/// everything.
std::string_view best_type(std::string_view accept, std::initializer_list<std::string_view> offered);

/// True when a Content-Type names this media type; parameters are ignored.
bool is_media_type(std::string_view content_type, std::string_view type);

}  // namespace sluice::api
