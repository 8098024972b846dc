#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/base/secret.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/model/kept_fields.hpp"

namespace sluice {

/// An external receiver of a channel, or of all channels. Without url it is only reserved: it has an id and a token, so
/// that the receiver can get the token first.
struct Drain {
  std::uint64_t id = 0;
  Uuid token;           // `d.<uuid>`, sent to the receiver as its name for this drain
  std::string channel;  // empty = global
  Secret url;           // may hold a password or keys; drains/facts/shown_url.hpp shows it
  std::string format;   // empty = the transport's default
  bool durable = false;
  std::string filter;  // empty = every line
  std::vector<std::pair<std::string, Secret>> headers;
  std::string ca;           // PEM
  std::string client_cert;  // PEM
  Secret client_key;        // PEM
  Secret secret;            // signs what is sent
  bool paused = false;
  KeptFields kept;

  bool global() const { return channel.empty(); }
  bool reserved() const { return url.empty(); }
  friend bool operator==(const Drain&, const Drain&) = default;
};

/// True for headers of HTTP drains that describe the message itself; a drain's own headers may not use these names.
bool is_reserved_header(std::string_view name);

}  // namespace sluice
