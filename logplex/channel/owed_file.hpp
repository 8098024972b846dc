#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "logplex/base/error.hpp"
#include "logplex/base/files.hpp"
#include "logplex/channel/log_identity.hpp"
#include "logplex/channel/owed_lines.hpp"

namespace sluice {

enum class OwedFileError {
  kNotOwedLines = 1,  // something else, or its head is damaged
  kUnknownVersion,    // written by another version of the program
  kForeignLog,        // of another log: the directory's log-id is not the one it was written beside
};
const char* to_text(OwedFileError error);
SLUICE_ERROR_ENUM(OwedFileError, "owed lines", to_text)

/// What a file of owed lines held. Damage costs the channel in which it is, and is counted here.
struct OwedFile {
  std::vector<OwedLines> channels;
  std::uint64_t damaged_channels = 0;
  std::uint64_t damaged_lines = 0;  // in them
};

/// Writes the file anew; ops/protocol/owed.md has the layout. Blocking. Errors name the path; then there is no file, or
/// the one that was there before.
result<void, Error> write_owed_file(Files& files, const std::string& path, const LogIdentity& identity,
                                    std::span<const OwedLines> channels);

/// Reads what may be damaged or hostile; takes no more memory than the file has bytes. Numbers of this run (identity)
/// or later ones count as damage. Blocking. Errors: OwedFileError, or what reading met.
result<OwedFile, Error> read_owed_file(OpenedFile& file, const LogIdentity& identity);

}  // namespace sluice
