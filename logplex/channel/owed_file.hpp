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
  kNotOwedLines = 1,  // not such a file, or its head or index is damaged
  kUnknownVersion,    // written by another version of the program
  kForeignLog,        // written for another log: its log id or epoch does not fit the directory's log-id file
};
const char* to_text(OwedFileError error);
SLUICE_ERROR_ENUM(OwedFileError, "owed lines", to_text)

/// The content of a file of owed lines. A damaged channel is left out and counted; the other channels are kept.
struct OwedFile {
  std::vector<OwedLines> channels;
  std::uint64_t damaged_channels = 0;
  std::uint64_t damaged_lines = 0;  // in them
};

/// Replaces the file; ops/protocol/owed.md has the layout. Blocking. Errors name the path. After an error, an earlier
/// file is unchanged.
result<void, Error> write_owed_file(Files& files, const std::string& path, const LogIdentity& identity,
                                    std::span<const OwedLines> channels);

/// Reads a file that may be damaged or hostile; uses no more memory than the file has bytes. Sequence numbers of this
/// run (identity) or later ones count as damage. Blocking. Errors: OwedFileError, or an error of reading the file.
result<OwedFile, Error> read_owed_file(OpenedFile& file, const LogIdentity& identity);

}  // namespace sluice
