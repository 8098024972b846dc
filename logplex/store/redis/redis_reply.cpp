#include "logplex/store/redis/redis_reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <hiredis/hiredis.h>

#include "logplex/base/check.hpp"
#include "logplex/net/net_error.hpp"

namespace sluice {
namespace {

constexpr int kMostElements = 4'000'000;

const std::string kNothing;

using Kind = RedisReply::Kind;

Kind kind_of_task(int type) {
  switch (type) {
    case REDIS_REPLY_STRING:
      return Kind::kText;
    case REDIS_REPLY_STATUS:
      return Kind::kStatus;
    case REDIS_REPLY_ERROR:
      return Kind::kError;
    default:
      return Kind::kNil;
  }
}

/// Creates a value at the end of its list, or as the top of the reply. Pointers into a list stay valid: hiredis
/// completes one element before it begins the next.
RedisReply* place(const redisReadTask* task) {
  if (task->parent == nullptr) return new RedisReply;
  auto& list = static_cast<RedisReply*>(task->parent->obj)->list;
  return &list.emplace_back();
}

void* make_text(const redisReadTask* task, char* text, std::size_t size) {
  auto* reply = place(task);
  reply->kind = kind_of_task(task->type);
  reply->text.assign(text, size);
  return reply;
}

void* make_list(const redisReadTask* task, int elements) {
  if (elements < 0 || elements > kMostElements) return nullptr;
  auto* reply = place(task);
  reply->kind = Kind::kList;
  return reply;
}

void* make_number(const redisReadTask* task, long long value) {
  auto* reply = place(task);
  reply->kind = Kind::kNumber;
  reply->number = value;
  return reply;
}

void* make_nil(const redisReadTask* task) { return place(task); }

/// hiredis frees only the top of a reply, which owns the rest.
void free_reply(void* reply) { delete static_cast<RedisReply*>(reply); }

redisReplyObjectFunctions functions{make_text, make_list, make_number, make_nil, free_reply};

}  // namespace

std::string_view RedisReply::error_code() const {
  return is_error() ? std::string_view(text).substr(0, text.find(' ')) : std::string_view();
}

bool RedisReply::is_not_now() const {
  static constexpr std::array<std::string_view, 9> kCodes{"MOVED",   "ASK",  "TRYAGAIN",   "CLUSTERDOWN", "READONLY",
                                                          "LOADING", "BUSY", "MASTERDOWN", "NOREPLICAS"};
  return std::find(kCodes.begin(), kCodes.end(), error_code()) != kCodes.end();
}

std::optional<HostPort> RedisReply::moved_to(const std::string& asked) const {
  if (error_code() != "MOVED") return std::nullopt;
  // "MOVED 3999 127.0.0.1:6381"; an IPv6 address has no brackets.
  const auto place = std::string_view(text).substr(text.rfind(' ') + 1);
  const auto colon = place.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : parse_decimal(place.substr(colon + 1));
  if (!port || *port == 0 || *port > 65'535) return std::nullopt;
  const auto host = place.substr(0, colon);
  return HostPort{host.empty() || host == "?" ? asked : std::string(host), static_cast<std::uint16_t>(*port)};
}

const std::string& RedisReply::text_at(std::size_t index) const {
  return index < list.size() ? list[index].text : kNothing;
}

std::uint64_t RedisReply::number_at(std::size_t index) const {
  if (index >= list.size()) return 0;
  if (list[index].kind == Kind::kNumber)
    return static_cast<std::uint64_t>(std::max<std::int64_t>(list[index].number, 0));
  return parse_decimal(list[index].text).value_or(0);
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string format_command(const std::vector<std::string_view>& parts) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto part : parts) {
    texts.push_back(part.data() == nullptr ? "" : part.data());
    sizes.push_back(part.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(parts.size()), texts.data(), sizes.data());
  SLUICE_CHECK(size >= 0);
  std::string out(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
  return out;
}

void RedisReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

RedisReplyReader::RedisReplyReader(std::size_t max_bytes)
    : max_bytes_(max_bytes), reader_(redisReaderCreateWithFunctions(&functions)) {
  SLUICE_CHECK(reader_ != nullptr);
}

RedisReplyReader::~RedisReplyReader() = default;

void RedisReplyReader::feed(std::string_view bytes) {
  pending_bytes_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

result<std::optional<RedisReply>, Error> RedisReplyReader::next() {
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK)
    return Error{NetError::kMalformed, std::string("Redis broke its protocol: ") + reader_->errstr};
  if (made == nullptr && pending_bytes_ > max_bytes_)
    return Error{NetError::kBodyTooLarge, "an answer of Redis has more than " + std::to_string(max_bytes_) + " bytes"};
  if (made == nullptr) return std::optional<RedisReply>();
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(made));
  pending_bytes_ = reader_->len - reader_->pos;
  return std::optional<RedisReply>(std::move(*reply));
}

}  // namespace sluice
