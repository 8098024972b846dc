#include "tests/support/source_dir.hpp"

namespace sluice {

const char* const kSourceDir = SLUICE_SOURCE_DIR;

}  // namespace sluice
