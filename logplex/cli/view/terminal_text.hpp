#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::cli {

/// Which escape sequences may pass when foreign text goes to a terminal.
enum class TerminalText {
  kPlain,        // no escape sequence at all
  kKeepColours,  // SGR sequences (colour, bold) pass; the caller must reset them at the end of the line
};

/// Appends text so that a terminal shows it but executes nothing in it: control characters appear as ^X, C1 controls
/// and bytes that are not UTF-8 as \xNN, characters that reorder text as <U+NNNN>. Tab and newline pass; a carriage
/// return before a newline is left out.
void append_harmless(std::string& out, std::string_view text, TerminalText keep);
std::string harmless(std::string_view text);
/// The same for JSON, which stays JSON with the same values: such characters in its strings become \uNNNN.
std::string harmless_json(std::string_view json);

/// The columns that well-formed text takes: one per code point.
std::size_t display_width(std::string_view text);

}  // namespace sluice::cli
