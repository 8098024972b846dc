#include "logplex/base/metrics.hpp"

#include <algorithm>

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
    samples.push_back({std::move(labels), value});
}

void MetricsPage::counter(std::string_view name, std::string_view help, double value, Labels labels) {
  add(Kind::kCounter, name, help, value, std::move(labels));
}

void MetricsPage::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  add(Kind::kGauge, name, help, value, std::move(labels));
}

void MetricsPage::merge(const MetricsPage& other) {
  for (const Family& family : other.families_) {
    for (const Sample& sample : family.samples) add(family.kind, family.name, family.help, sample.value, sample.labels);
  }
}

std::string MetricsPage::text() const {
  std::vector<prometheus::MetricFamily> families;
  for (const Family& family : families_) {
    prometheus::MetricFamily out;
    out.name = family.name;
    out.help = family.help;
    out.type = family.kind == Kind::kCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (const Sample& sample : family.samples) {
      auto& metric = out.metric.emplace_back();
      for (const auto& [key, value] : sample.labels) metric.label.push_back({key, value});
      metric.counter.value = sample.value;
      metric.gauge.value = sample.value;
    }
    families.push_back(std::move(out));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sluice
