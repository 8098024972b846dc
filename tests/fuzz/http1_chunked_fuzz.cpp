// The first byte is a piece size. A chunked body fed whole, in pieces and byte by byte must end at the same byte with
// the same content or error.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/unit/router/http1/codec_support.hpp"

using namespace sluice::http1;

namespace {

std::string outcome(std::string_view input, std::size_t piece) {
  BodyScanner scanner;
  scanner.start(BodyKind::kChunked, 0);
  std::string content;
  std::string out(input.size(), '\0');
  std::size_t taken = 0;
  for (std::size_t at = 0; at < input.size() && !scanner.done() && !scanner.bad(); at += piece) {
    const std::string_view part = input.substr(at, piece);
    std::size_t here = 0;
    content.append(out.data(), scanner.decode(part.data(), part.size(), out.data(), here));
    taken += here;
  }
  return std::to_string(taken) + (scanner.done() ? " done " : " open ") + std::string(to_string(scanner.error())) +
         " " + content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::string whole = outcome(input, input.size());
  if (outcome(input, std::max<std::size_t>(1, bytes[0])) != whole || outcome(input, 1) != whole) std::abort();
  return 0;
}
