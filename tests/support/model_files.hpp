#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "logplex/base/files.hpp"
#include "logplex/base/rng.hpp"

namespace sluice {

/// Files in memory that fail as disks do: operations fail when the test says so, and a power cut keeps any part of what
/// was written and not synced. Names of files are on disk at once, as Files promises.
class ModelFiles final : public Files {
 public:
  static constexpr std::size_t kSector = 512;  // written as a whole or not at all

  result<std::string, Error> read(const std::string& path) override { return files.at(path); }
  result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned) override {
    if (full) return no_room(path);
    SLUICE_TRY_VOID(step(path));
    files[path] = bytes;
    unsynced_.erase(path);
    return {};
  }
  result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string& path, unsigned) override {
    return std::make_unique<Beginning>(*this, path);
  }
  result<std::unique_ptr<OpenedFile>, Error> open(const std::string& path) override {
    if (!exists(path)) return missing(path);
    return std::make_unique<Opened>(files.at(path));
  }
  result<std::unique_ptr<StoredFile>, Error> open_stored(const std::string& path, unsigned) override {
    SLUICE_TRY_VOID(step(path));
    files.try_emplace(path);
    return std::make_unique<Stored>(*this, path);
  }
  result<std::vector<std::string>, Error> list(const std::string& directory) override {
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files)
      if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
    return names;
  }
  result<void, Error> rename(const std::string& from, const std::string& to) override {
    SLUICE_TRY_VOID(step(from));
    if (!exists(from)) return missing(from);
    files[to] = std::exchange(files[from], {});
    unsynced_.erase(to);
    if (auto moved = unsynced_.extract(from)) {
      moved.key() = to;
      unsynced_.insert(std::move(moved));
    }
    files.erase(from);
    return {};
  }
  result<void, Error> remove(const std::string& path) override {
    SLUICE_TRY_VOID(step(path));
    if (files.erase(path) == 0) return missing(path);
    unsynced_.erase(path);
    return {};
  }
  result<void, Error> make_directory(const std::string&) override { return {}; }
  bool exists(const std::string& path) override { return files.contains(path); }

  /// The operation after `good` more good ones fails. A write that fails has written a part.
  void fail_after(std::size_t good, boost::system::errc::errc_t why = boost::system::errc::io_error) {
    fail_after_ = good;
    why_ = why;
  }
  /// Of what is not synced, each sector is there or not.
  void cut_power(Rng& rng) {
    for (auto& [path, lost] : unsynced_) {
      std::string& bytes = lost.on_disk;
      for (const std::size_t sector : lost.written) {
        if (rng.below(2) == 0) continue;
        const std::string kept = files[path].substr(sector * kSector, kSector);
        bytes.resize(std::max(bytes.size(), sector * kSector + kept.size()));
        bytes.replace(sector * kSector, kept.size(), kept);
      }
      files[path] = std::move(bytes);
    }
    unsynced_.clear();
  }

  std::map<std::string, std::string> files;  // as a reader sees them
  std::size_t room = ~std::size_t{0};        // of each new file
  bool full = false;

 private:
  /// A file with bytes that a power cut may take.
  struct Unsynced {
    std::string on_disk;
    std::set<std::size_t> written;  // sectors that the next sync writes
  };

  class Opened final : public OpenedFile {
   public:
    explicit Opened(std::string bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size() const override { return bytes_.size(); }
    result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) override {
      return read_from(bytes_, offset, out);
    }

   private:
    const std::string bytes_;
  };

  class Stored final : public StoredFile {
   public:
    Stored(ModelFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
    std::uint64_t size() const override { return files_.files.at(path_).size(); }
    result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) override {
      return read_from(files_.files.at(path_), offset, out);
    }
    result<void, Error> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
      if (files_.full) return no_room(path_);
      const auto stepped = files_.step(path_);
      files_.write_at(path_, offset, stepped ? bytes : bytes.first(bytes.size() / 2));
      return stepped;
    }
    /// Like Linux: after a failed sync the system takes the bytes for written, and never writes them.
    result<void, Error> sync() override {
      const auto stepped = files_.step(path_);
      if (stepped) files_.write_unsynced(path_);
      if (const auto at = files_.unsynced_.find(path_); at != files_.unsynced_.end()) at->second.written.clear();
      return stepped;
    }

   private:
    ModelFiles& files_;
    const std::string path_;
  };

  class Beginning final : public NewFile {
   public:
    Beginning(ModelFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
    result<void, Error> write(std::span<const std::byte> bytes) override {
      bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return bytes_.size() > files_.room ? no_room(path_) : result<void, Error>();
    }
    result<void, Error> commit() override { return files_.replace(path_, bytes_, 0); }

   private:
    ModelFiles& files_;
    const std::string path_;
    std::string bytes_;
  };

  static Error no_room(const std::string& path) {
    return {make_error_code(boost::system::errc::no_space_on_device), "cannot write " + path};
  }
  static Error missing(const std::string& path) {
    return {make_error_code(boost::system::errc::no_such_file_or_directory), "cannot open " + path};
  }
  static result<void, Error> read_from(const std::string& bytes, std::uint64_t offset, std::span<std::byte> out) {
    if (offset > bytes.size() || out.size() > bytes.size() - offset)
      return Error{make_error_code(boost::system::errc::io_error), "cannot read"};
    if (!out.empty()) std::memcpy(out.data(), bytes.data() + offset, out.size());
    return {};
  }
  result<void, Error> step(const std::string& path) {
    if (!fail_after_) return {};
    if ((*fail_after_)-- > 0) return {};
    fail_after_.reset();
    return Error{make_error_code(why_), "cannot use " + path};
  }
  void write_at(const std::string& path, std::uint64_t offset, std::span<const std::byte> bytes) {
    std::string& seen = files.at(path);
    Unsynced& lost = unsynced_.try_emplace(path, Unsynced{seen, {}}).first->second;
    seen.resize(std::max<std::size_t>(seen.size(), offset + bytes.size()));
    if (!bytes.empty()) std::memcpy(seen.data() + offset, bytes.data(), bytes.size());
    for (std::size_t sector = offset / kSector; sector * kSector < offset + bytes.size(); ++sector)
      lost.written.insert(sector);
  }
  void write_unsynced(const std::string& path) {
    const auto at = unsynced_.find(path);
    if (at == unsynced_.end()) return;
    std::string& disk = at->second.on_disk;
    const std::string& seen = files.at(path);
    for (const std::size_t sector : at->second.written) {
      const std::string kept = seen.substr(sector * kSector, kSector);
      disk.resize(std::max(disk.size(), sector * kSector + kept.size()));
      disk.replace(sector * kSector, kept.size(), kept);
    }
    if (disk == seen) unsynced_.erase(at);
  }

  std::map<std::string, Unsynced> unsynced_;
  std::optional<std::size_t> fail_after_;
  boost::system::errc::errc_t why_{};
};

}  // namespace sluice
