#include "drains/kinds/destination.hpp"

#include <array>

namespace sluice::drains {
namespace {

struct Scheme {
  std::string_view name;
  Destination::Protocol protocol;
  bool tls;
  std::uint16_t port;
};
constexpr std::array<Scheme, 4> kSchemes = {{{"http", Destination::Protocol::kHttp, false, 80},
                                             {"https", Destination::Protocol::kHttp, true, 443},
                                             {"syslog", Destination::Protocol::kSyslog, false, 601},
                                             {"syslog+tls", Destination::Protocol::kSyslog, true, 6514}}};

}  // namespace

result<Destination, Error> parse_destination(const Drain& drain) {
  SLUICE_TRY(Url url, parse_url(drain.url.reveal()));
  for (const Scheme& scheme : kSchemes) {
    if (scheme.name != url.scheme) continue;
    Destination destination;
    destination.protocol = scheme.protocol;
    destination.tls = scheme.tls;
    destination.insecure = scheme.name == "syslog+tls" && url.fragment == "insecure";
    destination.port = url.port == 0 ? scheme.port : url.port;
    destination.url = std::move(url);
    return destination;
  }
  return Error{make_error_code(boost::system::errc::invalid_argument),
               "no drain has the scheme '" + url.scheme + "': use http, https, syslog, syslog+tls, kafka or kafka+tls"};
}

std::string drain_token_text(const Drain& drain) { return "d." + drain.token.str(); }

}  // namespace sluice::drains
