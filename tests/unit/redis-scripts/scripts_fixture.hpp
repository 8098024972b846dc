#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/store/redis/redis_replica.hpp"
#include "logplex/store/redis/redis_reply.hpp"
#include "logplex/store/redis/redis_scripts.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/redis_server.hpp"

namespace sluice {

/// One blocking connection that runs scripts.
class Client {
 public:
  explicit Client(const RedisServer& server) : client_(server.port()), reader_(1 << 20) {}

  RedisReply call(const std::vector<std::string_view>& parts) {
    EXPECT_TRUE(client_.send(format_command(parts)));
    for (;;) {
      auto reply = reader_.next();
      if (reply.has_error()) throw std::runtime_error(reply.error().text());
      if (reply->has_value()) return std::move(**reply);
      const auto bytes = client_.read_some();
      if (bytes.empty()) throw std::runtime_error("no answer");
      reader_.feed(bytes);
    }
  }
  /// `members` are those of the argument that are the script's own.
  RedisReply run(std::string_view script, const std::string& members, const std::string& history = "7") {
    const std::string argument =
        R"({"history":")" + history + R"(","new_history":"7",)" + standard(members) + members + "}";
    const auto& text = redis_script(script).text;
    const std::string count = std::to_string(redis_keys().size());
    std::vector<std::string_view> command{"EVAL", text, count};
    command.insert(command.end(), redis_keys().begin(), redis_keys().end());
    command.push_back(argument);
    return call(command);
  }
  /// What the test does not give itself.
  static std::string standard(const std::string& members) {
    std::string out;
    if (members.find("\"by\":") == std::string::npos) out += R"("by":"test )" + std::to_string(++changes_) + "\",";
    if (members.find("\"keep\":") == std::string::npos) out += R"("keep":"100",)";
    return out;
  }
  /// "ok", or the code of the refusal, or the server's error.
  std::string outcome(std::string_view script, const std::string& members, const std::string& history = "7") {
    const auto reply = run(script, members, history);
    if (reply.is_error()) return reply.text;
    return reply.text_at(reply.text_at(0) == "ok" ? 0 : 1);
  }
  std::string field(RedisKey key, std::string_view name, std::size_t kind = 0) {
    return call({"HGET", redis_keys()[key + kind], name}).text;
  }

 private:
  static inline std::atomic<int> changes_ = 0;  // of all clients
  RawClient client_;
  RedisReplyReader reader_;
};

constexpr std::size_t kApp = 0, kChannel = 1, kToken = 2, kDrain = 3, kSession = 4;

inline std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) (c == '"' ? out += '\\' : out) += c;
  return out + "\"";
}

inline std::string entry(const std::string& key, const std::string& more = "",
                         const std::string& value = R"({"v":1})") {
  return "{\"key\":" + quoted(key) + ",\"value\":" + quoted(value) + (more.empty() ? "" : "," + more) + "}";
}

class Scripts : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(client_.outcome("put_channel", R"("channel":)" + entry("shop", R"("was":"")"), ""), "ok");
  }
  std::string revision() { return client_.field(kMetaKey, "revision"); }
  static std::string was(EntryKind kind, const std::string& key, const std::string& value = R"({"v":1})") {
    return R"("was":")" + digest_text(entry_digest(kind, key, value)) + "\"";
  }
  static std::string token(const std::string& id, const std::string& claim, const std::string& more = "") {
    return R"("token":)" + entry("shop/" + id, R"("was":"","needs":"shop","group":"tokens:shop","claims":["value:)" +
                                                   claim + "\"]" + more);
  }
  static std::string drain(const std::string& url, const std::string& limit = "2") {
    return R"("drain":{"value":"{}","needs":"shop","group":"drains:shop","limit":)" + limit +
           R"(,"claims":["url:shop:)" + url + R"("]})";
  }
  /// Which entry is in which group.
  std::string groups() {
    std::string out;
    const auto members = client_.call({"ZRANGE", redis_keys()[kGroupsKey], "0", "-1"});
    for (std::size_t i = 0; i < members.list.size(); ++i) {
      auto member = members.text_at(i);
      out += member.replace(member.find('\n'), 1, ">") + " ";
    }
    return out;
  }
  std::string count(const char* kind) { return client_.field(kMetaKey, std::string("count:") + kind); }
  /// A data set as versions that know only schema 1 leave it.
  void go_back_to_schema_1() {
    client_.call({"DEL", redis_keys().back()});
    client_.call({"HSET", redis_keys()[kMetaKey], "schema", "1", "readable_by", "1"});
  }
  /// All entries, summed as a node does it.
  EntrySum sum_of_entries() {
    EntrySum sum;
    for (std::size_t kind = 0; kind < kEntryKinds; ++kind) {
      const auto rows = client_.call({"HGETALL", redis_keys()[kFirstKindKey + kind]});
      for (std::size_t i = 0; i + 1 < rows.list.size(); i += 2)
        sum.add(entry_digest(EntryKind(kind), rows.text_at(i), rows.text_at(i + 1)));
    }
    return sum;
  }
  void TearDown() override {
    EXPECT_EQ(client_.field(kMetaKey, "checksum"), std::to_string(sum_of_entries().value()));
    const auto last = client_.call({"XREVRANGE", redis_keys()[kChangesKey], "+", "-", "COUNT", "1"});
    EXPECT_EQ(last.list.at(0).text_at(0), revision() + "-0");
  }

  RedisServer server_;
  Client client_{server_};
};

}  // namespace sluice
