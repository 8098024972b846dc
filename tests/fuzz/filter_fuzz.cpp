// First line: a filter. The rest: a message. A filter reads back from its canonical text, and a term and its negation
// never agree.
#include <cstdint>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/wire/filter.hpp"
#include "logplex/wire/syslog_parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::string_view text = input.substr(0, input.find('\n'));
  const auto filter = sluice::Filter::parse(text);
  if (!filter) {
    SLUICE_CHECK(!filter.error().text().empty());
    return 0;
  }
  const auto again = sluice::Filter::parse(filter->str());
  SLUICE_CHECK(again && again->str() == filter->str());
  const auto line = sluice::parse_or_wrap(input.substr(std::min(text.size() + 1, size)), "-");
  SLUICE_CHECK(again->matches(line) == filter->matches(line));
  const auto negated = sluice::Filter::parse("-" + filter->str());
  const bool one_term = filter->str().find(' ') == std::string::npos && !filter->str().starts_with('-');
  if (!filter->empty() && one_term && negated) SLUICE_CHECK(negated->matches(line) != filter->matches(line));
  return 0;
}
