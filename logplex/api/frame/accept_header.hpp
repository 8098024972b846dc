#pragma once

#include <initializer_list>
#include <string_view>

namespace sluice::api {

/// The offered media type that an Accept header (RFC 9110, 12.5.1) prefers. Among equal weights it is the type that the
/// header names most precisely, then the first offered. Empty when none is acceptable. A missing or empty header
/// accepts everything.
std::string_view best_type(std::string_view accept, std::initializer_list<std::string_view> offered);

/// True when a Content-Type names this media type; parameters are ignored.
bool is_media_type(std::string_view content_type, std::string_view type);

}  // namespace sluice::api
