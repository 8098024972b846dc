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

/// A share of RAM for memory_budget, such as "25%"; at most 4 GiB.
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

/// Sorted, because a list of words means the same in any order.
std::vector<std::string> words_of(std::string_view text) {
  auto words = split(text, ',');
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

result<void, Error> check_word(std::string_view value, std::string_view words) {
  if (words.empty()) return {};
  for (const auto& allowed : split(words, '|'))
    if (words_of(allowed) == words_of(value)) return {};
  return bad("is not one of the allowed words");
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

/// The edit distance: letters to insert, remove or replace to turn one text into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

/// ", did you mean router.http?" when a known name is close, because the name may be a typing error.
std::string suggestion(std::string_view name) {
  constexpr std::size_t kLongestName = 100;
  constexpr std::size_t kMostErrors = 3;
  if (name.size() > kLongestName) return {};
  const auto table = settings_table();
  const auto nearest = std::min_element(table.begin(), table.end(), [&](const SettingRow& a, const SettingRow& b) {
    return distance(name, a.name) < distance(name, b.name);
  });
  if (distance(name, nearest->name) > kMostErrors) return {};
  return fmt::format(", did you mean {}?", nearest->name);
}

/// Assigns values to settings and collects the mistakes.
class Reader {
 public:
  explicit Reader(SettingsReading& out) : out_(out) {}

  void assign(std::string_view name, std::string_view value, const std::string& source) {
    const SettingRow* row = find_row(name);
    if (row == nullptr) return mistake(unknown(name, source));
    Settings read = out_.settings;
    const auto assigned = std::visit(Assign{read, *row, value}, row->field);
    if (!assigned) return mistake(refusal(*row, value, assigned.error(), source));
    out_.settings = std::move(read);
    if (!source.empty()) out_.origins.insert_or_assign(std::string(name), source);
  }
  void mistake(std::string sentence) { out_.mistakes.push_back(std::move(sentence)); }

 private:
  static std::string unknown(std::string_view name, const std::string& source) {
    return fmt::format("unknown setting {}{} (from {}); --help-settings lists all", name.substr(0, 200),
                       suggestion(name), source);
  }
  static std::string refusal(const SettingRow& row, std::string_view value, const Error& why,
                             const std::string& source) {
    const std::string shown = is_secret(row) ? "(secret)" : "'" + std::string(value.substr(0, 200)) + "'";
    return fmt::format("setting {} = {} {}{} (from {})", row.name, shown,
                       why.message.starts_with("is ") ? why.message : "is refused: " + why.message,
                       row.bounds.empty() ? "" : fmt::format(", allowed: {}", row.bounds), source);
  }

  SettingsReading& out_;
};

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

void read_section(Reader& reader, const std::string& section, const toml::table& keys, const std::string& file) {
  for (const auto& [key, node] : keys) {
    const std::string name = section + "." + std::string(key.str());
    const std::string source = fmt::format("{} line {}", file, node.source().begin.line);
    const auto value = text_of(node, name);
    if (value) {
      reader.assign(name, *value, source);
    } else {
      reader.mistake(fmt::format("{} (from {})", value.error().message, source));
    }
  }
}

result<toml::table, Error> parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return bad(fmt::format("{} line {}: {}", file, error.source().begin.line, error.description()));
  }
}

void read_file(Reader& reader, const std::string& file, Files& files) {
  const auto text = files.read(file);
  if (!text) return reader.mistake(text.error().text());
  const auto root = parse_toml(*text, file);
  if (!root) return reader.mistake(root.error().text());
  for (const auto& [section, node] : *root) {
    if (const auto* keys = node.as_table()) {
      read_section(reader, std::string(section.str()), *keys, file);
    } else {
      reader.mistake(
          fmt::format("unknown setting {} (from {} line {}): a setting belongs in a section such as [router]",
                      section.str(), file, node.source().begin.line));
    }
  }
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

void read_environment(Reader& reader, const std::map<std::string, std::string>& environment) {
  for (const auto& [variable, value] : environment)
    if (const auto name = name_of_variable(variable)) reader.assign(*name, value, "environment variable " + variable);
}

void read_arguments(Reader& reader, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos) {
      reader.mistake("--set " + argument + " lacks '=': write --set section.key=value");
    } else {
      reader.assign(argument.substr(0, equals), argument.substr(equals + 1), "--set");
    }
  }
}

template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}
bool same(const Portion& a, const Portion& b) { return a.amount == b.amount && a.unit == b.unit; }

std::string_view type_name(const SettingField& field) {
  constexpr std::string_view kNames[] = {"text", "secret", "flag", "number", "size", "duration", "list", "portion"};
  return kNames[field.index()];
}

}  // namespace

bool ProcessSettings::has_role(std::string_view role) const {
  const auto words = split(roles, ',');
  return std::find(words.begin(), words.end(), role) != words.end();
}

std::string SettingsReading::origin_of(std::string_view name) const {
  const auto found = origins.find(name);
  return found == origins.end() ? std::string() : " (from " + found->second + ")";
}

SettingsReading read_settings(const SettingsSources& sources, Files& files) {
  SettingsReading reading;
  Reader reader(reading);
  for (const SettingRow& row : settings_table()) reader.assign(row.name, row.default_value, {});
  if (!sources.config_file.empty()) read_file(reader, sources.config_file, files);
  read_environment(reader, sources.environment);
  read_arguments(reader, sources.set);
  return reading;
}

result<Settings, Error> load_settings(const SettingsSources& sources, Files& files) {
  SettingsReading reading = read_settings(sources, files);
  if (!reading.mistakes.empty()) return bad(std::move(reading.mistakes.front()));
  return std::move(reading.settings);
}

std::vector<ChangedSetting> changed_settings(const Settings& before, const Settings& after) {
  // The accessors need a mutable Settings, so they get copies.
  Settings old = before;
  Settings now = after;
  std::vector<ChangedSetting> changed;
  for (const SettingRow& row : settings_table()) {
    const bool as_before = std::visit([&](auto* at) { return same(*at(old), *at(now)); }, row.field);
    if (!as_before) changed.push_back({row.name, row.live});
  }
  return changed;
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
