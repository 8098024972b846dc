#include "logplex/cli/view/table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "logplex/cli/view/terminal_text.hpp"

namespace sluice::cli {
namespace {

void append_row(std::string& out, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row += cells[i];
    if (i + 1 < cells.size()) row.append(widths[i] + 2 - display_width(cells[i]), ' ');
  }
  row.erase(row.find_last_not_of(' ') + 1);
  out += row;
  out += '\n';
}

std::string scaled(double value, double step, const std::vector<const char*>& units) {
  std::size_t unit = 0;
  while (value >= step * 0.9995 && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  const int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return fmt::format("{:.{}f}{}", value, digits, units[unit]);
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  for (auto& cell : cells) {
    cell = harmless(cell);
    std::replace(cell.begin(), cell.end(), '\n', ' ');
  }
  rows_.push_back(std::move(cells));
}

std::string Table::str() const {
  std::vector<std::size_t> widths(headings_.size());
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    widths[i] = display_width(headings_[i]);
    for (const auto& row : rows_) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string out;
  append_row(out, headings_, widths);
  for (const auto& row : rows_) append_row(out, row, widths);
  return out;
}

void FactList::add(std::string_view name, std::string_view value) {
  if (!value.empty()) facts_.emplace_back(name, harmless(value));
}

std::string FactList::str() const {
  std::size_t width = 0;
  for (const auto& [name, value] : facts_) width = std::max(width, name.size());
  std::string out;
  for (const auto& [name, value] : facts_) {
    out += fmt::format("{}:{:{}}{}\n", name, "", width + 2 - name.size(), value);
  }
  return out;
}

std::string short_count(std::uint64_t count) {
  if (count < 1000) return std::to_string(count);
  return scaled(static_cast<double>(count), 1000, {"", "k", "M", "G", "T", "P", "E"});
}

std::string short_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  return scaled(static_cast<double>(bytes), 1024, {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"});
}

std::string grouped(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

}  // namespace sluice::cli
