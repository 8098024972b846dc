#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include <gtest/gtest.h>

#include "logplex/base/directory_files.hpp"
#include "tests/support/model_files.hpp"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string read_all(OpenedFile& file) {
  std::string all(file.size(), '\0');
  EXPECT_TRUE(file.read(0, std::as_writable_bytes(std::span(all))));
  return all;
}

enum class Kind { kSystem, kDirectory, kModel };

/// Every kind of files passes these.
class StoredFileTest : public testing::TestWithParam<Kind> {
 protected:
  StoredFileTest() : folder(testing::TempDir() + "sluice-stored-" + std::to_string(::getpid())) {
    if (GetParam() == Kind::kModel) {
      files = std::make_unique<ModelFiles>();
    } else if (GetParam() == Kind::kSystem) {
      fs::create_directories(folder);
      files = std::make_unique<SystemFiles>();
    } else {
      files = std::move(DirectoryFiles::open_and_lock(folder).value());
    }
  }
  ~StoredFileTest() override {
    files.reset();
    fs::remove_all(folder);
  }

  const std::string folder;
  const std::string path = folder + "/w-1.log";
  std::unique_ptr<Files> files;
};

TEST_P(StoredFileTest, is_written_and_read_anywhere_and_grows) {
  {
    const auto file = files->open_stored(path, 0600).value();
    EXPECT_EQ(file->size(), 0u);
    ASSERT_TRUE(file->write(0, bytes("0123456789")));
    ASSERT_TRUE(file->write(20, bytes("end")));
    ASSERT_TRUE(file->write(4, bytes("four")));
    EXPECT_EQ(file->size(), 23u);
    ASSERT_TRUE(file->sync());
    EXPECT_EQ(read_all(*file), std::string("0123four89") + std::string(10, '\0') + "end");
    std::string beyond(4, '\0');
    EXPECT_TRUE(file->read(20, std::as_writable_bytes(std::span(beyond))).has_error());
  }
  EXPECT_TRUE(files->exists(path));
  const auto again = files->open_stored(path, 0600).value();
  EXPECT_EQ(again->size(), 23u);
  ASSERT_TRUE(again->write(22, bytes("D")));
  EXPECT_EQ(files->read(path)->substr(20), "enD");
}

TEST_P(StoredFileTest, is_listed_until_it_is_removed) {
  ASSERT_TRUE(files->open_stored(path, 0600));
  ASSERT_TRUE(files->open_stored(folder + "/c-1", 0600));
  const auto listed = [&] {
    auto names = files->list(folder).value();
    std::erase(names, "lock");
    std::sort(names.begin(), names.end());
    return names;
  };
  EXPECT_EQ(listed(), (std::vector<std::string>{"c-1", "w-1.log"}));
  ASSERT_TRUE(files->rename(path, folder + "/w-2.log"));
  ASSERT_TRUE(files->remove(folder + "/c-1"));
  EXPECT_EQ(listed(), std::vector<std::string>{"w-2.log"});
}

INSTANTIATE_TEST_SUITE_P(System, StoredFileTest, testing::Values(Kind::kSystem));
INSTANTIATE_TEST_SUITE_P(Directory, StoredFileTest, testing::Values(Kind::kDirectory));
INSTANTIATE_TEST_SUITE_P(Model, StoredFileTest, testing::Values(Kind::kModel));

TEST(SystemFiles, stored_files_have_their_mode_and_are_no_links) {
  const std::string folder = testing::TempDir() + "sluice-links-" + std::to_string(::getpid());
  fs::create_directories(folder);
  SystemFiles files;
  ASSERT_TRUE(files.open_stored(folder + "/a", 0640));
  EXPECT_EQ(fs::status(folder + "/a").permissions(), fs::perms(0640));
  fs::create_symlink(folder + "/a", folder + "/link");
  EXPECT_TRUE(files.open_stored(folder + "/link", 0600).has_error());
  EXPECT_TRUE(files.open_stored(folder + "/none/a", 0600).has_error());
  EXPECT_TRUE(files.list(folder + "/none").has_error());
  fs::remove_all(folder);
}

TEST(ModelFiles, a_power_cut_takes_only_sectors_that_were_not_synced) {
  const std::string old(4 * ModelFiles::kSector, 'o');
  const std::string young(4 * ModelFiles::kSector, 'y');
  bool mixed = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededRng rng(seed);
    ModelFiles files;
    const auto file = files.open_stored("f", 0600).value();
    ASSERT_TRUE(file->write(0, bytes(old)));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->write(0, bytes(young)));
    files.cut_power(rng);
    const std::string left = read_all(*file);
    ASSERT_EQ(left.size(), old.size());
    for (std::size_t sector = 0; sector < 4; ++sector) {
      const std::string part = left.substr(sector * ModelFiles::kSector, ModelFiles::kSector);
      EXPECT_TRUE(part == std::string(part.size(), 'o') || part == std::string(part.size(), 'y'));
    }
    mixed = mixed || (left != old && left != young);
    ASSERT_TRUE(file->write(0, bytes(young)));
    ASSERT_TRUE(file->sync());
    files.cut_power(rng);
    EXPECT_EQ(read_all(*file), young);
  }
  EXPECT_TRUE(mixed);
}

TEST(ModelFiles, after_a_failed_sync_the_bytes_are_never_written) {
  SeededRng rng(1);
  ModelFiles files;
  const auto file = files.open_stored("f", 0600).value();
  ASSERT_TRUE(file->write(0, bytes("gone")));
  files.fail_after(0);
  EXPECT_TRUE(file->sync().has_error());
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(read_all(*file), "gone") << "a reader still sees them";
  files.cut_power(rng);
  EXPECT_EQ(file->size(), 0u);
}

TEST(ModelFiles, operations_fail_when_the_test_says_so) {
  ModelFiles files;
  files.fail_after(2, boost::system::errc::no_space_on_device);
  const auto file = files.open_stored("f", 0600).value();
  ASSERT_TRUE(file->write(0, bytes("good")));
  const auto failed = file->write(4, bytes("half"));
  EXPECT_EQ(failed.error().code, boost::system::errc::no_space_on_device);
  EXPECT_EQ(read_all(*file), "goodha");
  ASSERT_TRUE(file->write(4, bytes("good")));
  EXPECT_EQ(read_all(*file), "goodgood");
}

}  // namespace
}  // namespace sluice
