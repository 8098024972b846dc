#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

/// Rows of text in aligned columns. Cells come from the server, so add() makes them harmless for a terminal.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  void add(std::vector<std::string> cells);
  /// Each row ends with a newline and has no trailing blanks. Without rows, only the headings.
  std::string str() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

/// "name: value" lines with aligned values. Leaves out empty values.
class FactList {
 public:
  void add(std::string_view name, std::string_view value);
  std::string str() const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

/// 999, 12.3k, 4.56M: three significant digits.
std::string short_count(std::uint64_t count);
/// 17 B, 64.0 KiB, 1.2 GiB.
std::string short_bytes(std::uint64_t bytes);
/// 1234567 as 1,234,567.
std::string grouped(std::uint64_t count);

}  // namespace sluice::cli
