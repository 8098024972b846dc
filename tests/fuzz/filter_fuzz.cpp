// First line: a filter. The rest: a message. A filter reads back from its canonical text, a term and its negation never
// agree, and no line costs more than a bounded amount of work.
#include <cstdint>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/wire/filter.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace {

/// Of one line, in about nanoseconds.
constexpr std::uint64_t kMostWork = 15'000'000;

}  // namespace

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
  sluice::Filter::Tally tally;
  const bool matches = filter->matches(line, tally);
  SLUICE_CHECK(tally.work < kMostWork);
  SLUICE_CHECK(tally.gave_up == 0 || !matches);
  const bool matches_again = again->matches(line, tally);
  SLUICE_CHECK(tally.work < 2 * kMostWork);
  const auto negated = sluice::Filter::parse("-" + filter->str());
  const bool one_term = filter->str().find(' ') == std::string::npos && !filter->str().starts_with('-');
  // Whether a search gives up depends on the states that earlier lines left.
  const bool negation = negated && negated->matches(line, tally);
  if (tally.gave_up != 0) return 0;
  SLUICE_CHECK(matches == matches_again);
  if (!filter->empty() && one_term && negated) SLUICE_CHECK(negation != matches);
  return 0;
}
