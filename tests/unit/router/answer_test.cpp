#include "router/answer.hpp"

#include <gtest/gtest.h>

#include "router/error_page.hpp"
#include "router/http1/forward.hpp"

namespace sluice::router {
namespace {

std::string sent(const Answer& answer) {
  const http1::DownstreamFacts facts{.keep_client = false, .date = "Sun, 22 Nov 2026 22:00:00 GMT"};
  std::string out(http1::downstream_head_bound(answer.head(), facts), '\0');
  out.resize(http1::write_downstream_head(answer.head(), facts, out.data()));
  return out + std::string(answer.body());
}

TEST(Answer, is_passed_on_like_a_response_of_a_backend) {
  Answer answer;
  answer.begin(302, "302 Found");
  EXPECT_TRUE(answer.add("Location", "https://app.test/"));
  answer.finish("moved", false);
  EXPECT_EQ(answer.head().body(), BodyKind::kLength);
  EXPECT_EQ(sent(answer),
            "HTTP/1.1 302 Found\r\nLocation: https://app.test/\r\nDate: Sun, 22 Nov 2026 22:00:00 GMT\r\n"
            "Via: 1.1 sluice\r\nConnection: close\r\nContent-Length: 5\r\n\r\nmoved");
}

TEST(Answer, leaves_out_a_field_that_is_none) {
  Answer answer;
  answer.begin(200, "200 OK");
  EXPECT_FALSE(answer.add("Location", "/\r\nSet-Cookie: a=b"));
  EXPECT_FALSE(answer.add("X", std::string(9000, 'x')));
  EXPECT_TRUE(answer.add("X", "y"));
  answer.finish({}, false);
  EXPECT_EQ(answer.head().fields.size(), 1u);
  EXPECT_EQ(answer.head().body(), BodyKind::kNone);
  EXPECT_EQ(sent(answer).find("Set-Cookie"), std::string::npos);
}

TEST(Answer, to_head_has_a_length_and_no_body) {
  Answer page;
  make_error_page(503, 7, true, page);
  EXPECT_EQ(page.body(), "");
  EXPECT_EQ(page.head().body(), BodyKind::kNone);
  const std::string head = sent(page);
  EXPECT_NE(head.find("\r\nRetry-After: 7\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nContent-Length: "), std::string::npos) << head;
  make_error_page(404, 0, false, page);
  EXPECT_TRUE(sent(page).starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_EQ(page.head().length, page.body().size());
  EXPECT_EQ(sent(page).find("Retry-After"), std::string::npos);
}

}  // namespace
}  // namespace sluice::router
