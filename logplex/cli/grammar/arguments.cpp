#include "logplex/cli/grammar/arguments.hpp"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>

#include "logplex/cli/grammar/command_rows.hpp"

namespace sluice::cli {
namespace {

constexpr const char* kRootExamples =
    "sluice login --key-file sluice-data/api-key\n"
    "sluice apps create shop --domain shop.example.com --backend 10.0.0.7:5000\n"
    "sluice drains add https://logs.example.com/in -a shop\n"
    "sluice tail -a shop";

std::string examples_footer(std::string_view examples) {
  if (examples.empty()) return {};
  std::string out = "\nExamples:\n  ";
  for (const char c : examples) out += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return out;
}

/// Adds these options to every level of the tree, so that they may stand anywhere. CLI11's "fallthrough" would allow
/// that too, but it takes an app that is named like a command ("status") for that command.
void add_global_options(CLI::App& app, Arguments& arguments) {
  app.add_option("--url", arguments.url, "Address of the API (or SLUICE_URL)")->group("Everywhere")->type_name("URL");
  app.add_option("--key", arguments.key, "API key (or SLUICE_API_KEY, or sluice login)")
      ->group("Everywhere")
      ->type_name("KEY");
  app.add_option("--key-file", arguments.key_file, "File with the API key; keeps the key out of the process list")
      ->group("Everywhere")
      ->type_name("FILE");
  app.add_flag("--json", arguments.json, "Print JSON for machines")->group("Everywhere");
}

/// The grammar of the command line. Parsing fills the Arguments passed to the constructor.
class Grammar {
 public:
  explicit Grammar(Arguments& arguments) : root_("Logs and routes of your apps.", "sluice") {
    root_.set_version_flag("--version", "sluice " SLUICE_VERSION, "Print the version");
    root_.footer(examples_footer(kRootExamples) +
                 "\n\nExit status: 0 done, 1 failed, 2 wrong usage, 3 not authorised.");
    root_.require_subcommand(1);
    add_global_options(root_, arguments);
    for (const auto& row : command_rows()) add(row, arguments);
  }

  CLI::App& root() { return root_; }
  const std::map<std::string, CLI::App*>& nodes() const { return nodes_; }

  /// The deepest command that was named.
  CLI::App& chosen() {
    CLI::App* at = &root_;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    return *at;
  }

 private:
  void add(const CommandRow& row, Arguments& arguments) {
    const std::string path = row.path;
    const std::size_t blank = path.find(' ');
    CLI::App& parent = blank == std::string::npos ? root_ : *nodes_.at(path.substr(0, blank));
    CLI::App& app = *parent.add_subcommand(blank == std::string::npos ? path : path.substr(blank + 1), row.what);
    if (row.add_options != nullptr) row.add_options(app, arguments);
    add_global_options(app, arguments);
    app.footer(examples_footer(row.examples));
    if (blank != std::string::npos) parent.require_subcommand(1);
    nodes_[path] = &app;
  }

  CLI::App root_;
  std::map<std::string, CLI::App*> nodes_;
};

/// "apps create" for the command named create below apps.
std::string path_of(CLI::App& app) {
  CLI::App* parent = app.get_parent();
  if (parent == nullptr) return {};
  const std::string above = path_of(*parent);
  return above.empty() ? app.get_name() : above + " " + app.get_name();
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

ParsedArguments ended_early(Grammar& grammar, const CLI::ParseError& error) {
  ParsedArguments parsed;
  CLI::App& chosen = grammar.chosen();
  if (dynamic_cast<const CLI::CallForHelp*>(&error) != nullptr) {
    parsed.output = grammar.root().help();  // help of the command that was named
  } else if (dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr) {
    parsed.output = grammar.root().version() + "\n";
  } else {
    const std::string path = path_of(chosen);
    const auto unread = chosen.remaining();
    const bool unknown = !unread.empty() && !chosen.get_subcommands({}).empty() && !unread.front().starts_with('-');
    parsed.status = 2;
    parsed.error = (unknown ? "unknown command '" + unread.front() + "'" : one_line(error.what())) + "; see 'sluice " +
                   path + (path.empty() ? "" : " ") + "--help'";
  }
  return parsed;
}

std::vector<std::string> words_of(const CLI::Option& option) {
  std::vector<std::string> words;
  for (const auto& name : option.get_lnames()) words.push_back("--" + name);
  for (const auto& name : option.get_snames()) words.push_back("-" + name);
  return words;
}

CommandShape shape_of(const CLI::App& app, std::string path) {
  CommandShape shape{std::move(path), app.get_description(), {}, {}};
  for (const auto* sub : app.get_subcommands({})) shape.subcommands.push_back(sub->get_name());
  for (const auto* option : app.get_options()) {
    for (auto& word : words_of(*option))
      shape.options.push_back({std::move(word), option->get_description(), option->get_items_expected_max() > 0});
  }
  return shape;
}

}  // namespace

ParsedArguments parse_arguments(const std::vector<std::string>& words) {
  ParsedArguments parsed;
  Grammar grammar(parsed.arguments);
  try {
    grammar.root().parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return ended_early(grammar, error);
  }
  parsed.run = true;
  parsed.arguments.command = path_of(grammar.chosen());
  if (parsed.arguments.command == "tail") parsed.arguments.log.follow = true;
  return parsed;
}

std::vector<CommandShape> command_shapes() {
  Arguments ignored;
  Grammar grammar(ignored);
  std::vector<CommandShape> shapes{shape_of(grammar.root(), "")};
  for (const auto& row : command_rows()) shapes.push_back(shape_of(*grammar.nodes().at(row.path), row.path));
  return shapes;
}

}  // namespace sluice::cli
