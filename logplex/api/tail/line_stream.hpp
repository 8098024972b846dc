#pragma once

#include <string>

#include "logplex/api/frame/api_call.hpp"
#include "logplex/api/frame/open_streams.hpp"
#include "logplex/api/tail/line_query.hpp"

namespace sluice::api {

/// A channel's lines as the answer to a call.
struct LineStream {
  std::string channel;
  LineQuery query;
  std::string resume;           // text of a cursor; empty = begin by `num`
  bool logplex_frames = false;  // the format without Accept: frames, else text
  KeyShares::Held held{};       // part of the share of the session's key
  StreamRights rights{};        // stream_lines() fills in channel and incarnation
};

/// Answers with history and, for a tail, new lines until the client disconnects, the server stops, the rights are gone
/// or `until` has come. Errors before the first byte are normal answers: 404, 406. It does all its look-ups in the
/// configuration before it returns.
Task<ApiAnswer> stream_lines(ApiCall& call, LineStream stream);

}  // namespace sluice::api
