// kill -9 at any moment: the configuration is as it was, or as it was asked to become.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

#include "logplex/store/sqlite/store_core.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

constexpr int kApps = 7;

/// Step n turns app n mod 7 into generation n, with a channel, a token, a drain and a domain that say so.
std::vector<Change> step_changes(std::uint64_t n) {
  const std::string name = "app-" + std::to_string(n % kApps);
  const std::string generation = std::to_string(n);
  std::vector<Change> changes;
  changes.push_back(PutApp{name, {"g" + generation + ".com"}, {}, {}});
  changes.push_back(PutChannel{name, generation, {}, {{{"source-" + generation, {1, n}, n}}}});
  return changes;
}

/// Applies one batch after the other, and reports each number before it begins and after it is done.
[[noreturn]] void run_child(const std::string& path, int report) {
  auto core = StoreCore::open(path, {});
  if (core.has_error()) _exit(3);
  // Every step raises the revision by two.
  for (std::uint64_t n = core->config().revision() / 2;; ++n) {
    const auto batch = core->apply(step_changes(n));
    if (!batch.wrote) _exit(4);
    if (write(report, &n, sizeof n) != sizeof n) _exit(0);
  }
}

/// The last number that the child reported as done before it was killed after `time`.
std::optional<std::uint64_t> kill_after(const std::string& path, std::chrono::microseconds time) {
  int ends[2];
  if (pipe(ends) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    run_child(path, ends[1]);
  }
  close(ends[1]);
  std::optional<std::uint64_t> last;
  std::uint64_t n = 0;
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd readable{ends[0], POLLIN, 0};
    if (left.count() <= 0 || poll(&readable, 1, static_cast<int>(left.count())) <= 0) break;
    if (read(ends[0], &n, sizeof n) != sizeof n) break;
    last = n;
  }
  kill(child, SIGKILL);
  while (read(ends[0], &n, sizeof n) == sizeof n) last = n;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
  return last;
}

/// Everything in the configuration must be what `steps` whole steps make of it.
void expect_whole_steps(const ConfigSnapshot& config, std::uint64_t steps) {
  EXPECT_EQ(config.revision(), steps * 2);
  EXPECT_EQ(config.app_count(), std::min<std::uint64_t>(steps, kApps));
  EXPECT_EQ(config.token_count(), std::min<std::uint64_t>(steps, kApps));
  for (std::uint64_t n = steps < kApps ? 0 : steps - kApps; n < steps; ++n) {
    const auto* app = config.app_by_host("g" + std::to_string(n) + ".com");
    ASSERT_NE(app, nullptr) << n;
    EXPECT_EQ(config.channel(app->app.name)->channel.name, std::to_string(n));
    const auto* token = config.token({1, n});
    ASSERT_NE(token, nullptr) << n;
    EXPECT_EQ(token->source(), "source-" + std::to_string(n));
  }
}

TEST(StoreCrash, killed_at_any_moment_it_holds_whole_steps) {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/config.db";
  SeededRng rng(5);
  std::uint64_t steps = 0;
  // On a machine that has much else to do a child may get nothing done in its time.
  for (int round = 0; round < 40 || (steps <= 20 && round < 2000); ++round) {
    const auto last = kill_after(path, std::chrono::microseconds(500 + rng.below(60'000)));
    auto core = StoreCore::open(path, {});
    ASSERT_TRUE(core.has_value()) << core.error().text();
    const auto revision = core->config().revision();
    ASSERT_EQ(revision % 2, 0U);
    if (last) {
      // What was reported is there; one more may be, which was asked for but not reported.
      EXPECT_GE(revision / 2, *last + 1);
      EXPECT_LE(revision / 2, *last + 2);
    }
    EXPECT_GE(revision / 2, steps);
    steps = revision / 2;
    expect_whole_steps(core->config(), steps);
    EXPECT_EQ(core->status().quarantined_count, 0U);
  }
  EXPECT_GT(steps, 20U);
}

}  // namespace
}  // namespace sluice
