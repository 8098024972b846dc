#include "logplex/wire/bounded_regex.hpp"

#include <algorithm>

#include <re2/re2.h>

namespace sluice {
namespace {

/// Enough for the program of kMostInstructions and nothing more: a larger one ends the compilation early.
constexpr std::int64_t kTrialMemory = 32 << 10;
/// A program of at most this many instructions is small.
constexpr int kSmall = 100;
/// Memory for program and states: of a small program, and of a larger one. About a third of it holds states.
constexpr std::int64_t kSmallMemory = 96 << 10;
constexpr std::int64_t kLargeMemory = 256 << 10;
/// The cost of filling that memory with states, and of each byte of text, in nanoseconds. Measured 2026-11-28.
constexpr std::uint64_t kFillSmall = 150'000;
constexpr std::uint64_t kFillLarge = 500'000;
constexpr std::uint64_t kPerByte = 2;
constexpr std::uint64_t kPerSearch = 100;
/// How often a search may throw its states away. Expressions with a usual number of states do it once in many lines.
constexpr unsigned kMostResets = 1;

struct GiveUp {};

/// The search under way on this thread.
struct Search {
  bool under_way = false;
  unsigned resets = 0;
};
thread_local Search search_here;

/// RE2 has no way to stop a search, but it calls these hooks. They throw through RE2, which is safe: it holds its locks
/// and memory by objects on the stack, and has changed nothing yet.
void on_states_thrown_away(const re2::hooks::DFAStateCacheReset&) {
  if (search_here.under_way && ++search_here.resets > kMostResets) throw GiveUp();
}

void on_dfa_failed(const re2::hooks::DFASearchFailure&) {
  if (search_here.under_way) throw GiveUp();
}

bool set_hooks() {
  re2::hooks::SetDFAStateCacheResetHook(&on_states_thrown_away);
  re2::hooks::SetDFASearchFailureHook(&on_dfa_failed);
  return true;
}

std::unique_ptr<re2::RE2> compiled(const std::string& text, std::int64_t memory) {
  static const bool kHooksAreSet = set_hooks();
  static_cast<void>(kHooksAreSet);
  re2::RE2::Options options;
  options.set_max_mem(memory);
  options.set_log_errors(false);
  return std::make_unique<re2::RE2>(text, options);
}

/// The larger of both directions; a search may need either.
int size_of(const re2::RE2& regex) {
  const int backwards = regex.ReverseProgramSize();
  return backwards < 0 ? BoundedRegex::kMostInstructions + 1 : std::max(regex.ProgramSize(), backwards);
}

constexpr const char* kTooDear = "this regular expression is too large: it may have at most 500 instructions";

}  // namespace

BoundedRegex::~BoundedRegex() = default;

std::shared_ptr<const BoundedRegex> BoundedRegex::compile(const std::string& text, Refusal& refusal) {
  auto regex = compiled(text, kTrialMemory);
  if (!regex->ok()) {
    const bool large = regex->error_code() == re2::RE2::ErrorPatternTooLarge;
    refusal = large ? Refusal{Fault::kTooDear, kTooDear}
                    : Refusal{Fault::kSyntax, "bad regular expression: " + regex->error()};
    return nullptr;
  }
  const std::shared_ptr<BoundedRegex> made(new BoundedRegex());
  made->instructions_ = size_of(*regex);
  const std::int64_t memory = made->instructions_ <= kSmall ? kSmallMemory : kLargeMemory;
  made->regex_ = compiled(text, memory);
  made->memory_ = static_cast<std::size_t>(memory);
  std::uint64_t work = 0;
  // A search that gives up at once has too many states for its memory.
  if (made->instructions_ <= kMostInstructions && made->search("-", work) != Found::kGaveUp) return made;
  refusal = {Fault::kTooDear, kTooDear};
  return nullptr;
}

BoundedRegex::Found BoundedRegex::search(std::string_view text, std::uint64_t& work) const {
  search_here = {true, 0};
  Found found = Found::kGaveUp;
  try {
    found = regex_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0) ? Found::kYes : Found::kNo;
  } catch (const GiveUp&) {
  }
  search_here.under_way = false;
  const std::uint64_t fill = instructions_ <= kSmall ? kFillSmall : kFillLarge;
  work += kPerSearch + kPerByte * text.size() + fill * search_here.resets;
  return found;
}

}  // namespace sluice
