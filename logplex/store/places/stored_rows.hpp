#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/seal.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/model/entry.hpp"

namespace sluice {

/// Everything a store holds, as it is stored: for moving it elsewhere.
struct StoredRows {
  std::array<std::map<std::string, std::string>, std::variant_size_v<Entry>> values;  // by EntryKind: key, JSON
  std::uint64_t revision = 0;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
  std::uint64_t history = 0;  // of a data set in Redis
  bool loading = false;       // an earlier import did not come to its end

  std::map<std::string, std::string>& of(EntryKind kind) { return values[static_cast<std::size_t>(kind)]; }
  const std::map<std::string, std::string>& of(EntryKind kind) const { return values[static_cast<std::size_t>(kind)]; }
  std::size_t size() const;
};

/// Something that is not taken over, and why. Never a secret.
struct LeftOut {
  std::string kind;
  std::string key;
  std::string reason;
};

/// The rows as one JSON document, secrets included: {"sluice_configuration": 1, "entries": {"app": {"shop": {...}}}}.
std::string format_document(const StoredRows& rows);
/// Errors say what is wrong with the document as a whole; entries are looked at when they are planned.
result<StoredRows, Error> parse_document(std::string_view text);

/// What an import will do.
struct ImportPlan {
  std::vector<Effect> puts;  // in load order: what others need comes first
  std::array<std::size_t, std::variant_size_v<Entry>> added{};
  std::array<std::size_t, std::variant_size_v<Entry>> replaced{};
  std::size_t same = 0;
  std::vector<LeftOut> left_out;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
};

/// Lays the new rows over the present ones: the same key is replaced; what cannot be read, is not acceptable() or
/// contradicts what is there is left out. `seal` opens sealed secrets.
ImportPlan plan_import(const StoredRows& present, const StoredRows& incoming,
                       std::shared_ptr<const Seal> seal = nullptr);

}  // namespace sluice
