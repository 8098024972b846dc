#include "logplex/wire/rfc5424_header.hpp"

namespace sluice {
namespace {

/// The layout of a time; 0 is any digit.
constexpr std::string_view kDateTime = "0000-00-00T00:00:00";
constexpr std::string_view kOffset = "+00:00";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_form(std::string_view text, std::string_view form) {
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == '0' ? !is_digit(text[i]) : text[i] != form[i]) return false;
  return true;
}

unsigned two_digits(std::string_view text, std::size_t at) {
  return static_cast<unsigned>(text[at] - '0') * 10 + static_cast<unsigned>(text[at + 1] - '0');
}

bool is_in_range(std::string_view text) {
  const unsigned month = two_digits(text, 5);
  const unsigned day = two_digits(text, 8);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && two_digits(text, 11) < 24 && two_digits(text, 14) < 60 &&
         two_digits(text, 17) < 60;
}

bool is_zone(std::string_view text) {
  if (text == "Z") return true;
  if (text.size() != kOffset.size() || (text[0] != '+' && text[0] != '-')) return false;
  return has_form(text.substr(1), kOffset.substr(1)) && two_digits(text, 1) < 24 && two_digits(text, 4) < 60;
}

}  // namespace

bool fits_rfc5424(std::string_view field, std::size_t most) {
  bool odd = field.empty() || field.size() > most;
  for (const char c : field) odd |= static_cast<unsigned char>(c - 0x21) > 0x7e - 0x21;
  return !odd;
}

bool is_rfc5424_time(std::string_view time) {
  constexpr std::size_t kFractionMax = 6;
  if (!has_form(time.substr(0, kDateTime.size()), kDateTime) || !is_in_range(time)) return false;
  time.remove_prefix(kDateTime.size());
  if (time.starts_with('.')) {
    std::size_t digits = 0;
    while (digits + 1 < time.size() && is_digit(time[digits + 1])) ++digits;
    if (digits == 0 || digits > kFractionMax) return false;
    time.remove_prefix(digits + 1);
  }
  return is_zone(time);
}

bool has_rfc5424_header(const RecordView& record) {
  return is_rfc5424_time(record.time()) && fits_rfc5424(record.host(), kHostMax) &&
         fits_rfc5424(record.source(), kAppNameMax) && fits_rfc5424(record.process(), kProcIdMax) &&
         fits_rfc5424(record.msgid(), kMsgIdMax);
}

}  // namespace sluice
