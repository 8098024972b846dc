#include "tests/unit/drains/tcp_receiver.hpp"
#include "tests/unit/drains/transport_conformance.hpp"

namespace sluice::drains {
namespace {

/// Answers each whole request with 200.
struct HttpRequests {
  static constexpr const char* kScheme = "http://127.0.0.1:";

  static std::string take(std::string& bytes, std::vector<std::string>& texts) {
    std::string answers;
    for (;;) {
      const auto head = bytes.find("\r\n\r\n");
      if (head == std::string::npos) return answers;
      const std::size_t begin = head + 4;
      const auto field = bytes.find("Content-Length: ");
      const std::size_t size = std::stoul(bytes.substr(field + 16));
      if (bytes.size() < begin + size) return answers;
      std::string body = bytes.substr(begin, size);
      bytes.erase(0, begin + size);
      for (std::string& text : take_framed_texts(body)) texts.push_back(std::move(text));
      answers += answer(200);
    }
  }
};

struct HttpsRequests : HttpRequests {
  static constexpr const char* kScheme = "https://127.0.0.1:";
};

INSTANTIATE_TYPED_TEST_SUITE_P(Http, TransportConformance, TcpReceiver<HttpRequests>);
using HttpsReceiver = TcpReceiver<HttpsRequests, TlsEnd>;
INSTANTIATE_TYPED_TEST_SUITE_P(Https, TransportConformance, HttpsReceiver);

}  // namespace
}  // namespace sluice::drains
