#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "router/answer.hpp"
#include "router/exchange.hpp"
#include "router/http1/head_block.hpp"
#include "tests/unit/router/http1/codec_support.hpp"
#include "tests/unit/router/proxy_harness.hpp"

// Second implementations of the router's seams: a client protocol with many requests at once that is not HTTP/1, and
// something that answers requests by itself.

namespace sluice::router {

class ScriptedClient;

/// One of a ScriptedClient's requests: its number stands for a stream of HTTP/2.
class ScriptedStream final : public ClientSide {
 public:
  ScriptedStream(ScriptedClient& client, int number) : client_(client), number_(number) {}

  std::size_t send_interim(const ResponseHead& head) override;
  std::size_t send_head(const ResponseHead& head, std::string_view body, bool keep) override;
  std::size_t send_body(std::string_view bytes) override;
  std::size_t send_continue() override;
  bool blocked() const override { return window == 0; }
  bool take_share_of(AppSlot) override { return true; }
  bool may_be_gone() const override { return false; }
  bool has_taken_all() const override { return true; }
  void finish_sending() override {}
  void read_more() override { ++asked_for_more; }
  void become_tunnel() override {}
  void on_exchange_end(ExchangeEnd end) override;

  Exchange* exchange = nullptr;
  std::size_t window = 1 << 20;  // bytes that the client takes; 0 = none now
  int asked_for_more = 0;
  std::string content;

 private:
  std::size_t say(const std::string& what);

  ScriptedClient& client_;
  const int number_;
};

/// The connection: it writes down what its requests get, in the order in which it would send that.
class ScriptedClient {
 public:
  explicit ScriptedClient(ProxyHarness& harness) : harness_(harness) {}

  /// Sends a request with these fields. `open_ended`: a body follows, of a length that nobody knows.
  ScriptedStream& request(const std::string& method, const std::string& target,
                          const std::vector<std::pair<std::string, std::string>>& fields = {},
                          bool open_ended = false) {
    const int number = 2 * static_cast<int>(streams_.size()) + 1;
    auto& stream = *streams_.emplace_back(std::make_unique<ScriptedStream>(*this, number));
    RequestHead head;
    block_.clear();
    head.method_at = block_.put(method);
    head.target_at = block_.put(target);
    head.authority_at = block_.put("app.test");
    head.host = "app.test";
    head.version = HttpVersion::k2;
    head.open_ended = open_ended;
    for (const auto& [name, value] : fields) EXPECT_EQ(block_.add(name, value), http1::HeadError::kNone);
    block_.show_in(head);
    ForwardFacts facts;
    facts.client_address = "192.0.2.7";
    stream.exchange = &harness_.proxy->take_exchange();
    if (stream.exchange->begin(stream, head, facts)) stream.exchange->start({}, !open_ended);
    return stream;
  }
  /// Everything that was sent so far, and forgets it.
  std::string sent() { return std::exchange(sent_, {}); }
  void say(int number, const std::string& what) { sent_ += std::to_string(number) + " " + what + "\n"; }

 private:
  ProxyHarness& harness_;
  http1::HeadBlock block_{http1::wide_limits()};
  std::vector<std::unique_ptr<ScriptedStream>> streams_;
  std::string sent_;
};

inline std::size_t ScriptedStream::say(const std::string& what) {
  client_.say(number_, what);
  return what.size();
}

inline std::size_t ScriptedStream::send_interim(const ResponseHead& head) {
  return say("interim " + std::string(head.status_and_reason()));
}

inline std::size_t ScriptedStream::send_head(const ResponseHead& head, std::string_view body, bool) {
  std::string what = "head " + std::to_string(head.status);
  for (const Field& field : head.fields)
    if (kEndToEnd.has(field.kind))
      what += " " + std::string(head.text(field.name)) + "=" + std::string(head.text(field.value));
  const std::size_t size = say(what);
  return body.empty() ? size : size + send_body(body);
}

inline std::size_t ScriptedStream::send_body(std::string_view bytes) {
  content += bytes;
  return say("data " + std::string(bytes));
}

inline std::size_t ScriptedStream::send_continue() { return say("interim 100"); }

inline void ScriptedStream::on_exchange_end(ExchangeEnd end) {
  exchange = nullptr;
  say(end == ExchangeEnd::kAbort ? "reset" : "end");
}

/// A rule that hands requests of some targets to something else.
class ScriptedRules final : public RuleSource {
 public:
  using Decide = std::function<Decision(const RequestHead&)>;

  explicit ScriptedRules(Decide decide) : decide_(std::move(decide)) {}
  RequestRules rules_of(const AppEntry&) override {
    ++made;
    RequestRules rules;
    rules.push_back(std::make_unique<Rule>(decide_));
    return rules;
  }
  int made = 0;

 private:
  class Rule final : public RequestRule {
   public:
    explicit Rule(Decide decide) : decide_(std::move(decide)) {}
    Decision decide(const RequestHead& request, const ForwardFacts&) override { return decide_(request); }

   private:
    Decide decide_;
  };

  Decide decide_;
};

/// Answers by itself: at once, with what it is told, or step by step as the test asks for it.
class ScriptedResponder final : public Responder {
 public:
  bool begin(Exchange& exchange, std::string_view body, bool complete) override {
    exchange_ = &exchange;
    target = exchange.request().target();
    send_body(body, complete);
    if (at_once) answer("200 OK", "at once");
    return takes_request;
  }
  bool send_body(std::string_view bytes, bool complete) override {
    request_body += bytes;
    request_complete = complete;
    return takes_request;
  }
  bool blocked() const override { return is_blocked; }
  void pause() override { paused = true; }
  void resume() override { paused = false; }
  void finish_sending() override {}
  void release(bool) override { ++released; }
  void close() override { ++closed; }

  /// A whole response.
  void answer(std::string_view status_and_reason, std::string_view body) {
    answer_.begin(static_cast<unsigned>(std::stoul(std::string(status_and_reason))), status_and_reason);
    answer_.add("X-By", "us");
    answer_.finish(body, exchange_->request().to_head());
    exchange_->on_response(answer_.head(), answer_.body(), true);
  }
  /// The head of a response whose length nobody knows.
  void begin_answer() {
    answer_.begin(200, "200 OK");
    answer_.finish({}, false);
    ResponseHead head = answer_.head();
    head.has_length = false;
    exchange_->on_response(head, {}, false);
  }
  Exchange& exchange() { return *exchange_; }

  bool at_once = false;
  bool takes_request = true;
  bool is_blocked = false;
  bool paused = false;
  bool request_complete = false;
  int released = 0;
  int closed = 0;
  std::string target;
  std::string request_body;

 private:
  Exchange* exchange_ = nullptr;
  Answer answer_;
};

}  // namespace sluice::router
