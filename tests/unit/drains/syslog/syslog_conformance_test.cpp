#include "tests/unit/drains/tcp_receiver.hpp"
#include "tests/unit/drains/transport_conformance.hpp"

namespace sluice::drains {
namespace {

/// Octet-counted frames (RFC 6587, 3.4.1); syslog has no answers.
struct SyslogFrames {
  static constexpr const char* kScheme = "syslog://127.0.0.1:";

  static std::string take(std::string& bytes, std::vector<std::string>& texts) {
    for (std::string& text : take_framed_texts(bytes)) texts.push_back(std::move(text));
    return {};
  }
};

struct SyslogTlsFrames : SyslogFrames {
  static constexpr const char* kScheme = "syslog+tls://127.0.0.1:";
};

INSTANTIATE_TYPED_TEST_SUITE_P(Syslog, TransportConformance, TcpReceiver<SyslogFrames>);
using SyslogTlsReceiver = TcpReceiver<SyslogTlsFrames, TlsEnd>;
INSTANTIATE_TYPED_TEST_SUITE_P(SyslogTls, TransportConformance, SyslogTlsReceiver);

}  // namespace
}  // namespace sluice::drains
