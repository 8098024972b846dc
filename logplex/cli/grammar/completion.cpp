#include "logplex/cli/grammar/completion.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::cli {
namespace {

/// An option with a fixed set of values, the same in every command that has it.
struct Choice {
  std::string_view option;
  std::string_view words;
};

constexpr Choice kChoices[] = {
    {"--color", "auto always never"},
    {"--colour", "auto always never"},
    {"--timestamps", "utc local none"},
    {"--level", "emerg alert crit err warning notice info debug"},
    {"--from", "cursor now"},
    {"--scope", "logs:read logs:write drains:read drains:write apps:read apps:write admin"},
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string option_words(const CommandShape& shape) {
  std::vector<std::string> words;
  for (const auto& option : shape.options) words.push_back(option.word);
  return joined(words);
}

/// Every option of the tree that is followed by a value, once each.
std::vector<std::string> value_options(const std::vector<CommandShape>& shapes) {
  std::vector<std::string> words;
  for (const auto& shape : shapes) {
    for (const auto& option : shape.options) {
      if (option.takes_value) words.push_back(option.word);
    }
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

std::string with_bars(std::string words) {
  std::replace(words.begin(), words.end(), ' ', '|');
  return words;
}

/// The text in single quotes for a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The function that bash and zsh both call: finds the command in the words so far, then offers what may follow.
std::string bash_function(const std::vector<CommandShape>& shapes) {
  std::string commands;
  for (const auto& shape : shapes) {
    commands += fmt::format("    {}) subcommands={}; options={} ;;\n", quoted(shape.path),
                            quoted(joined(shape.subcommands)), quoted(option_words(shape)));
  }
  std::string choices;
  for (const auto& choice : kChoices) {
    choices +=
        fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$current\")); return ;;\n", choice.option, choice.words);
  }
  const std::string taking_value = with_bars(joined(value_options(shapes)));
  return "_sluice() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local command='' subcommands='' options='' word skip=0 i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    if ((skip)); then skip=0; continue; fi\n"
         "    case \"$word\" in\n"
         "      " +
         taking_value +
         ") skip=1; continue ;;\n"
         "      -*) continue ;;\n"
         "    esac\n"
         "    case \" $(_sluice_subcommands \"$command\") \" in\n"
         "      *\" $word \"*) command=\"${command:+$command }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$command\" in\n" +
         commands +
         "  esac\n"
         "  case \"$previous\" in\n" +
         choices +
         "    --ca|--client-cert|--client-key) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "    " +
         taking_value +
         ") COMPREPLY=(); return ;;\n"
         "  esac\n"
         "  if [[ $command == completion ]]; then subcommands='bash zsh fish'; fi\n"
         "  if [[ $current == -* ]]; then subcommands=$options; fi\n"
         "  COMPREPLY=($(compgen -W \"$subcommands\" -- \"$current\"))\n"
         "}\n";
}

std::string subcommands_function(const std::vector<CommandShape>& shapes) {
  std::string out = "_sluice_subcommands() {\n  case \"$1\" in\n";
  for (const auto& shape : shapes) {
    if (shape.subcommands.empty()) continue;
    out += fmt::format("    {}) echo {} ;;\n", quoted(shape.path), quoted(joined(shape.subcommands)));
  }
  return out + "  esac\n}\n";
}

std::string bash_script(const std::vector<CommandShape>& shapes) {
  return "# bash completion for sluice\n" + subcommands_function(shapes) + bash_function(shapes) +
         "complete -F _sluice sluice\n";
}

/// zsh runs the bash function through its bashcompinit. If the script is installed as _sluice on $fpath, zsh loads it
/// at the first completion; the last line makes that completion work too.
std::string zsh_script(const std::vector<CommandShape>& shapes) {
  return "#compdef sluice\nautoload -U +X bashcompinit && bashcompinit\n" + subcommands_function(shapes) +
         bash_function(shapes) + "complete -F _sluice sluice\n" +
         "if [[ $funcstack[1] == _sluice ]]; then _bash_complete -F _sluice; fi\n";
}

std::string fish_condition(const std::string& path) {
  if (path.empty()) return "__fish_use_subcommand";
  std::string condition;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find(' ', begin), path.size());
    condition +=
        (condition.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + path.substr(begin, end - begin));
    begin = end + 1;
  }
  return condition;
}

std::string fish_option(const CommandShape& shape, const OptionShape& option) {
  const bool is_long = option.word.starts_with("--");
  const std::string name = option.word.substr(is_long ? 2 : 1);
  std::string line = fmt::format("complete -c sluice -f -n {} {} {} -d {}", quoted(fish_condition(shape.path)),
                                 is_long ? "-l" : "-s", name, quoted(option.what));
  if (option.takes_value) line += " -r";
  for (const auto& choice : kChoices) {
    if (choice.option == option.word) line += " -a " + quoted(choice.words);
  }
  return line + "\n";
}

std::string fish_script(const std::vector<CommandShape>& shapes) {
  std::string out = "# fish completion for sluice\n";
  for (const auto& shape : shapes) {
    std::string condition = fish_condition(shape.path);
    if (!shape.path.empty() && !shape.subcommands.empty()) {
      condition += "; and not __fish_seen_subcommand_from " + joined(shape.subcommands);
    }
    for (const auto& sub : shape.subcommands) {
      const std::string path = shape.path.empty() ? sub : shape.path + " " + sub;
      const auto found = std::find_if(shapes.begin(), shapes.end(), [&](const auto& s) { return s.path == path; });
      out += fmt::format("complete -c sluice -f -n {} -a {} -d {}\n", quoted(condition), sub, quoted(found->what));
    }
    for (const auto& option : shape.options) out += fish_option(shape, option);
  }
  return out + "complete -c sluice -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
}

}  // namespace

std::string completion_script(std::string_view shell, const std::vector<CommandShape>& shapes) {
  if (shell == "bash") return bash_script(shapes);
  return shell == "zsh" ? zsh_script(shapes) : fish_script(shapes);
}

}  // namespace sluice::cli
