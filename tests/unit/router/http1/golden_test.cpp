#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/support/source_dir.hpp"
#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string rewritten_request(std::string_view bytes) {
  RequestParser parser(wide_limits());
  std::unique_ptr<Slacked> buffer;
  const Progress progress = feed(parser, bytes, 0, buffer);
  std::string text = describe(parser, progress);
  if (progress == Progress::kDone) text += "----\n" + upstream_head(parser);
  return text;
}

std::string rewritten_response(std::string_view bytes) {
  ResponseParser parser(wide_limits());
  parser.reset(false);
  std::unique_ptr<Slacked> buffer;
  const Progress progress = feed(parser, bytes, 0, buffer);
  std::string text = describe(parser, progress);
  const DownstreamFacts facts{.keep_client = true, .dechunk = false, .date = "Sun, 22 Nov 2026 22:00:00 GMT"};
  if (progress == Progress::kDone) text += "----\n" + downstream_head(parser, facts);
  return text;
}

/// NAME.request or NAME.response holds bytes as received, NAME.expected what we make of them. With
/// SLUICE_UPDATE_GOLDEN set the latter are written instead.
TEST(Golden, heads_are_read_and_rewritten_as_recorded) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(std::string(kSourceDir) + "/tests/golden/http1")) {
    const std::string kind = entry.path().extension();
    if (kind != ".request" && kind != ".response") continue;
    const std::string bytes = read_file(entry.path());
    const std::string text = kind == ".request" ? rewritten_request(bytes) : rewritten_response(bytes);
    const fs::path expected = fs::path(entry.path()).replace_extension(".expected");
    if (std::getenv("SLUICE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << text;
    EXPECT_EQ(read_file(expected), text) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 12);
}

}  // namespace
}  // namespace sluice::router::http1
