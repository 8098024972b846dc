#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "logplex/base/files.hpp"

namespace sluice {

/// A file's bytes.
class MemoryFile final : public OpenedFile {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
      return Error{make_error_code(boost::system::errc::io_error), "cannot read"};
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }

 private:
  const std::string bytes_;
};

/// Files in a map; writes can be made to fail.
struct MemoryFiles final : Files {
  class Beginning final : public NewFile {
   public:
    Beginning(MemoryFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
    result<void, Error> write(std::span<const std::byte> bytes) override {
      bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return bytes_.size() > files_.room ? files_.no_room(path_) : result<void, Error>();
    }
    result<void, Error> commit() override { return files_.replace(path_, bytes_, 0); }

   private:
    MemoryFiles& files_;
    const std::string path_;
    std::string bytes_;
  };

  result<std::string, Error> read(const std::string& path) override { return files.at(path); }
  result<void, Error> replace(const std::string& path, std::string_view bytes, unsigned) override {
    if (full) return no_room(path);
    files[path] = bytes;
    return {};
  }
  result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string& path, unsigned) override {
    return std::make_unique<Beginning>(*this, path);
  }
  result<std::unique_ptr<OpenedFile>, Error> open(const std::string& path) override {
    return std::make_unique<MemoryFile>(files.at(path));
  }
  result<void, Error> rename(const std::string& from, const std::string& to) override {
    files[to] = files.at(from);
    return remove(from);
  }
  result<void, Error> remove(const std::string& path) override {
    files.erase(path);
    return {};
  }
  result<void, Error> make_directory(const std::string&) override { return {}; }
  bool exists(const std::string& path) override { return files.contains(path); }

  static Error no_room(const std::string& path) {
    return {make_error_code(boost::system::errc::no_space_on_device), "cannot write " + path};
  }

  std::map<std::string, std::string> files;
  std::size_t room = ~std::size_t{0};  // of each file
  bool full = false;
};

}  // namespace sluice
