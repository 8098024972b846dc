// First byte: where the stream is cut. The rest: server-sent events as a tail reads them. Cutting changes nothing, and
// nothing that is printed can command a terminal.
#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/cli/client/event_stream.hpp"
#include "logplex/cli/view/line_format.hpp"

namespace {

std::string printed(std::string_view stream, std::size_t cut, const sluice::cli::LineStyle& style) {
  std::string out;
  sluice::cli::EventParser parser;
  const auto sink = [&](sluice::cli::StreamEvent&& event) {
    if (event.type == "gap") {
      out += "gap";
    } else {
      sluice::cli::append_line(out, sluice::cli::read_log_line(event.data), style);
    }
  };
  SLUICE_CHECK(parser.feed(stream.substr(0, cut), sink));
  SLUICE_CHECK(parser.feed(stream.substr(cut), sink));
  return out + parser.last_id();
}

/// Without SGR sequences, which are all that a coloured line may hold.
std::string without_colours(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.substr(at).starts_with("\x1b[") ? text.find_first_not_of("0123456789;:", at + 2) : at;
    if (end != at && end != std::string_view::npos && text[end] == 'm') {
      at = end + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

bool commands_a_terminal(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) return true;
  }
  return text.find("\xc2\x9b") != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::size_t cut = stream.empty() ? 0 : bytes[0] % (stream.size() + 1);
  for (const auto shape :
       {sluice::cli::LineShape::kText, sluice::cli::LineShape::kRaw, sluice::cli::LineShape::kJson}) {
    sluice::cli::LineStyle style{shape, false, true, sluice::cli::Timestamps::kUtc};
    const std::string out = printed(stream, cut, style);
    SLUICE_CHECK(out == printed(stream, stream.size(), style));
    SLUICE_CHECK(!commands_a_terminal(std::string_view(out).substr(0, out.rfind('\n') + 1)));
    style.colour = true;
    const std::string coloured = printed(stream, cut, style);
    SLUICE_CHECK(!commands_a_terminal(without_colours(std::string_view(coloured).substr(0, coloured.rfind('\n') + 1))));
  }
  return 0;
}
