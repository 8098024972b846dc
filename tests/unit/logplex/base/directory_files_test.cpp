#include "logplex/base/directory_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "logplex/base/log.hpp"
#include "logplex/base/secret_file.hpp"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class DirectoryFilesTest : public ::testing::Test {
 protected:
  DirectoryFilesTest() : base_(::testing::TempDir() + "sluice-directory-" + std::to_string(::getpid())) {
    fs::create_directories(base_);
  }
  ~DirectoryFilesTest() override { fs::remove_all(base_); }

  std::string path(const std::string& name) const { return base_ + "/" + name; }
  std::string in(const std::string& name) const { return path("data") + "/" + name; }
  std::unique_ptr<DirectoryFiles> open() {
    auto opened = DirectoryFiles::open_and_lock(path("data"));
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }
  std::string refusal() {
    const auto opened = DirectoryFiles::open_and_lock(path("data"));
    return opened ? "" : opened.error().text();
  }
  static void write(const std::string& file, const std::string& text) { std::ofstream(file) << text; }
  static mode_t mode(const std::string& file) {
    struct stat found {};
    EXPECT_EQ(::stat(file.c_str(), &found), 0) << file;
    return found.st_mode & 07777;
  }

  const std::string base_;
};

TEST_F(DirectoryFilesTest, is_made_with_its_parents_for_its_owner) {
  auto deep = DirectoryFiles::open_and_lock(path("a/b/c/"));
  ASSERT_TRUE(deep) << deep.error().text();
  EXPECT_EQ(mode(path("a/b/c")), 0700u);
}

TEST_F(DirectoryFilesTest, writes_reads_renames_and_removes) {
  const auto files = open();
  EXPECT_FALSE(files->exists(in("x")));
  ASSERT_TRUE(files->replace(in("x"), "one", 0600));
  ASSERT_TRUE(files->replace(in("x"), "two", 0640));
  EXPECT_EQ(files->read(in("x")).value(), "two");
  EXPECT_EQ(mode(in("x")), 0640u);
  EXPECT_EQ(files->open(in("x")).value()->size(), 3u);
  ASSERT_TRUE(files->rename(in("x"), in("y")));
  EXPECT_FALSE(files->exists(in("x")));
  ASSERT_TRUE(files->remove(in("y")));
  // Nothing is left but the lock.
  EXPECT_EQ(std::distance(fs::directory_iterator(path("data")), {}), 1);
}

TEST_F(DirectoryFilesTest, knows_no_paths_outside) {
  const auto files = open();
  write(path("outside"), "x");
  for (const auto& wrong : {path("outside"), in("../outside"), in("a/b"), in(".."), in(""), std::string("relative")}) {
    EXPECT_TRUE(files->read(wrong).has_error()) << wrong;
    EXPECT_TRUE(files->replace(wrong, "y", 0600).has_error()) << wrong;
    EXPECT_TRUE(files->remove(wrong).has_error()) << wrong;
    EXPECT_FALSE(files->exists(wrong)) << wrong;
  }
}

TEST_F(DirectoryFilesTest, goes_on_in_its_directory_when_another_takes_the_name) {
  const auto files = open();
  fs::rename(path("data"), path("moved"));
  fs::create_directory(path("data"));
  ASSERT_TRUE(files->replace(in("x"), "text", 0600));
  EXPECT_TRUE(fs::exists(path("moved/x")));
  EXPECT_FALSE(fs::exists(in("x")));
}

TEST_F(DirectoryFilesTest, refuses_a_directory_that_others_write_to) {
  fs::create_directory(path("data"));
  for (const mode_t bad : {0770u, 0702u, 01777u}) {
    ASSERT_EQ(::chmod(path("data").c_str(), bad), 0);
    EXPECT_NE(refusal().find("chmod go-w"), std::string::npos);
    EXPECT_TRUE(DirectoryFiles::check(path("data")).has_error());
  }
  ASSERT_EQ(::chmod(path("data").c_str(), 0755), 0);
  EXPECT_EQ(refusal(), "");
}

TEST_F(DirectoryFilesTest, refuses_links_and_follows_none) {
  const auto files = open();
  write(path("victim"), "precious");
  fs::create_symlink(path("victim"), in("link"));
  EXPECT_TRUE(files->read(in("link")).has_error());
  EXPECT_TRUE(files->open(in("link")).has_error());
  // What is written replaces the link itself.
  ASSERT_TRUE(files->replace(in("link"), "new", 0600));
  EXPECT_FALSE(fs::is_symlink(in("link")));
  EXPECT_EQ(SystemFiles().read(path("victim")).value(), "precious");
}

TEST_F(DirectoryFilesTest, a_start_refuses_links_and_removes_half_written_files) {
  fs::create_directory(path("data"));
  ASSERT_EQ(::chmod(path("data").c_str(), 0700), 0);
  write(in("x.0123456789ab.new"), "half");
  write(in("y.new"), "somebody's");
  EXPECT_EQ(refusal(), "");
  EXPECT_FALSE(fs::exists(in("x.0123456789ab.new")));
  EXPECT_TRUE(fs::exists(in("y.new")));
  fs::create_symlink("/etc/passwd", in("config.db"));
  EXPECT_NE(refusal().find("config.db is a link"), std::string::npos);
}

TEST_F(DirectoryFilesTest, is_locked_for_one) {
  const auto files = open();
  EXPECT_NE(refusal().find("in use by another"), std::string::npos);
}

TEST_F(DirectoryFilesTest, check_changes_nothing) {
  EXPECT_TRUE(DirectoryFiles::check(path("new/deep")));
  EXPECT_FALSE(fs::exists(path("new")));
  EXPECT_TRUE(DirectoryFiles::check("/proc/nope").has_error());
  write(path("file"), "x");
  EXPECT_TRUE(DirectoryFiles::check(path("file")).has_error());
  EXPECT_TRUE(DirectoryFiles::check(path("file/below")).has_error());
}

TEST_F(DirectoryFilesTest, a_new_file_of_the_system_is_made_beside_without_following_links) {
  write(path("victim"), "precious");
  fs::create_symlink(path("victim"), path("out.new"));
  SystemFiles files;
  ASSERT_TRUE(files.replace(path("out"), "text", 0600));
  EXPECT_EQ(files.read(path("victim")).value(), "precious");
  EXPECT_EQ(files.read(path("out")).value(), "text");
}

TEST_F(DirectoryFilesTest, a_secret_is_read_when_only_its_owner_and_group_see_it) {
  const std::string file = path("secret");
  write(file, "the secret\r\n\n");
  for (const mode_t good : {0600u, 0400u, 0440u}) {
    ASSERT_EQ(::chmod(file.c_str(), good), 0);
    EXPECT_EQ(read_secret_file(file).value().reveal(), "the secret");
  }
  for (const mode_t bad : {0604u, 0644u, 0660u, 0666u, 0601u}) {
    ASSERT_EQ(::chmod(file.c_str(), bad), 0);
    const auto refused = read_secret_file(file);
    ASSERT_TRUE(refused.has_error()) << bad;
    EXPECT_NE(refused.error().text().find("chmod 600"), std::string::npos);
    EXPECT_EQ(refused.error().text().find("the secret"), std::string::npos);
  }
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  write(file, "\n");
  EXPECT_TRUE(read_secret_file(file).has_error());
  EXPECT_TRUE(read_secret_file(path("missing")).has_error());
  EXPECT_TRUE(read_secret_file(base_).has_error());
}

TEST(Log, control_characters_of_both_sets_and_bytes_that_are_no_text_are_escaped) {
  const std::string hostile =
      "a\x9b"
      "31m \xc2\x9b"
      "31m \xc3\xa4 \xff \xe2\x82 \x1b[0m";
  ::testing::internal::CaptureStderr();
  log_error("x", {{"value", hostile}, {"plain", "gr\xc3\xbc\xc3\x9f"}});
  flush_log();
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find(R"(value="a\x9b31m \xc2\x9b31m )"
                      "\xc3\xa4"
                      R"( \xff \xe2\x82 \x1b[0m")"),
            std::string::npos)
      << line;
  EXPECT_NE(line.find("plain=gr\xc3\xbc\xc3\x9f"), std::string::npos) << line;
}

}  // namespace
}  // namespace sluice
