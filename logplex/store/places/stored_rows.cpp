#include "logplex/store/places/stored_rows.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/model/config_error.hpp"
#include "logplex/model/sealed_entry.hpp"
#include "logplex/store/entry_loader.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr std::int64_t kDocumentVersion = 1;
constexpr std::size_t kKinds = std::variant_size_v<Entry>;

std::uint64_t number_in(const json::object& object, std::string_view name, std::uint64_t otherwise) {
  const auto* value = object.if_contains(name);
  boost::system::error_code failed;
  const auto number = value == nullptr ? otherwise : value->to_number<std::uint64_t>(failed);
  return failed ? otherwise : number;
}

json::value entry_json(const std::string& text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  // Keep text that is not JSON as a string, so that nothing is lost.
  return failed ? json::value(text) : value;
}

/// Loads entries one by one, as a store would while it is being filled.
class Planner {
 public:
  Planner(const StoredRows& present, std::shared_ptr<const Seal> seal)
      : present_(present), loader_("import", std::move(seal)) {
    ChangedKeys nobody;
    for (const auto kind : kLoadOrder)
      for (const auto& [key, value] : present.of(kind)) loader_.take(kind, key, value, nobody);
  }

  void take(EntryKind kind, const std::string& key, const std::string& value, ImportPlan& plan) {
    const auto before = present_.of(kind).find(key);
    if (before != present_.of(kind).end() && before->second == value) return static_cast<void>(++plan.same);
    auto entry = decode_entry(kind, key, value, loader_.seal());
    if (entry.has_error()) return leave_out(kind, key, entry.error().message, plan);
    ChangedKeys nobody;
    auto editor = loader_.editor(nobody);
    if (const auto fits = editor.fits(*entry); fits.has_error())
      return leave_out(kind, key, fits.error().message, plan);
    Effect effect{kind, key, std::move(*entry)};
    editor.apply(effect);
    plan.puts.push_back(std::move(effect));
    const bool known = before != present_.of(kind).end();
    ++(known ? plan.replaced : plan.added)[static_cast<std::size_t>(kind)];
  }

  void count(ImportPlan& plan, const StoredRows& incoming) const {
    const auto& config = loader_.config();
    plan.next_drain_id = std::max({config.next_drain_id(), incoming.next_drain_id, present_.next_drain_id});
    plan.next_channel_id = std::max({config.next_channel_id(), incoming.next_channel_id, present_.next_channel_id});
  }

 private:
  static void leave_out(EntryKind kind, const std::string& key, const std::string& reason, ImportPlan& plan) {
    plan.left_out.push_back({std::string(name_of(kind)), public_key(kind, key), reason});
  }

  const StoredRows& present_;
  EntryLoader loader_;
};

}  // namespace

std::size_t StoredRows::size() const {
  std::size_t size = 0;
  for (const auto& rows : values) size += rows.size();
  return size;
}

std::string format_document(const StoredRows& rows) {
  json::object entries;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    json::object of_kind;
    for (const auto& [key, value] : rows.values[kind]) of_kind[key] = entry_json(value);
    entries[name_of(EntryKind(kind))] = std::move(of_kind);
  }
  const json::object document{{"sluice_configuration", kDocumentVersion},
                              {"revision", rows.revision},
                              {"next_drain_id", rows.next_drain_id},
                              {"next_channel_id", rows.next_channel_id},
                              {"entries", std::move(entries)}};
  return json::serialize(document) + "\n";
}

result<StoredRows, Error> parse_document(std::string_view text) {
  boost::system::error_code failed;
  const auto value = json::parse(text, failed);
  if (failed || !value.is_object()) return invalid("this is not a JSON document");
  const auto& document = value.get_object();
  const auto version = number_in(document, "sluice_configuration", 0);
  if (version == 0) return invalid("this is not a configuration that 'sluice store export' wrote");
  if (version > std::uint64_t{kDocumentVersion})
    return invalid("this document was written by a newer version of Sluice");
  const auto* entries = document.if_contains("entries");
  if (entries == nullptr || !entries->is_object()) return invalid("this document has no entries");
  StoredRows rows;
  rows.revision = number_in(document, "revision", 0);
  rows.next_drain_id = number_in(document, "next_drain_id", 1);
  rows.next_channel_id = number_in(document, "next_channel_id", 1);
  for (const auto& [name, of_kind] : entries->get_object()) {
    const auto kind = parse_kind(name);
    if (!kind || !of_kind.is_object()) return invalid("entries." + std::string(name) + " is not a kind of entry");
    for (const auto& [key, entry] : of_kind.get_object()) rows.of(*kind)[key] = json::serialize(entry);
  }
  return rows;
}

ImportPlan plan_import(const StoredRows& present, const StoredRows& incoming, std::shared_ptr<const Seal> seal) {
  ImportPlan plan;
  Planner planner(present, std::move(seal));
  for (const auto kind : kLoadOrder)
    for (const auto& [key, value] : incoming.of(kind)) planner.take(kind, key, value, plan);
  planner.count(plan, incoming);
  return plan;
}

}  // namespace sluice
