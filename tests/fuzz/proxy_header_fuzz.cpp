// A PROXY header must read the same however its bytes come: every part of it either asks for more or has the result of
// the whole. All views of a header lie within its bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "router/proxy_protocol/proxy_header.hpp"

using sluice::router::parse_proxy_header;
using sluice::router::ProxyHeader;
using sluice::router::ProxyHeaderResult;
using Progress = ProxyHeaderResult::Progress;

namespace {

void check_within(std::string_view view, std::string_view bytes) {
  if (!view.empty() && (view.data() < bytes.data() || view.data() + view.size() > bytes.data() + bytes.size()))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const ProxyHeaderResult whole = parse_proxy_header(input);
  const std::size_t step = 1 + size / 64;  // every split of a usual header, some of a huge one
  for (std::size_t at = 0; at < size; at += step) {
    const ProxyHeaderResult part = parse_proxy_header(input.substr(0, at));
    if (part.progress == Progress::kMore) continue;
    if (part.progress != whole.progress || part.error != whole.error || part.size != whole.size) std::abort();
    if (!(part.header == whole.header)) std::abort();
  }
  if (whole.progress != Progress::kDone) return 0;
  if (whole.size == 0 || whole.size > size || whole.size > sluice::router::kLongestProxyHeader) std::abort();
  const ProxyHeader& header = whole.header;
  for (const std::string_view view :
       {header.tls_version, header.tls_cipher, header.client_name, header.server_name, header.protocol})
    check_within(view, input.substr(0, whole.size));
  return 0;
}
