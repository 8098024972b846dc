#include "logplex/base/metrics.hpp"

#include <algorithm>
#include <limits>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace sluice {

MetricsPage::Family& MetricsPage::family(Kind kind, std::string_view name, std::string_view help) {
  const auto known =
      std::find_if(families_.begin(), families_.end(), [&](const Family& family) { return family.name == name; });
  if (known != families_.end()) return *known;
  return families_.emplace_back(Family{std::string(name), std::string(help), kind, {}});
}

void MetricsPage::add(Kind kind, std::string_view name, std::string_view help, double value, Labels labels) {
  auto& samples = family(kind, name, help).samples;
  const auto same =
      std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) { return sample.labels == labels; });
  if (same != samples.end())
    same->value += value;
  else
    samples.push_back({std::move(labels), value, {}});
}

void MetricsPage::histogram(std::string_view name, std::string_view help, const TimeHistogram& times) {
  add_histogram(name, help, times.steps(), times.sum());
}

void MetricsPage::add_histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> steps,
                                double sum) {
  auto& samples = family(Kind::kHistogram, name, help).samples;
  if (samples.empty()) samples.push_back({{}, 0, std::vector<std::uint64_t>(steps.size())});
  samples[0].value += sum;
  for (std::size_t i = 0; i < steps.size(); ++i) samples[0].steps[i] += steps[i];
}

void MetricsPage::counter(std::string_view name, std::string_view help, MetricValue value, Labels labels) {
  add(Kind::kCounter, name, help, value.value(), std::move(labels));
}

void MetricsPage::gauge(std::string_view name, std::string_view help, MetricValue value, Labels labels) {
  add(Kind::kGauge, name, help, value.value(), std::move(labels));
}

void MetricsPage::merge(const MetricsPage& other) {
  for (const Family& family : other.families_) {
    for (const Sample& sample : family.samples) {
      if (family.kind == Kind::kHistogram)
        add_histogram(family.name, family.help, sample.steps, sample.value);
      else
        add(family.kind, family.name, family.help, sample.value, sample.labels);
    }
  }
}

namespace {

/// Prometheus buckets are cumulative: each also counts what is in the buckets below it.
void write_steps(const std::vector<std::uint64_t>& steps, double sum, prometheus::ClientMetric::Histogram& out) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    out.sample_count += steps[i];
    const bool last = i == TimeHistogram::kBounds.size();
    out.bucket.push_back(
        {out.sample_count, last ? std::numeric_limits<double>::infinity() : TimeHistogram::kBounds[i]});
  }
  out.sample_sum = sum;
}

}  // namespace

std::string MetricsPage::text() const {
  std::vector<prometheus::MetricFamily> families;
  for (const Family& family : families_) {
    prometheus::MetricFamily out;
    out.name = family.name;
    out.help = family.help;
    constexpr prometheus::MetricType kTypes[] = {prometheus::MetricType::Counter, prometheus::MetricType::Gauge,
                                                 prometheus::MetricType::Histogram};
    out.type = kTypes[static_cast<std::size_t>(family.kind)];
    for (const Sample& sample : family.samples) {
      auto& metric = out.metric.emplace_back();
      for (const auto& [key, value] : sample.labels) metric.label.push_back({key, value});
      metric.counter.value = sample.value;
      metric.gauge.value = sample.value;
      if (family.kind == Kind::kHistogram) write_steps(sample.steps, sample.value, metric.histogram);
    }
    families.push_back(std::move(out));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sluice
