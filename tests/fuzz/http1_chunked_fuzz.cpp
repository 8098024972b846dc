// The first byte is a piece size. A chunked body fed whole, in pieces and byte by byte must end at the same byte with
// the same content or error, whether it is decoded or passed on; and what is passed on reads as the same content.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/unit/router/http1/codec_support.hpp"

using namespace sluice::router::http1;
using sluice::router::BodyKind;

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

struct Passed {
  std::string bytes;
  bool done = false;
  bool bad = false;
};

Passed passed_on(std::string_view input, std::size_t piece, ChunkRules rules) {
  BodyScanner scanner;
  scanner.start(BodyKind::kChunked, 0, rules);
  Passed passed;
  std::string rest;
  for (std::size_t at = 0; at < input.size() && !scanner.done() && !scanner.bad(); at += piece) {
    rest.append(input.substr(at, piece));
    std::size_t taken = 0;
    std::string buffer = rest;
    passed.bytes.append(buffer.data(), scanner.pass_on(buffer.data(), buffer.size(), taken));
    rest.erase(0, taken);
  }
  passed.done = scanner.done();
  passed.bad = scanner.bad();
  return passed;
}

std::string content_of(std::string_view input, ChunkRules rules) {
  BodyScanner scanner;
  scanner.start(BodyKind::kChunked, 0, rules);
  std::string out(input.size(), '\0');
  std::size_t taken = 0;
  out.resize(input.empty() ? 0 : scanner.decode(input.data(), input.size(), out.data(), taken));
  return out;
}

void check_passing_on(std::string_view input, std::size_t piece, ChunkRules rules) {
  const Passed whole = passed_on(input, input.size(), rules);
  for (const std::size_t size : {piece, std::size_t{1}}) {
    const Passed cut = passed_on(input, size, rules);
    if (cut.bytes != whole.bytes || cut.done != whole.done || cut.bad != whole.bad) std::abort();
  }
  if (whole.bytes.size() > input.size() || whole.bytes.find(';') < whole.bytes.find("\r\n")) std::abort();
  if (content_of(whole.bytes, ChunkRules::kStrict) != content_of(input, rules)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::string whole = outcome(input, input.size());
  if (outcome(input, std::max<std::size_t>(1, bytes[0])) != whole || outcome(input, 1) != whole) std::abort();
  for (const auto rules : {ChunkRules::kStrict, ChunkRules::kLenient})
    check_passing_on(input, std::max<std::size_t>(1, bytes[0]), rules);
  return 0;
}
