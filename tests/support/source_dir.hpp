#pragma once

namespace sluice {

/// The checkout that these tests were built from. Only source_dir.cpp is compiled with its path, so that the objects
/// of all other tests are the same in every checkout and a compiler cache can share them.
extern const char* const kSourceDir;

}  // namespace sluice
