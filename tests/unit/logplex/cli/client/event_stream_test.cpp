#include "logplex/cli/client/event_stream.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

std::string shown(const StreamEvent& event) { return event.type + "|" + event.id + "|" + event.data; }

std::vector<std::string> events_of(std::string_view bytes, std::size_t cut) {
  std::vector<std::string> events;
  EventParser parser;
  const auto sink = [&](StreamEvent&& event) { events.push_back(shown(event)); };
  for (std::size_t at = 0; at < bytes.size(); at += cut) EXPECT_TRUE(parser.feed(bytes.substr(at, cut), sink));
  return events;
}

TEST(EventParser, reads_data_type_and_id) {
  EXPECT_EQ(events_of("id: 7\ndata: hello\n\nevent: gap\ndata: {\"lost\":3}\n\n", 1000),
            (std::vector<std::string>{"message|7|hello", "gap|7|{\"lost\":3}"}));
}

TEST(EventParser, joins_lines_of_data_and_strips_one_blank) {
  EXPECT_EQ(events_of("data:a\ndata:  b\ndata\n\n", 1000), (std::vector<std::string>{"message||a\n b\n"}));
}

TEST(EventParser, comments_and_unknown_fields_mean_nothing) {
  EXPECT_EQ(events_of(": heartbeat\n\nfoo: bar\ndata: x\n\n", 1000), (std::vector<std::string>{"message||x"}));
}

TEST(EventParser, cutting_anywhere_changes_nothing) {
  const std::string bytes =
      "\xef\xbb\xbf: hi\r\n\r\nid: 1\r\ndata: one\r\n\r\nid: 2\rdata: two\rdata: more\r\rid: 3\nevent: gap\ndata: x\n\n"
      "data: last\n";
  const auto whole = events_of(bytes, bytes.size());
  ASSERT_EQ(whole.size(), 3U);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) EXPECT_EQ(events_of(bytes, cut), whole) << cut;
}

TEST(EventParser, id_counts_when_its_event_is_complete) {
  EventParser parser("5");
  const auto ignore = [](StreamEvent&&) {};
  parser.feed("id: 6\ndata: x\n", ignore);
  EXPECT_EQ(parser.last_id(), "5");
  parser.feed("\n", ignore);
  EXPECT_EQ(parser.last_id(), "6");
  parser.feed("id: 9\n\n", ignore);
  EXPECT_EQ(parser.last_id(), "9");
}

TEST(EventParser, retry_is_a_number_of_milliseconds) {
  EventParser parser;
  const auto ignore = [](StreamEvent&&) {};
  parser.feed("retry: 1500\n", ignore);
  EXPECT_EQ(parser.retry_ms(), 1500U);
  parser.feed("retry: soon\n", ignore);
  EXPECT_EQ(parser.retry_ms(), 1500U);
}

TEST(EventParser, an_endless_line_is_given_up) {
  EventParser parser;
  const std::string piece(1 << 20, 'x');
  bool sound = parser.feed("data: ", [](StreamEvent&&) {});
  for (int i = 0; i < 17 && sound; ++i) sound = parser.feed(piece, [](StreamEvent&&) {});
  EXPECT_FALSE(sound);
}

}  // namespace
}  // namespace sluice::cli
