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

/// Everything a store holds, in its stored form, for moving it to another store.
struct StoredRows {
  std::array<std::map<std::string, std::string>, std::variant_size_v<Entry>> values;  // by EntryKind: key, JSON
  std::uint64_t revision = 0;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
  std::uint64_t history = 0;  // id of a data set in Redis
  bool loading = false;       // an earlier import was not completed

  std::map<std::string, std::string>& of(EntryKind kind) { return values[static_cast<std::size_t>(kind)]; }
  const std::map<std::string, std::string>& of(EntryKind kind) const { return values[static_cast<std::size_t>(kind)]; }
  std::size_t size() const;
};

/// An entry that is not imported, and why. Never contains a secret.
struct LeftOut {
  std::string kind;
  std::string key;
  std::string reason;
};

/// The rows as one JSON document, secrets included: {"sluice_configuration": 1, "entries": {"app": {"shop": {...}}}}.
std::string format_document(const StoredRows& rows);
/// Errors concern the document as a whole; plan_import() checks the entries.
result<StoredRows, Error> parse_document(std::string_view text);

/// What an import will do.
struct ImportPlan {
  std::vector<Effect> puts;  // in load order: see kLoadOrder
  std::array<std::size_t, std::variant_size_v<Entry>> added{};
  std::array<std::size_t, std::variant_size_v<Entry>> replaced{};
  std::size_t same = 0;
  std::vector<LeftOut> left_out;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
};

/// Plans to merge the new rows into the present ones. A row with a present key replaces it. The plan leaves out rows
/// that cannot be read, are not acceptable() or conflict with other rows. `seal` opens sealed secrets.
ImportPlan plan_import(const StoredRows& present, const StoredRows& incoming,
                       std::shared_ptr<const Seal> seal = nullptr);

}  // namespace sluice
