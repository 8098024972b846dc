// What a Redis server sends is read or refused, and how it is cut changes nothing. The first byte is the size of the
// pieces; the rest is also read as the URL of a server.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/store/redis/redis_presence.hpp"
#include "logplex/store/redis/redis_replica.hpp"
#include "logplex/store/redis/redis_reply.hpp"
#include "logplex/store/redis/redis_url.hpp"

namespace {

void describe(const sluice::RedisReply& reply, std::string& out) {
  out += static_cast<char>('0' + static_cast<int>(reply.kind));
  out += reply.text + "," + std::to_string(reply.number) + "(";
  for (const auto& item : reply.list) describe(item, out);
  out += ")";
  static_cast<void>(sluice::RedisEvent::from(reply));
  static_cast<void>(sluice::RedisMeta::from(reply));
  if (const auto place = reply.moved_to("host")) SLUICE_CHECK(place->port != 0 && !place->host.empty());
  static_cast<void>(sluice::parse_report("node", reply.text, 1000));
}

std::string read(std::string_view bytes, std::size_t piece) {
  sluice::RedisReplyReader reader(std::size_t{1} << 20);
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    reader.feed(bytes.substr(0, piece));
    for (;;) {
      auto reply = reader.next();
      if (reply.has_error()) return out + "!";
      if (!reply->has_value()) break;
      describe(**reply, out);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2 || size > (1 << 16)) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  SLUICE_CHECK(read(text, bytes[0] % 64 + 1) == read(text, text.size()));
  const auto url = sluice::parse_redis_url(text);
  if (url.has_value()) SLUICE_CHECK(!url->servers.empty());
  return 0;
}
