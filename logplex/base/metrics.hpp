#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// Collects one scrape of /metrics. Components keep plain counters on their shard; at a scrape each shard adds its
/// values here in one turn, samples with the same name and labels are summed, and the text is written once.
///
/// Names: sluice_<part>_<what>_<unit>_total for counters. Labels are few and their values bounded (never a channel
/// or host; a drain only of a few). One thread at a time.
class MetricsPage {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});

  /// Adds all samples of another page, as from another shard.
  void merge(const MetricsPage& other);
  /// Prometheus text format 0.0.4.
  std::string text() const;

 private:
  enum class Kind : std::uint8_t { kCounter, kGauge };
  struct Sample {
    Labels labels;
    double value;
  };
  struct Family {
    std::string name;
    std::string help;
    Kind kind;
    std::vector<Sample> samples;
  };

  void add(Kind kind, std::string_view name, std::string_view help, double value, Labels labels);
  Family& family(Kind kind, std::string_view name, std::string_view help);

  std::vector<Family> families_;
};

}  // namespace sluice
