#include "router/http1/head_block.hpp"

#include <gtest/gtest.h>

#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {
namespace {

/// A head as a protocol without lines delivers it.
RequestHead sample_head(HeadBlock& block) {
  RequestHead head;
  block.clear();
  head.method_at = block.put("POST");
  head.target_at = block.put("/a?b");
  head.authority_at = block.put("App.test:81");
  head.host = "app.test";
  head.version = HttpVersion::k2;
  head.open_ended = true;
  EXPECT_EQ(block.add("accept", "*/*"), HeadError::kNone);
  EXPECT_EQ(block.add("x_forwarded_for", "1.1.1.1"), HeadError::kNone);
  EXPECT_EQ(block.add("x-forwarded-for", "2.2.2.2"), HeadError::kNone);
  EXPECT_EQ(block.add("cookie", ""), HeadError::kNone);
  block.show_in(head);
  return head;
}

TEST(HeadBlock, is_forwarded_like_a_head_that_came_as_lines) {
  HeadBlock block(wide_limits());
  const RequestHead head = sample_head(block);
  std::string out(upstream_head_bound(head, sample_facts()), '\0');
  SeededRng rng(1);
  out.resize(write_upstream_head(head, sample_facts(), rng, out.data()).size);

  RequestParser parser(wide_limits());
  std::unique_ptr<Slacked> buffer;
  const std::string_view lines =
      "POST /a?b HTTP/1.1\r\nHost: App.test:81\r\naccept: */*\r\nx_forwarded_for: 1.1.1.1\r\n"
      "x-forwarded-for: 2.2.2.2\r\ncookie: \r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_EQ(feed(parser, lines, 0, buffer), Progress::kDone);
  EXPECT_EQ(out, upstream_head(parser));
}

TEST(HeadBlock, refuses_what_would_not_be_one_field) {
  HeadBlock block(small_limits());
  EXPECT_EQ(block.add("", "v"), HeadError::kBadHeaderName);
  EXPECT_EQ(block.add("a b", "v"), HeadError::kBadHeaderName);
  EXPECT_EQ(block.add("a:b", "v"), HeadError::kBadHeaderName);
  EXPECT_EQ(block.add(":path", "v"), HeadError::kBadHeaderName);
  EXPECT_EQ(block.add("a\r\nb", "v"), HeadError::kBadHeaderName);
  EXPECT_EQ(block.add("a", "v\r\nb: c"), HeadError::kControlByte);
  EXPECT_EQ(block.add("a", std::string_view("v\0", 2)), HeadError::kControlByte);
  RequestHead head;
  block.show_in(head);
  EXPECT_TRUE(head.fields.empty());
  EXPECT_EQ(head.size, 0u);
}

TEST(HeadBlock, has_the_limits_of_a_head) {
  HeadBlock block(small_limits());
  EXPECT_EQ(block.add(std::string(17, 'n'), "v"), HeadError::kHeaderNameTooLong);
  block.clear();
  EXPECT_EQ(block.add("n", std::string(33, 'v')), HeadError::kHeaderValueTooLong);
  block.clear();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(block.add("n", "v"), HeadError::kNone);
  EXPECT_EQ(block.add("n", "v"), HeadError::kTooManyHeaders);
  block.clear();
  HeadError last = HeadError::kNone;
  for (int i = 0; i < 8 && last == HeadError::kNone; ++i) last = block.add("n", std::string(32, 'v'));
  EXPECT_EQ(last, HeadError::kHeadTooLarge);
}

}  // namespace
}  // namespace sluice::router::http1
