#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

/// A histogram of durations, in Prometheus buckets. count() costs a few instructions. One thread.
class TimeHistogram {
 public:
  /// Upper bounds of the buckets, in seconds. One more bucket holds what is above the last.
  static constexpr std::array<double, 13> kBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                     0.02,   0.05,    0.1,    0.25,  1,      5};

  void count(double seconds) {
    std::size_t step = 0;
    while (step < kBounds.size() && seconds > kBounds[step]) ++step;
    ++steps_[step];
    sum_ += seconds;
  }
  const std::array<std::uint64_t, kBounds.size() + 1>& steps() const { return steps_; }
  double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> steps_{};
  double sum_ = 0;
};

/// A sample's value. Whole numbers above 2^53 lose their last digits.
class MetricValue {
 public:
  template <class Number>
  requires std::is_arithmetic_v<Number> MetricValue(Number value)
      : value_(static_cast<double>(value)) {}  // implicit: counters stand in calls as they are
  double value() const { return value_; }

 private:
  double value_;
};

/// Collects one scrape of /metrics. Components keep plain counters on their shard; at a scrape each shard adds its
/// values here in one turn. Samples with the same name and labels are summed, and the text is written once.
///
/// Names: sluice_<part>_<what>_<unit>_total for counters. Labels are few and their values bounded (never a channel
/// or host; a drain only of a few). One thread at a time.
class MetricsPage {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void counter(std::string_view name, std::string_view help, MetricValue value, Labels labels = {});
  void gauge(std::string_view name, std::string_view help, MetricValue value, Labels labels = {});
  /// Histograms with the same name are summed.
  void histogram(std::string_view name, std::string_view help, const TimeHistogram& times);

  /// Adds all samples of another page, such as another shard's.
  void merge(const MetricsPage& other);
  /// Prometheus text format 0.0.4.
  std::string text() const;

 private:
  enum class Kind : std::uint8_t { kCounter, kGauge, kHistogram };
  struct Sample {
    Labels labels;
    double value;                      // a histogram's sum
    std::vector<std::uint64_t> steps;  // of a histogram
  };
  struct Family {
    std::string name;
    std::string help;
    Kind kind;
    std::vector<Sample> samples;
  };

  void add(Kind kind, std::string_view name, std::string_view help, double value, Labels labels);
  void add_histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> steps, double sum);
  Family& family(Kind kind, std::string_view name, std::string_view help);

  std::vector<Family> families_;
};

}  // namespace sluice
