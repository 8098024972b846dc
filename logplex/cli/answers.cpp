#include "logplex/cli/answers.hpp"

#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/terminal_text.hpp"
#include "logplex/wire/json_text.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostPages = 100'000;

/// Moves the items of one page to the end of `all`; the cursor of the next page, or "".
std::string take_page(json::value& page, json::array& all) {
  json::array* items = page.if_array();
  const auto* found = member(page, "items");
  if (items == nullptr && found != nullptr) items = page.as_object()["items"].if_array();
  if (items == nullptr) return {};
  for (auto& item : *items) all.push_back(std::move(item));
  return text_at(page, "next");
}

}  // namespace

result<json::value, Error> ask(CommandRun& run, const ApiRequest& request) {
  SLUICE_TRY(const auto answer, call_api(run.api, request));
  if (answer.body.find_first_not_of(" \r\n") == std::string::npos) return json::value(nullptr);
  return read_json(answer.body);
}

result<json::array, Error> ask_for_all(CommandRun& run, const std::string& target) {
  json::array all;
  std::string next;
  for (std::size_t pages = 0; pages < kMostPages; ++pages) {
    ApiRequest request;
    request.target = target;
    add_query(request.target, "cursor", next);
    SLUICE_TRY(auto page, ask(run, request));
    std::string following = take_page(page, all);
    if (following.empty() || following == next) return all;
    next = std::move(following);
  }
  return failure("the server's list has too many pages");
}

result<void, Error> print_json(CommandRun& run, const json::value& value) {
  return run.print((value.is_null() ? "{}" : harmless_json(json_text(value))) + "\n");
}

result<void, Error> report(CommandRun& run, const json::value& value, std::string_view sentence) {
  if (run.arguments.json) return print_json(run, value);
  return run.print(std::string(sentence) + "\n");
}

result<std::string, Error> id_of(const json::array& items, std::string_view wanted) {
  std::string id;
  for (const auto& item : items) {
    if (text_at(item, "id") == wanted) return std::string(wanted);
    const bool matches =
        text_at(item, "name") == wanted || text_at(item, "token") == wanted || text_at(item, "url") == wanted;
    if (!matches) continue;
    if (!id.empty()) return usage_error("'" + std::string(wanted) + "' is not unique; give the id from the list");
    id = text_at(item, "id");
  }
  return id.empty() ? std::string(wanted) : id;
}

}  // namespace sluice::cli
