// Each script against a real server, without a node: what it checks, what it writes, what it leaves alone.
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/redis-scripts/scripts_fixture.hpp"

namespace sluice {
namespace {

TEST_F(Scripts, first_change_names_the_data_set) {
  EXPECT_EQ(client_.field(kMetaKey, "history"), "7");
  EXPECT_EQ(revision(), "1");
  EXPECT_EQ(client_.field(kFirstKindKey, "shop", kChannel), R"({"v":1})");
}

TEST_F(Scripts, another_data_set_is_not_written) {
  EXPECT_EQ(client_.outcome("create_token", token("01", "a"), ""), "history");
  EXPECT_EQ(client_.outcome("create_token", token("01", "a"), "8"), "history");
  EXPECT_EQ(revision(), "1");
}

TEST_F(Scripts, newer_data_set_is_not_written) {
  client_.call({"HSET", redis_keys()[kMetaKey], "readable_by", "3"});
  EXPECT_EQ(client_.outcome("create_token", token("01", "a")), "newer");
  EXPECT_EQ(revision(), "1");
}

/// Every number of `meta` is looked at before the first write.
TEST_F(Scripts, number_that_is_none_stops_a_change_whole) {
  const auto& meta = redis_keys()[kMetaKey];
  const auto whole_content = [&] {
    std::string out;
    for (const auto& key : redis_keys()) out += client_.call({"DUMP", key}).text + "/";
    return out;
  };
  const auto damaged = [&](const std::string& field, const std::string& value) {
    const auto right = client_.field(kMetaKey, field);
    client_.call({"HSET", meta, field, value});
    const auto before = whole_content();
    const auto reply = client_.run("create_drain", drain("u"));
    EXPECT_EQ(reply.text_at(1), "damaged") << field << "=" << value << ": " << reply.text;
    EXPECT_NE(reply.text_at(2).find(field), std::string::npos) << reply.text_at(2);
    EXPECT_TRUE(whole_content() == before) << field << "=" << value;
    if (right.empty())
      client_.call({"HDEL", meta, field});
    else
      client_.call({"HSET", meta, field, right});
  };
  for (const auto* field : {"revision", "checksum", "next_drain_id", "next_channel_id", "readable_by", "stream_half",
                            "stream_from", "stream_before", "count:drain", "count:app"})
    for (const auto* value : {"abc", "", "nan", "inf", "1e3", "0x10", "1.5", "007", " 1", "9007199254740992",
                              "99999999999999999999999999999"})
      damaged(field, value);
  damaged("revision", "-1");
  EXPECT_EQ(client_.outcome("create_drain", drain("u")), "ok");
  // Deleted through a script, made around them.
  client_.call({"HSET", meta, "count:drain", "-3"});
  EXPECT_EQ(client_.outcome("create_drain", drain("v")), "ok");
  EXPECT_EQ(count("drain"), "-2");
}

/// Whatever was written around the scripts, a new id is one that nothing has.
TEST_F(Scripts, new_drain_id_is_a_free_one) {
  const auto sum = [&] {
    client_.call({"HSET", redis_keys()[kMetaKey], "checksum", std::to_string(sum_of_entries().value())});
  };
  for (const auto* id : {"1", "2", "4611686018427387904", "9007199254740993"})
    client_.call({"HSET", redis_keys()[kFirstKindKey + kDrain], id, "{}"});
  sum();
  EXPECT_EQ(client_.run("create_drain", drain("u")).text_at(2), "3");
  // Written through a script, such a one does not use up the ids either.
  for (const auto* id : {"4611686018427387904", "9007199254740993"})
    EXPECT_EQ(client_.outcome("put_drain", R"("drain":)" + entry(id, R"("needs":"shop","group":"drains:shop")")), "ok");
  EXPECT_EQ(client_.run("create_drain", drain("v", "10")).text_at(2), "4");
  const std::string imported = R"("next_drain_id":4611686018427387904,"next_channel_id":4611686018427387904,)"
                               R"("entries":[{"kind":"drain",)" +
                               entry("4611686018427387905", R"("x":1)").substr(1);
  EXPECT_EQ(client_.outcome("restore", imported + "]"), "ok");
  EXPECT_EQ(client_.run("create_drain", drain("w", "10")).text_at(2), "5");
}

// The answer was lost, or a first copy comes late: the same change again does nothing and says what it said.
TEST_F(Scripts, change_that_was_made_is_not_made_again) {
  const auto named = [](const std::string& name, const std::string& more) {
    return R"("by":")" + name + R"(",)" + more;
  };
  EXPECT_EQ(client_.run("create_drain", named("first", drain("u")), "7").text_at(2), "1");
  EXPECT_EQ(client_.run("create_drain", named("second", drain("v")), "7").text_at(2), "2");
  for (int i = 0; i < 2; ++i) {
    const auto reply = client_.run("create_drain", named("first", drain("u")));
    EXPECT_EQ(reply.text_at(0), "ok");
    EXPECT_EQ(reply.text_at(1), "2");
    EXPECT_EQ(reply.text_at(2), "1");
  }
  EXPECT_EQ(revision(), "3");
  // One that never arrived is made now.
  EXPECT_EQ(client_.run("create_token", named("third", token("01", "a"))).text_at(1), "4");
  EXPECT_EQ(client_.run("create_token", named("third", token("01", "a"))).text_at(1), "4");
  EXPECT_EQ(client_.outcome("create_token", named("fourth", token("01", "a"))), "stale");
}

TEST_F(Scripts, find_changes_names_what_was_not_made) {
  ASSERT_EQ(client_.run("create_drain", R"("by":"first",)" + drain("u"), "7").text_at(1), "2");
  ASSERT_EQ(client_.run("create_drain", R"("by":"second",)" + drain("v"), "7").text_at(1), "3");
  const auto missing = [&](const std::string& changes) {
    const auto reply = client_.run("find_changes", R"("changes":[)" + changes + "]");
    EXPECT_EQ(reply.text_at(0), "7") << reply.text;
    EXPECT_EQ(reply.text_at(1), revision());
    std::string out;
    for (std::size_t i = 2; i < reply.list.size(); ++i) out += reply.text_at(i) + " ";
    return out;
  };
  EXPECT_EQ(missing(""), "");
  EXPECT_EQ(missing(R"("2","first","3","second")"), "");
  EXPECT_EQ(missing(R"("2","first","2","second","3","first","4","third")"), "2 3 4 ");
  // What was cut off was there.
  client_.call({"ZREMRANGEBYSCORE", redis_keys()[kMadeKey], "-inf", "2"});
  EXPECT_EQ(missing(R"("2","first","3","second","4","third")"), "3 ");
}

// By its name: what the others wrote is not read.
TEST_F(Scripts, change_is_found_among_many) {
  const std::string channel = R"("channel":)" + entry("shop", R"("x":1)");
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(client_.outcome("put_channel", R"("keep":"5000","by":"c)" + std::to_string(i) + "\"," + channel), "ok");
  for (const int i : {0, 499, 500, 1200, 1999}) {
    const auto name = R"("by":"c)" + std::to_string(i) + "\",";
    client_.call({"CONFIG", "RESETSTAT"});
    EXPECT_EQ(client_.run("put_channel", name + channel).text_at(1), std::to_string(i + 2));
    EXPECT_NE(client_.call({"INFO", "commandstats"}).text.find("cmdstat_xrange:calls=1,"), std::string::npos);
  }
}

TEST_F(Scripts, a_key_of_another_type_or_a_command_that_is_not_allowed_leaves_nothing_behind) {
  ASSERT_EQ(client_.outcome("create_drain", R"("by":"first",)" + drain("u")), "ok");
  const auto dump = [&] {
    std::string all;
    for (const auto& key : redis_keys())
      if (key != redis_keys()[kMadeKey]) all += client_.call({"DUMP", key}).text + "|";
    return all;
  };
  const auto before = dump();
  client_.call({"DEL", redis_keys()[kMadeKey]});
  client_.call({"SET", redis_keys()[kMadeKey], "text"});
  EXPECT_NE(client_.outcome("create_drain", R"("by":"second",)" + drain("v")), "ok");
  EXPECT_EQ(dump(), before);
  client_.call({"DEL", redis_keys()[kMadeKey]});
  for (const char* denied : {"-zadd", "-zremrangebyscore"}) {
    client_.call({"ACL", "SETUSER", "default", denied});
    EXPECT_NE(client_.outcome("create_drain", R"("by":"second",)" + drain("v")), "ok") << denied;
    EXPECT_EQ(dump(), before) << denied;
    client_.call({"ACL", "SETUSER", "default", "+@all"});
  }
  EXPECT_EQ(client_.outcome("create_drain", R"("by":"second",)" + drain("v")), "ok");
}

TEST_F(Scripts, names_of_as_many_changes_are_kept_as_the_stream_keeps) {
  const std::string channel = R"("channel":)" + entry("shop", R"("x":1)");
  for (int i = 0; i < 30; ++i)
    ASSERT_EQ(client_.outcome("put_channel", R"("keep":"10","by":"c)" + std::to_string(i) + "\"," + channel), "ok");
  EXPECT_EQ(client_.call({"ZRANGE", redis_keys()[kMadeKey], "0", "-1"}).list.size(), 10U);
}

TEST_F(Scripts, put_app_makes_its_channel_and_keeps_one_owner_per_domain) {
  const std::string members = R"("app":)" + entry("blog", R"("was":"","claims":["domain:a.com","domain:b.com"])") +
                              R"(,"channel":)" + entry("blog");
  ASSERT_EQ(client_.outcome("put_app", members), "ok");
  EXPECT_EQ(client_.field(kFirstKindKey, "blog", kChannel), R"({"v":1})");
  EXPECT_EQ(client_.field(kClaimsKey, "domain:a.com"), "app:blog");

  EXPECT_EQ(client_.outcome("put_app", members), "stale");
  EXPECT_EQ(client_.outcome("put_app", R"("app":)" + entry("thief", R"("was":"","claims":["domain:b.com"])")),
            "conflict");
  EXPECT_EQ(client_.field(kFirstKindKey, "thief", kApp), "");
  // A domain that is given up is free.
  const std::string fewer = R"("app":)" + entry("blog", was(EntryKind::kApp, "blog") + R"(,"claims":["domain:a.com"])");
  ASSERT_EQ(client_.outcome("put_app", fewer), "ok");
  EXPECT_EQ(client_.outcome("put_app", R"("app":)" + entry("heir", R"("was":"","claims":["domain:b.com"])")), "ok");
}

TEST_F(Scripts, delete_app_takes_channel_tokens_and_drains_along) {
  ASSERT_EQ(client_.outcome("put_app", R"("app":)" + entry("shop", R"("was":"","claims":["domain:a.com"])")), "ok");
  ASSERT_EQ(client_.outcome("create_token", token("01", "a")), "ok");
  ASSERT_EQ(client_.outcome("create_drain", drain("u")), "ok");
  EXPECT_EQ(client_.outcome("delete_app", R"("app":{"key":"shop","was":"0000000000000000"})"), "stale");
  ASSERT_EQ(client_.outcome("delete_app", R"("app":{"key":"shop",)" + was(EntryKind::kApp, "shop") + "}"), "ok");
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind)
    EXPECT_EQ(client_.call({"HLEN", redis_keys()[kFirstKindKey + kind]}).number, 0) << kind;
  for (const auto key : {kClaimsKey, kMarksKey, kMembersKey})
    EXPECT_EQ(client_.call({"HLEN", redis_keys()[key]}).number, 0) << key;
  EXPECT_EQ(groups(), "");
}

TEST_F(Scripts, delete_app_can_keep_the_channel) {
  ASSERT_EQ(client_.outcome("put_app", R"("app":)" + entry("shop", R"("was":"")")), "ok");
  ASSERT_EQ(
      client_.outcome("delete_app", R"("keep_channel":true,"app":{"key":"shop",)" + was(EntryKind::kApp, "shop") + "}"),
      "ok");
  EXPECT_EQ(client_.field(kFirstKindKey, "shop", kChannel), R"({"v":1})");
}

TEST_F(Scripts, put_channel_declares_tokens) {
  ASSERT_EQ(client_.outcome("create_token", token("01", "a")), "ok");
  const std::string channel = R"("channel":)" + entry("shop", was(EntryKind::kChannel, "shop"));
  const std::string add =
      R"("add":[)" + entry("shop/02", R"("was":"","group":"tokens:shop","claims":["value:b"])") + "]";
  EXPECT_EQ(client_.outcome("put_channel", channel + R"(,"tokens":[],"drop":["shop/01"],)" + add), "stale")
      << "the node did not know of a token";
  ASSERT_EQ(client_.outcome("put_channel", channel + R"(,"tokens":["shop/01"],"drop":["shop/01"],)" + add), "ok");
  EXPECT_EQ(groups(), "tokens:shop>shop/02 ");
  EXPECT_EQ(client_.field(kClaimsKey, "value:a"), "");
}

TEST_F(Scripts, create_channel_gives_the_next_free_number) {
  const std::string add = R"("add":[{"id":"01","value":"{}","claims":["value:a"]}])";
  auto reply = client_.run("create_channel", R"("channel":{"value":"{}"},)" + add);
  EXPECT_EQ(reply.text_at(2), "1");
  EXPECT_EQ(client_.field(kFirstKindKey, "1/01", kToken), "{}");
  ASSERT_EQ(client_.outcome("put_channel", R"("channel":)" + entry("41", R"("was":"")")), "ok");
  reply = client_.run("create_channel", R"("channel":{"value":"{}"})");
  EXPECT_EQ(reply.text_at(2), "42");
}

TEST_F(Scripts, delete_channel_spares_the_router_channel) {
  EXPECT_EQ(client_.outcome("delete_channel", R"("channel":{"key":"_router","was":""})"), "conflict");
  ASSERT_EQ(client_.outcome("create_token", token("01", "a")), "ok");
  ASSERT_EQ(client_.outcome("delete_channel", R"("channel":{"key":"shop",)" + was(EntryKind::kChannel, "shop") + "}"),
            "ok");
  EXPECT_EQ(client_.call({"HLEN", redis_keys()[kFirstKindKey + kToken]}).number, 0);
}

TEST_F(Scripts, create_token_and_revoke_token) {
  const std::string limit = R"(,"limit":2)";
  ASSERT_EQ(client_.outcome("create_token", token("01", "a", limit)), "ok");
  EXPECT_EQ(client_.outcome("create_token", token("01", "b", limit)), "stale") << "the id is taken";
  EXPECT_EQ(client_.outcome("create_token", token("02", "a", limit)), "conflict") << "the value is taken";
  ASSERT_EQ(client_.outcome("create_token", token("02", "b", limit)), "ok");
  EXPECT_EQ(client_.outcome("create_token", token("03", "c", limit)), "limit");
  EXPECT_EQ(client_.outcome("create_token", R"("token":)" + entry("none/01", R"("was":"","needs":"none")")),
            "not_found");
  const std::string named = R"("token":{"key":"shop/01",)" + was(EntryKind::kToken, "shop/01") + "}";
  ASSERT_EQ(client_.outcome("revoke_token", named), "ok");
  EXPECT_EQ(client_.outcome("revoke_token", named), "stale");
  EXPECT_EQ(client_.outcome("create_token", token("03", "a", limit)), "ok") << "room and value are free again";
}

TEST_F(Scripts, create_put_and_delete_drain) {
  EXPECT_EQ(client_.run("create_drain", drain("u")).text_at(2), "1");
  EXPECT_EQ(client_.outcome("create_drain", drain("u")), "conflict");
  EXPECT_EQ(client_.run("create_drain", drain("w")).text_at(2), "2");
  EXPECT_EQ(client_.outcome("create_drain", drain("x")), "limit");
  const std::string reserved = R"("drain":{"value":"{}","needs":"shop","group":"reserved:shop","limit":1})";
  EXPECT_EQ(client_.run("create_drain", reserved).text_at(2), "3");
  EXPECT_EQ(client_.outcome("create_drain", reserved), "limit");

  const auto put = [&](const std::string& id, const std::string& url) {
    return client_.outcome("put_drain",
                           R"("drain":)" + entry(id, was(EntryKind::kDrain, id, "{}") +
                                                         R"(,"needs":"shop","group":)"
                                                         R"("drains:shop","limit":2,"claims":["url:shop:)" +
                                                         url + "\"]"));
  };
  EXPECT_EQ(put("3", "y"), "limit") << "a reserved drain needs room among those with url";
  EXPECT_EQ(put("2", "u"), "conflict");
  EXPECT_EQ(put("2", "y"), "ok");
  EXPECT_EQ(put("2", "z"), "stale");
  const auto gone = R"("drain":{"key":"1",)" + was(EntryKind::kDrain, "1", "{}") + "}";
  ASSERT_EQ(client_.outcome("delete_drain", gone), "ok");
  EXPECT_EQ(put("3", "u"), "ok");
  EXPECT_EQ(client_.run("create_drain", reserved).text_at(2), "4") << "no id twice";
}

TEST_F(Scripts, put_access_and_delete_access) {
  const auto session = [](const std::string& key) {
    return R"("kind":"session","most":2,"entry":)" + entry(key, R"("was":"","needs":"shop")");
  };
  ASSERT_EQ(client_.outcome("put_access", session("a")), "ok");
  ASSERT_EQ(client_.outcome("put_access", session("b")), "ok");
  EXPECT_EQ(client_.outcome("put_access", session("c")), "limit");
  const std::string right = R"({"kind":"session","key":"a",)" + was(EntryKind::kSession, "a") + "}";
  const std::string wrong = R"({"kind":"session","key":"b","was":"0000000000000000"})";
  EXPECT_EQ(client_.outcome("delete_access", R"("entries":[)" + right + "," + wrong + "]"), "stale");
  EXPECT_EQ(client_.field(kFirstKindKey, "a", kSession), R"({"v":1})") << "all or nothing";
  ASSERT_EQ(client_.outcome("delete_access", R"("skip":true,"entries":[)" + right + "," + wrong + "]"), "ok");
  EXPECT_EQ(client_.field(kFirstKindKey, "a", kSession), "");
  EXPECT_EQ(client_.field(kFirstKindKey, "b", kSession), R"({"v":1})");
}

TEST_F(Scripts, restore_keeps_ids_and_hides_a_new_data_set_until_its_end) {
  client_.call({"FLUSHALL"});
  const std::string channel = R"({"kind":"channel",)" + entry("shop").substr(1);
  const std::string drain = R"({"kind":"drain",)" + entry("9", R"("needs":"shop","group":"drains:shop")").substr(1);
  ASSERT_EQ(client_.outcome("restore", R"("loading":"begin","entries":[)" + channel + "]", ""), "ok");
  EXPECT_EQ(client_.field(kMetaKey, "loading"), "1");
  EXPECT_EQ(client_.outcome("create_token", token("01", "a")), "history") << "an import is under way";
  ASSERT_EQ(client_.outcome("restore", R"("loading":"end","next_channel_id":"50","entries":[)" + drain + "]"), "ok");
  EXPECT_EQ(client_.field(kMetaKey, "loading"), "");
  EXPECT_EQ(client_.field(kMetaKey, "next_drain_id"), "10");
  EXPECT_EQ(client_.field(kMetaKey, "next_channel_id"), "50");
  EXPECT_EQ(groups(), "drains:shop>9 ");
}

TEST_F(Scripts, accept_names_the_revision_from_which_it_holds) {
  EXPECT_EQ(client_.run("accept", R"("x":1)").text_at(2), "2");
  EXPECT_EQ(client_.field(kMetaKey, "accepted"), "2");
  EXPECT_EQ(revision(), "2");
}

TEST_F(Scripts, report_node_tells_what_the_others_said) {
  const auto said = [&](const std::string& node, const std::string& report, const std::string& most = "3") {
    std::string out;
    const auto reply =
        client_.run("report_node", R"("node":")" + node + R"(","report":")" + report + R"(","most":)" + most);
    EXPECT_FALSE(reply.is_error()) << reply.text;
    for (std::size_t i = 1; i + 1 < reply.list.size(); i += 2)
      out += reply.text_at(i) + "=" + reply.text_at(i + 1).substr(reply.text_at(i + 1).find(' ') + 1) + ";";
    return out;
  };
  EXPECT_EQ(said("a", "1 7 up to date"), "");
  EXPECT_EQ(said("b", "0 6 one change behind"), "a=1 7 up to date;");
  EXPECT_EQ(said("a", "1 8 up to date"), "b=0 6 one change behind;");
  EXPECT_EQ(said("c", "x", "2"), "a=1 8 up to date;b=0 6 one change behind;") << "no room for it";
  EXPECT_EQ(said("a", "1 8 up to date"), "b=0 6 one change behind;");
  client_.call({"HSET", "{sluice}:nodes", "b", "1000 long ago"});
  client_.call({"HSET", "{sluice}:nodes", "d", "nonsense"});
  EXPECT_EQ(said("a", "1 8 up to date"), "");
  EXPECT_EQ(client_.call({"HLEN", "{sluice}:nodes"}).number, 1);
  EXPECT_EQ(revision(), "1") << "no change of the data set";
}

/// Whoever reaches Redis may write there: what no node wrote goes at once, and what looks like a node is looked at in
/// part.
TEST_F(Scripts, report_node_costs_no_more_than_the_nodes_that_there_may_be) {
  const auto report = [&](const std::string& node) {
    const auto reply = client_.run("report_node", R"("node":")" + node + R"(","report":"1 7 up to date","most":20)");
    EXPECT_FALSE(reply.is_error()) << reply.text;
    EXPECT_LE(reply.list.size(), 41u);
    return reply;
  };
  const auto now = report("own").text_at(0);
  client_.call({"HSET", redis_keys()[kNodesKey], "large", now + " " + std::string(1 << 20, 'x')});
  client_.call({"HSET", redis_keys()[kNodesKey], std::string(9000, 'n'), now + " 1 7 up to date"});
  EXPECT_EQ(report("own").list.size(), 1u);
  EXPECT_EQ(client_.call({"HLEN", redis_keys()[kNodesKey]}).number, 1);
  const std::string longest(4096 + 64, 'p');
  report(longest);
  EXPECT_EQ(report("own").text_at(1), longest);

  std::vector<std::string> rows{"HSET", redis_keys()[kNodesKey]};
  for (int i = 0; i < 5000; ++i) {
    rows.push_back("node" + std::to_string(i));
    rows.push_back(now + " 1 7 up to date");
  }
  client_.call(std::vector<std::string_view>(rows.begin(), rows.end()));
  client_.call({"HSET", redis_keys()[kNodesKey], "own", "1"});
  EXPECT_EQ(report("own").list.size(), 41u);
  EXPECT_NE(client_.field(kNodesKey, "own"), "1") << "a node that is noted goes on being noted";
  report("late");
  EXPECT_EQ(client_.field(kNodesKey, "late"), "") << "no room for it";
}

TEST_F(Scripts, full_server_refuses_whole) {
  client_.call({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_NE(client_.outcome("create_token", token("01", "a")).find("OOM"), std::string::npos);
  client_.call({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(revision(), "1");
  EXPECT_EQ(client_.call({"HLEN", redis_keys()[kMarksKey]}).number, 0);
}

TEST_F(Scripts, stream_is_capped) {
  for (int i = 0; i < 400; ++i)
    ASSERT_EQ(client_.outcome("put_channel", R"("channel":)" + entry("shop", R"("x":1)", std::to_string(i))), "ok");
  EXPECT_LT(client_.call({"XLEN", redis_keys()[kChangesKey]}).number, 300);
}

/// Two writers at once; each script either does its whole work or nothing.
TEST_F(Scripts, of_racing_writers_one_wins_each_time) {
  constexpr int kRounds = 200;
  std::vector<int> wins(2);
  std::vector<std::thread> writers;
  for (std::size_t writer = 0; writer < 2; ++writer)
    writers.emplace_back([&, writer] {
      Client client(server_);
      for (int round = 0; round < kRounds; ++round) {
        const std::string claim = R"(,"claims":["domain:d)" + std::to_string(round) + R"(.com"])";
        const auto name = "app-" + std::to_string(writer) + "-" + std::to_string(round);
        wins[writer] += client.outcome("put_app", R"("app":)" + entry(name, R"("was":"")" + claim)) == "ok" ? 1 : 0;
        const auto same = "token-" + std::to_string(round);
        wins[writer] += client.outcome("create_token", token(same, same)) == "ok" ? 1 : 0;
        wins[writer] += client.outcome("create_drain", drain(same, "100000")) == "ok" ? 1 : 0;
      }
    });
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(wins[0] + wins[1], 3 * kRounds);
  EXPECT_EQ(revision(), std::to_string(1 + 3 * kRounds));
  EXPECT_EQ(client_.call({"HLEN", redis_keys()[kFirstKindKey + kDrain]}).number, kRounds);
}

TEST(ScriptTexts, each_names_its_arguments_and_checks) {
  for (const auto& script : script_texts()) {
    const std::string text = script.text;
    EXPECT_TRUE(text.starts_with("-- ")) << script.name;
    EXPECT_NE(text.find("-- Writes "), std::string::npos) << script.name;
    const std::string_view name = script.name;
    const bool changes = name != "report_node" && name != "read_page" && name != "find_changes";
    EXPECT_EQ(text.find("return commit(function()") != std::string::npos, changes) << script.name;
  }
}

}  // namespace
}  // namespace sluice
