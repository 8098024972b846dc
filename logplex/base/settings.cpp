#include "logplex/base/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "logplex/base/settings_table.hpp"

namespace sluice {
namespace {

Error bad(std::string message) { return {make_error_code(boost::system::errc::invalid_argument), std::move(message)}; }

const SettingRow* find_row(std::string_view name) {
  const auto table = settings_table();
  const auto row = std::find_if(table.begin(), table.end(), [&](const SettingRow& r) { return r.name == name; });
  return row == table.end() ? nullptr : &*row;
}

bool is_secret(const SettingRow& row) { return std::holds_alternative<Secret* (*)(Settings&)>(row.field); }

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    auto part = text.substr(0, end);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// "25%" of RAM for memory_budget, at most 4 GiB.
Bytes share_of_memory(std::uint64_t percent) {
  const auto ram =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
  return std::min(Bytes{ram / 100 * percent}, 4_GiB);
}

result<Bytes, Error> read_size(std::string_view text) {
  std::uint64_t percent = 0;
  if (!text.ends_with('%')) return parse_bytes(text);
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size() - 1, percent);
  if (failed != std::errc{} || end != text.data() + text.size() - 1 || percent == 0 || percent > 100)
    return bad("'" + std::string(text) + "' is not a share of memory (1% to 100%)");
  return share_of_memory(percent);
}

result<std::uint64_t, Error> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size())
    return bad("'" + std::string(text.substr(0, 64)) + "' is not a whole number");
  return number;
}

result<bool, Error> read_flag(std::string_view text) {
  if (text == "true" || text == "1" || text == "on") return true;
  if (text == "false" || text == "0" || text == "off") return false;
  return bad("'" + std::string(text.substr(0, 64)) + "' is not true or false");
}

/// Checks "LOW..HIGH" with the row's own reader.
template <class T, class Reader>
result<void, Error> check_bounds(const T& value, std::string_view bounds, Reader read) {
  const auto dots = bounds.find("..");
  if (dots == std::string_view::npos) return {};
  SLUICE_TRY(const T low, read(bounds.substr(0, dots)));
  SLUICE_TRY(const T high, read(bounds.substr(dots + 2)));
  if (value < low || value > high) return bad("is out of bounds");
  return {};
}

result<void, Error> check_word(std::string_view value, std::string_view words) {
  if (words.empty()) return {};
  const auto allowed = split(words, '|');
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) return bad("is not one of the allowed words");
  return {};
}

/// Reads one row's text into its field.
struct Assign {
  Settings& settings;
  const SettingRow& row;
  std::string_view text;

  template <class T, class Reader>
  result<void, Error> bounded(T* to, Reader read) const {
    SLUICE_TRY(*to, read(text));
    return check_bounds(*to, row.bounds, read);
  }
  result<void, Error> operator()(std::string* (*at)(Settings&)) const {
    *at(settings) = std::string(text);
    return check_word(text, row.bounds);
  }
  result<void, Error> operator()(Secret* (*at)(Settings&)) const {
    *at(settings) = Secret(std::string(text));
    return {};
  }
  result<void, Error> operator()(bool* (*at)(Settings&)) const {
    SLUICE_TRY(*at(settings), read_flag(text));
    return {};
  }
  result<void, Error> operator()(std::uint64_t* (*at)(Settings&)) const { return bounded(at(settings), read_number); }
  result<void, Error> operator()(Bytes* (*at)(Settings&)) const { return bounded(at(settings), read_size); }
  result<void, Error> operator()(Portion* (*at)(Settings&)) const {
    SLUICE_TRY(*at(settings), parse_portion(text));
    return {};
  }
  result<void, Error> operator()(Duration* (*at)(Settings&)) const { return bounded(at(settings), parse_duration); }
  result<void, Error> operator()(std::vector<std::string>* (*at)(Settings&)) const {
    *at(settings) = split(text, ',');
    return {};
  }
};

result<void, Error> assign(Settings& settings, std::string_view name, std::string_view value, std::string_view source) {
  const SettingRow* row = find_row(name);
  if (row == nullptr) return bad(fmt::format("unknown setting {} (from {}); --help-settings lists all", name, source));
  auto assigned = std::visit(Assign{settings, *row, value}, row->field);
  if (assigned) return {};
  const std::string shown = is_secret(*row) ? "(secret)" : "'" + std::string(value.substr(0, 200)) + "'";
  return bad(fmt::format("setting {} = {} {}{} (from {})", name, shown,
                         assigned.error().message.starts_with("is ") ? assigned.error().message
                                                                     : "is refused: " + assigned.error().message,
                         row->bounds.empty() ? "" : fmt::format(", allowed: {}", row->bounds), source));
}

result<std::string, Error> text_of(const toml::node& node, const std::string& name) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  if (const auto* list = node.as_array()) {
    std::string joined;
    for (const auto& item : *list) {
      SLUICE_TRY(const std::string part, text_of(item, name));
      joined += (joined.empty() ? "" : ",") + part;
    }
    return joined;
  }
  return bad("setting " + name + " must be text, a whole number, true, false or a list of these");
}

result<void, Error> read_section(Settings& settings, const std::string& section, const toml::table& keys,
                                 const std::string& file) {
  for (const auto& [key, node] : keys) {
    const std::string name = section + "." + std::string(key.str());
    SLUICE_TRY(const std::string value, text_of(node, name));
    SLUICE_TRY_VOID(assign(settings, name, value, fmt::format("{} line {}", file, node.source().begin.line)));
  }
  return {};
}

result<toml::table, Error> parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return bad(fmt::format("{} line {}: {}", file, error.source().begin.line, error.description()));
  }
}

result<void, Error> read_file(Settings& settings, const std::string& file, Files& files) {
  SLUICE_TRY(const std::string text, files.read(file));
  SLUICE_TRY(const toml::table root, parse_toml(text, file));
  for (const auto& [section, node] : root) {
    const auto* keys = node.as_table();
    if (keys == nullptr)
      return bad(fmt::format("unknown setting {} (from {} line {}): settings stand in sections such as [router]",
                             section.str(), file, node.source().begin.line));
    SLUICE_TRY_VOID(read_section(settings, std::string(section.str()), *keys, file));
  }
  return {};
}

/// SLUICE_FABRIC__MEMORY_BUDGET -> fabric.memory_budget; nothing for any other variable.
std::optional<std::string> name_of_variable(std::string_view variable) {
  constexpr std::string_view kPrefix = "SLUICE_";
  if (!variable.starts_with(kPrefix)) return std::nullopt;
  variable.remove_prefix(kPrefix.size());
  const auto split_at = variable.find("__");
  if (split_at == std::string_view::npos) return std::nullopt;
  std::string name = std::string(variable.substr(0, split_at)) + "." + std::string(variable.substr(split_at + 2));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

result<void, Error> read_environment(Settings& settings, const std::map<std::string, std::string>& environment) {
  for (const auto& [variable, value] : environment) {
    const auto name = name_of_variable(variable);
    if (!name) continue;
    SLUICE_TRY_VOID(assign(settings, *name, value, "environment variable " + variable));
  }
  return {};
}

result<void, Error> read_arguments(Settings& settings, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos) return bad("--set " + argument + " lacks '=': write --set section.key=value");
    SLUICE_TRY_VOID(assign(settings, argument.substr(0, equals), argument.substr(equals + 1), "--set"));
  }
  return {};
}

std::string_view type_name(const SettingField& field) {
  constexpr std::string_view kNames[] = {"text", "secret", "flag", "number", "size", "duration", "list", "portion"};
  return kNames[field.index()];
}

}  // namespace

bool ProcessSettings::has_role(std::string_view role) const {
  const auto words = split(roles, ',');
  return std::find(words.begin(), words.end(), role) != words.end();
}

result<Settings, Error> load_settings(const SettingsSources& sources, Files& files) {
  Settings settings;
  for (const SettingRow& row : settings_table())
    SLUICE_TRY_VOID(assign(settings, row.name, row.default_value, "built-in default"));
  if (!sources.config_file.empty()) SLUICE_TRY_VOID(read_file(settings, sources.config_file, files));
  SLUICE_TRY_VOID(read_environment(settings, sources.environment));
  SLUICE_TRY_VOID(read_arguments(settings, sources.set));
  return settings;
}

std::string describe_settings() {
  std::string out;
  for (const SettingRow& row : settings_table()) {
    out += fmt::format("{}\n    {}\n    type {}, default {}{}, {}\n", row.name, row.sentence, type_name(row.field),
                       row.default_value.empty() ? "(empty)" : row.default_value,
                       row.bounds.empty() ? "" : fmt::format(", allowed {}", row.bounds),
                       row.live ? "changes live (SIGHUP)" : "read at start");
  }
  return out;
}

std::vector<std::string_view> setting_names() {
  std::vector<std::string_view> names;
  for (const SettingRow& row : settings_table()) names.push_back(row.name);
  return names;
}

}  // namespace sluice
