#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "router/http1/body.hpp"
#include "router/http1/forward.hpp"
#include "router/http1/request.hpp"
#include "router/http1/response.hpp"
#include "router/http1/scan.hpp"

namespace sluice::router::http1 {

/// A copy of some bytes with slack behind them, on the heap so that AddressSanitizer sees every byte beyond it.
class Slacked {
 public:
  explicit Slacked(std::string_view bytes) : bytes_(new char[bytes.size() + kSlack]) {
    std::memcpy(bytes_.get(), bytes.data(), bytes.size());
    std::memset(bytes_.get() + bytes.size(), '\n', kSlack);  // must never be taken for input
  }
  const char* data() const { return bytes_.get(); }

 private:
  std::unique_ptr<char[]> bytes_;
};

inline HeadLimits small_limits() {
  return {.start_line = 64, .name = 16, .value = 32, .cookie = 16, .line = 64, .fields = 8, .head = 256};
}
inline HeadLimits wide_limits() {
  return {
      .start_line = 8192, .name = 1000, .value = 8192, .cookie = 8192, .line = 9449, .fields = 1000, .head = 131072};
}

/// Parses the bytes after feeding them cut at `cut` (0 = in one piece).
template <class Parser>
Progress feed(Parser& parser, std::string_view bytes, std::size_t cut, std::unique_ptr<Slacked>& buffer) {
  if (cut > 0) {
    const Slacked first(bytes.substr(0, cut));
    parser.parse(first.data(), cut);
  }
  buffer = std::make_unique<Slacked>(bytes);
  return parser.parse(buffer->data(), bytes.size());
}

/// Parses byte by byte.
template <class Parser>
Progress feed_bytewise(Parser& parser, std::string_view bytes, std::unique_ptr<Slacked>& buffer) {
  buffer = std::make_unique<Slacked>(bytes);
  Progress last = Progress::kMore;
  for (std::size_t size = 1; size <= bytes.size(); ++size) last = parser.parse(buffer->data(), size);
  return last;
}

/// All that a request parser says, as text: equal texts mean equal outcomes.
inline std::string describe(const RequestParser& parser, Progress progress) {
  if (progress == Progress::kMore) return "more\n";
  if (progress == Progress::kError)
    return "error " + std::to_string(status_of(parser.error())) + " " + std::string(to_string(parser.error())) + "\n";
  std::string text = "method " + std::string(parser.head().method()) + "\ntarget " +
                     std::string(parser.head().target()) + "\nhost " + std::string(parser.head().host) + "\nconsumed " +
                     std::to_string(parser.consumed()) + "\nbody " +
                     std::to_string(static_cast<int>(parser.head().body())) + " " +
                     std::to_string(parser.head().length) + "\nkeep_alive " + std::to_string(parser.keep_alive()) +
                     " upgrade " + std::to_string(parser.head().wants_upgrade) + " expect " +
                     std::to_string(static_cast<int>(parser.head().expectation)) + "\n";
  return text;
}

inline std::string describe(const ResponseParser& parser, Progress progress) {
  if (progress == Progress::kMore) return "more\n";
  if (progress == Progress::kError)
    return std::string("error ") + (is_response_limit(parser.error()) ? "limit " : "malformed ") +
           std::string(to_string(parser.error())) + "\n";
  return "status " + std::string(parser.head().status_and_reason()) + "\nconsumed " +
         std::to_string(parser.consumed()) + "\nbody " + std::to_string(static_cast<int>(parser.head().body())) + " " +
         std::to_string(parser.head().length) + "\nkeep_alive " + std::to_string(parser.keep_alive()) + "\n";
}

inline ForwardFacts sample_facts() {
  ForwardFacts facts;
  facts.client_address = "192.0.2.7";
  facts.port = 8080;
  facts.start = WallTime(std::chrono::milliseconds(1790000000123));
  return facts;
}

inline std::string upstream_head(const RequestParser& parser, const ForwardFacts& facts = sample_facts()) {
  SeededRng rng(1);
  std::string out(upstream_head_bound(parser.head(), facts), '\0');
  const UpstreamHead head = write_upstream_head(parser.head(), facts, rng, out.data());
  out.resize(head.size);
  return out;
}

inline std::string downstream_head(const ResponseParser& parser, const DownstreamFacts& facts) {
  std::string out(downstream_head_bound(parser.head(), facts), '\0');
  out.resize(write_downstream_head(parser.head(), facts, out.data()));
  return out;
}

}  // namespace sluice::router::http1
