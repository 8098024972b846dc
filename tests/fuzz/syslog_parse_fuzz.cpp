// Every view lies within the message, and a line written in full parses to the same line.
#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/passed_element.hpp"
#include "logplex/wire/render.hpp"
#include "logplex/wire/rfc5424_header.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace {

void check_within(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  SLUICE_CHECK(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_round_trip(const sluice::LineView& line) {
  const sluice::OwnedRecord record(line);
  const auto size = sluice::rfc5424_size(record.view(), sluice::Newline::kAsIs);
  std::string text(size, '\0');
  SLUICE_CHECK(sluice::write_rfc5424(record.view(), sluice::Newline::kAsIs, text.data()) == text.data() + size);
  const auto again = sluice::parse_syslog(text);
  SLUICE_CHECK(again && again->pri == line.pri && again->text == line.text);
  // What RFC 5424 does not allow in a header is mended.
  if (sluice::has_rfc5424_header(record.view()))
    SLUICE_CHECK(again->source == record.view().source() && again->process == record.view().process());
  std::string json(sluice::json_line_size(record.view(), ""), '\0');
  SLUICE_CHECK(sluice::write_json_line(record.view(), "", json.data()) == json.data() + json.size());
}

/// What is left has no element of ours, and what we write is read as it was.
void check_passed(std::string_view elements) {
  std::string others;
  sluice::PassedLogs logs;
  const bool few = sluice::take_passed_elements(elements, others, logs);
  std::string again;
  sluice::append_passed_element(again, {}, logs.view());
  std::string_view left = elements;
  std::string rest;
  sluice::PassedLogs none;
  SLUICE_CHECK(sluice::take_passed_elements(left, rest, none) && none.ids().empty() && left == elements);
  std::string_view told = again;
  sluice::PassedLogs same;
  SLUICE_CHECK(sluice::take_passed_elements(told, rest, same));
  if (few && !logs.contains(0)) SLUICE_CHECK(same == logs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(bytes), std::min<std::size_t>(size, 60000));
  const sluice::LineView line = sluice::parse_or_wrap(message, "2026-01-02T03:04:05.000000+00:00");
  for (const std::string_view part :
       {line.host, line.source, line.process, line.msgid, line.structured_data, line.text})
    check_within(part, message);
  sluice::find_token(message);
  if (!line.structured_data.empty()) check_passed(line.structured_data);
  check_round_trip(line);
  return 0;
}
