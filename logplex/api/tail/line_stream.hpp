#pragma once

#include <string>

#include "logplex/api/frame/api_call.hpp"
#include "logplex/api/frame/open_streams.hpp"
#include "logplex/api/tail/line_query.hpp"

namespace sluice::api {

/// Lines of a channel as the answer to a call.
struct LineStream {
  std::string channel;
  LineQuery query;
  std::string resume;           // a cursor's text, empty = by num
  bool logplex_frames = false;  // what is given without Accept
  KeyShares::Held held{};       // of the share of a session's key
  StreamRights rights{};        // without channel and incarnation: those are found here
};

/// Answers with history and, for a tail, new lines until the client goes, the server stops, the rights are gone or
/// `until` has come. Errors before the first byte are answers: 404, 406. Looks everything up before it returns.
Task<ApiAnswer> stream_lines(ApiCall& call, LineStream stream);

}  // namespace sluice::api
