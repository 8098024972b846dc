#include "drains/kinds/destination.hpp"

#include "drains/facts/drain_facts.hpp"

namespace sluice::drains {

result<Destination, Error> parse_destination(const Drain& drain) {
  SLUICE_TRY(Url url, parse_url(drain.url.reveal()));
  const DrainScheme* scheme = find_drain_scheme(drain.url.reveal());
  if (scheme == nullptr)
    return Error{make_error_code(boost::system::errc::invalid_argument),
                 "drains do not support the scheme '" + url.scheme + "'"};
  Destination destination;
  destination.tls = scheme->tls;
  destination.insecure = scheme->insecure && url.fragment == "insecure";
  destination.port = url.port == 0 ? scheme->port : url.port;
  destination.url = std::move(url);
  return destination;
}

std::string drain_token_text(const Drain& drain) { return "d." + drain.token.str(); }

}  // namespace sluice::drains
