#include "router/line/router_line.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/wire/record.hpp"
#include "tests/support/router_line_sample.hpp"

namespace sluice::router {
namespace {

std::string text_of(const RouterLine& line, RouterLineFormat format = RouterLineFormat::kHeroku2) {
  std::string out(router_line_bound(line), '\0');
  out.resize(write_router_line(line, format, out.data()));
  return out;
}

TEST(RouterLine, has_the_documented_fields_in_order) {
  EXPECT_EQ(text_of(sample_router_line()),
            "at=info method=GET path=\"/products/42?ref=home\" host=www.example.com "
            "request_id=8601b555-6a83-4c12-8269-97c8e32cdb22 "
            "fwd=\"198.51.100.1, 192.0.2.7\" dyno=web.1 connect=1ms service=18ms status=200 bytes=15225 "
            "protocol=http1.1 tls=false");
}

TEST(RouterLine, formats_differ_in_their_tail) {
  RouterLine line = sample_router_line();
  EXPECT_TRUE(text_of(line, RouterLineFormat::kHeroku).ends_with(" bytes=15225 protocol=http"));
  line.tls = true;
  line.tls_version = "tls1.3";
  EXPECT_TRUE(text_of(line, RouterLineFormat::kHeroku).ends_with(" bytes=15225 tls_version=tls1.3 protocol=https"));
  EXPECT_TRUE(text_of(line).ends_with(" protocol=http1.1 tls=true tls_version=tls1.3"));
}

TEST(RouterLine, what_was_not_reached_stays_empty) {
  RouterLine line;
  line.code = RouterCode::kH14;
  line.status = 503;
  EXPECT_EQ(text_of(line),
            "at=error code=H14 desc=\"No web processes running\" method= path=\"\" host= request_id= fwd=\"\" dyno= "
            "connect= service= status=503 bytes=0 protocol=http1.1 tls=false");
}

TEST(RouterLine, says_who_is_to_blame) {
  RouterLine line = sample_router_line();
  line.code = RouterCode::kH27;
  EXPECT_TRUE(text_of(line).starts_with("sock=client at=warning code=H27 desc=\"Client Request Interrupted\" method="));
  line.code = RouterCode::kH18;
  EXPECT_TRUE(text_of(line).starts_with("sock=backend at=error code=H18 desc=\"Server Request Interrupted\" method="));
  line.code = RouterCode::kH26;
  line.cause = "bad chunk";
  EXPECT_TRUE(text_of(line).starts_with("at=error code=H26 desc=\"Request Error\" cause=\"bad chunk\" method="));
}

TEST(RouterLine, no_value_can_forge_a_field_or_a_line) {
  RouterLine line = sample_router_line();
  line.path = "/x\" status=200 \\ \x01\n\x7f\xc3\xa9";
  line.host = "a b";
  line.method = "GE\"T";
  line.dyno = "web\n1";
  EXPECT_EQ(text_of(line),
            "at=info method=\"GE\\\"T\" path=\"/x\\\" status=200 \\\\ \\x01\\x0a\\x7f\\xc3\\xa9\" host=\"a b\" "
            "request_id=8601b555-6a83-4c12-8269-97c8e32cdb22 fwd=\"198.51.100.1, 192.0.2.7\" dyno=\"web\\x0a1\" "
            "connect=1ms service=18ms "
            "status=200 bytes=15225 protocol=http1.1 tls=false");
}

TEST(RouterLine, every_byte_is_escaped_alike_wherever_it_stands) {
  for (int c = 0; c < 256; ++c) {
    RouterLine line;
    std::string escaped(1, static_cast<char>(c));
    if (c == '"' || c == '\\') escaped.insert(0, 1, '\\');
    if (c < ' ' || c > '~') escaped = "\\x" + std::string{"0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
    for (std::size_t at = 0; at < 35; ++at) {
      const std::string path = std::string(at, '/') + static_cast<char>(c) + "end";
      line.path = line.host = path;
      const std::string quoted = '"' + std::string(at, '/') + escaped + "end\"";
      const std::string host = escaped.size() == 1 && c != ' ' ? path : quoted;
      EXPECT_NE(text_of(line).find(" path=" + quoted + " host=" + host + " request_id="), std::string::npos) << c;
    }
  }
}

TEST(RouterLine, the_bound_holds_for_the_worst_bytes) {
  RouterLine line = sample_router_line();
  const std::string worst(5000, '\xff');
  line.method = line.path = line.host = line.request_id = line.forwarded_for = line.dyno = line.cause = worst;
  line.bytes = ~std::uint64_t{0};
  line.code = RouterCode::kH13;
  EXPECT_LE(text_of(line).size(), router_line_bound(line));
}

TEST(RouterLine, fits_in_a_record_whatever_the_client_sends) {
  RouterLine line = sample_router_line();
  const std::string worst(100000, '\xff');
  line.path = worst;
  const std::string chain = worst + ", 192.0.2.7";
  line.forwarded_for = chain;
  const std::string text = text_of(line);
  EXPECT_LT(text.size(), 11000u);
  EXPECT_NE(text.find(", 192.0.2.7\" dyno="), std::string::npos);
  EXPECT_TRUE(is_cut(line));
}

TEST(RouterLine, a_plain_path_of_8192_bytes_is_whole) {
  RouterLine line = sample_router_line();
  const std::string plain(8192, 'a');
  line.path = plain;
  EXPECT_NE(text_of(line).find("path=\"" + plain + "\" host="), std::string::npos);
  EXPECT_FALSE(is_cut(line));
  const std::string quotes(8192, '"');
  line.path = quotes;
  EXPECT_TRUE(is_cut(line));
  EXPECT_NE(text_of(line).find("\\\"\" host="), std::string::npos) << "cut within an escape";
}

TEST(RouterLine, codes_have_names) {
  for (std::size_t i = 1; i < kRouterCodes; ++i) {
    const RouterCodeRow& row = row_of(static_cast<RouterCode>(i));
    EXPECT_EQ(row.name.size(), 3u);
    EXPECT_FALSE(row.desc.empty());
  }
}

TEST(LineClock, writes_microseconds_in_utc) {
  LineClock clock;
  const WallTime time{std::chrono::microseconds(1792718700123456)};
  EXPECT_EQ(clock.format(time), "2026-10-23T01:25:00.123456+00:00");
  EXPECT_EQ(clock.format(time + std::chrono::microseconds(1)), "2026-10-23T01:25:00.123457+00:00");
  EXPECT_EQ(clock.format(time + std::chrono::seconds(3600)), "2026-10-23T02:25:00.123456+00:00");
  EXPECT_EQ(clock.format(WallTime{}), "1970-01-01T00:00:00.000000+00:00");
}

std::string record_of(const LineView& line) {
  std::vector<std::byte> bytes(record_size(line));
  encode_record(line, bytes.data());
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(LineBuffer, shows_the_same_line_in_one_run_as_fields_apart_would) {
  for (const std::string source : {"heroku", "", "s"}) {
    LineBuffer buffer(source);
    RouterLine line = sample_router_line();
    WallTime now{std::chrono::microseconds(1792718700123456)};
    std::string path = "/";
    for (int round = 0; round < 12; ++round, path += path, now += std::chrono::milliseconds(700)) {
      line.path = path;
      LineClock clock;
      const std::string text = text_of(line);
      LineView apart;
      apart.pri = 158;
      apart.received = now;
      apart.time = clock.format(now);
      apart.host = "host";
      apart.source = source;
      apart.process = "router";
      apart.text = text;
      const LineView& view = buffer.write(line, RouterLineFormat::kHeroku2, now);
      EXPECT_EQ(view.time.data() + view.time.size() + 1, view.host.data());
      EXPECT_EQ(view.structured_data.data() + 2, view.text.data());
      ASSERT_EQ(record_of(view), record_of(apart));
    }
  }
}

/// Every length around the sizes that are copied at once, with something to escape at every place.
TEST(RouterLine, escapes_at_every_place_of_every_length) {
  for (std::size_t size = 1; size <= 50; ++size) {
    for (std::size_t place = 0; place <= size; ++place) {
      std::string path(size, 'p');
      std::string shown = path;
      if (place < size) {
        path[place] = '"';
        shown.replace(place, 1, "\\\"");
      }
      RouterLine line = sample_router_line();
      line.path = path;
      ASSERT_NE(text_of(line).find(" path=\"" + shown + "\" host="), std::string::npos) << size << ' ' << place;
    }
  }
}

}  // namespace
}  // namespace sluice::router
