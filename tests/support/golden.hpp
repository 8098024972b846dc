#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/source_dir.hpp"

namespace sluice {

/// The bytes of a file under tests/golden.
inline std::string read_golden(const std::string& name) {
  std::ifstream in(std::string(kSourceDir) + "/tests/golden/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Asserts that `bytes` are exactly the golden file's. With SLUICE_WRITE_GOLDEN=1 the file is written instead: look at
/// the difference before it is committed.
inline void expect_golden(const std::string& name, const std::string& bytes) {
  if (std::getenv("SLUICE_WRITE_GOLDEN") != nullptr)
    std::ofstream(std::string(kSourceDir) + "/tests/golden/" + name, std::ios::binary) << bytes;
  EXPECT_EQ(read_golden(name), bytes) << name;
}

}  // namespace sluice
