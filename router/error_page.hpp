#pragma once

#include "router/answer.hpp"

namespace sluice::router {

/// Makes `page` a small page that explains the status. `retry_after`: seconds until the client should retry (0 = not
/// stated). `to_head`: the request was HEAD.
void make_error_page(unsigned status, unsigned retry_after, bool to_head, Answer& page);

}  // namespace sluice::router
