#include "logplex/api/frame/answer.hpp"

#include <stdexcept>

#include "logplex/model/config_error.hpp"
#include "logplex/wire/error.hpp"
#include "logplex/wire/json_text.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

unsigned status_of(const error_code& code) {
  if (code == ConfigError::kForbidden) return 403;
  if (code == ConfigError::kNotFound) return 404;
  if (code == ConfigError::kConflict) return 409;
  if (code == ConfigError::kLimit) return 422;
  if (code == ConfigError::kInvalid) return 400;
  if (code == ConfigError::kUnavailable) return 503;
  return 500;
}

}  // namespace

ApiAnswer json_answer(unsigned status, const json::value& body) {
  ApiAnswer answer;
  answer.status = status;
  answer.body = json_text(body);
  answer.body += '\n';
  return answer;
}

ApiAnswer error_answer(unsigned status, std::string_view sentence, std::string_view field) {
  json::object body{{"error", sentence}};
  if (!field.empty()) body["field"] = field;
  return json_answer(status, body);
}

ApiAnswer text_answer(unsigned status, std::string_view text) {
  ApiAnswer answer;
  answer.status = status;
  answer.content_type = "text/plain";
  answer.body = text;
  return answer;
}

ApiAnswer list_answer(json::array items, std::string_view next) {
  json::value cursor;
  if (!next.empty()) cursor = next;
  return json_answer(200, json::object{{"items", std::move(items)}, {"next", std::move(cursor)}});
}

ApiAnswer no_content() {
  ApiAnswer answer;
  answer.status = 204;
  answer.content_type = {};
  return answer;
}

ApiAnswer streamed_answer() {
  ApiAnswer answer;
  answer.streamed = true;
  return answer;
}

ApiAnswer answer_for(const Error& error, std::string_view field) {
  const unsigned status = status_of(error.code);
  auto answer = error_answer(status, error.text(), field);
  if (status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

ApiAnswer BadInput::answer() const {
  auto answer = error_answer(status, sentence, field);
  if (status == 429 || status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

ApiAnswer share_is_taken() {
  auto answer = error_answer(
      429, "this key and those that share its limits have too many calls and tails open; close some of them");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

void throw_exception_from_error(const BadInput& bad, const boost::source_location&) {
  throw std::runtime_error(bad.field.empty() ? bad.sentence : bad.field + ": " + bad.sentence);
}

BadInput bad_filter(const Error& error) {
  return {error.text(), "filter", error.code == WireError::kDearFilter ? 422U : 400U};
}

}  // namespace sluice::api
