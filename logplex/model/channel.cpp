#include "logplex/model/channel.hpp"

#include <charconv>

namespace sluice {

std::uint64_t new_incarnation(Rng& rng) {
  const auto number = rng.next();
  return number == 0 ? 1 : number;  // 0 means that a channel has none
}

std::string token_text(char kind, const Uuid& value) { return std::string{kind, '.'} + value.str(); }

std::optional<Uuid> parse_token(char kind, std::string_view text) {
  if (text.size() != Uuid::kTextSize + 2 || text[0] != kind || text[1] != '.') return std::nullopt;
  return Uuid::parse(text.substr(2));
}

std::string format_token_id(std::uint64_t id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(16, '0');
  for (auto at = out.rbegin(); at != out.rend(); ++at, id >>= 4) *at = kDigits[id & 15];
  return out;
}

std::optional<std::uint64_t> parse_token_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  const bool whole = ec == std::errc() && end == text.data() + text.size();
  return whole && format_token_id(id) == text ? std::optional(id) : std::nullopt;
}

}  // namespace sluice
