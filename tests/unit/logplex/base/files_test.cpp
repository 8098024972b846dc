#include "logplex/base/files.hpp"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace sluice {
namespace {

namespace fs = std::filesystem;

class SystemFilesTest : public testing::Test {
 protected:
  SystemFilesTest() {
    char name[] = "/tmp/sluice-files-XXXXXX";
    folder = ::mkdtemp(name);
    path = folder + "/file";
  }
  ~SystemFilesTest() override { fs::remove_all(folder); }

  static std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

  std::string folder;
  std::string path;
  SystemFiles files;
};

TEST_F(SystemFilesTest, a_new_file_is_there_when_it_is_committed) {
  const std::string large(1 << 20, 'x');
  {
    const auto file = files.begin_replace(path, 0600).value();
    ASSERT_TRUE(file->write(bytes("begin ")));
    ASSERT_TRUE(file->write(bytes(large)));
    EXPECT_FALSE(files.exists(path));
    ASSERT_TRUE(file->commit());
  }
  EXPECT_EQ(files.read(path).value(), "begin " + large);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(SystemFilesTest, an_abandoned_new_file_leaves_what_was_there) {
  ASSERT_TRUE(files.replace(path, "old", 0600));
  ASSERT_TRUE(files.begin_replace(path, 0600).value()->write(bytes("new")));
  EXPECT_EQ(files.read(path).value(), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(SystemFilesTest, reads_anywhere_within_a_file) {
  ASSERT_TRUE(files.replace(path, "0123456789", 0600));
  const auto file = files.open(path).value();
  EXPECT_EQ(file->size(), 10u);
  std::string got(4, '\0');
  ASSERT_TRUE(file->read(3, std::as_writable_bytes(std::span(got))));
  EXPECT_EQ(got, "3456");
  EXPECT_NE(file->read(7, std::as_writable_bytes(std::span(got))).error().text().find(path), std::string::npos);
}

TEST_F(SystemFilesTest, renames_and_removes) {
  ASSERT_TRUE(files.replace(path, "x", 0600));
  ASSERT_TRUE(files.rename(path, path + ".aside"));
  EXPECT_FALSE(files.exists(path));
  ASSERT_TRUE(files.remove(path + ".aside"));
  EXPECT_FALSE(files.exists(path + ".aside"));
  EXPECT_NE(files.remove(path).error().text().find(path), std::string::npos);
  EXPECT_NE(files.rename(path, path + "2").error().text().find(path), std::string::npos);
  EXPECT_NE(files.open(path).error().text().find(path), std::string::npos);
  EXPECT_NE(files.begin_replace(folder + "/none/file", 0600).error().text().find("none"), std::string::npos);
}

}  // namespace
}  // namespace sluice
