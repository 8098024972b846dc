#include <unistd.h>

#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "logplex/base/files.hpp"
#include "logplex/cli/answers.hpp"
#include "logplex/cli/commands.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/table.hpp"
#include "logplex/cli/view/terminal_text.hpp"
#include "logplex/store/places/store_place.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kKinds = std::variant_size_v<Entry>;
constexpr std::size_t kLongestDocument = std::size_t{1} << 30;
constexpr std::size_t kProgressEvery = 10'000;
constexpr unsigned kOwnerOnly = 0600;

Error in_words(const Error& error) { return failure(error.text()); }

result<TlsClientOptions, Error> tls_options(const StoreArguments& arguments) {
  SystemFiles files;
  TlsClientOptions options;
  options.ca_file = arguments.ca_file;
  if (!arguments.client_certificate_file.empty()) {
    SLUICE_TRY(options.client_chain, files.read(arguments.client_certificate_file));
  }
  if (!arguments.client_key_file.empty()) {
    SLUICE_TRY(auto key, files.read(arguments.client_key_file));
    options.client_key = Secret(std::move(key));
  }
  return options;
}

/// The seal of --secret-key-file; null without it.
result<std::shared_ptr<const Seal>, Error> seal_of(const StoreArguments& arguments) {
  if (arguments.secret_key_file.empty()) return std::shared_ptr<const Seal>();
  auto seal = Seal::read_file(arguments.secret_key_file);
  if (seal.has_error()) return in_words(seal.error());
  return std::shared_ptr<const Seal>(std::make_shared<Seal>(std::move(*seal)));
}

result<std::unique_ptr<StorePlace>, Error> place(const CommandRun& run, const std::string& name, PlaceUse use) {
  const auto tls = tls_options(run.arguments.store);
  if (tls.has_error()) return in_words(tls.error());
  SLUICE_TRY(auto seal, seal_of(run.arguments.store));
  auto opened = open_place(name, use, *tls, std::move(seal));
  if (opened.has_error()) return in_words(opened.error());
  return std::move(*opened);
}

result<std::string, Error> read_input(int fd) {
  std::string text;
  std::array<char, std::size_t{64} * 1024> buffer;
  for (;;) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("cannot read the standard input");
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kLongestDocument) return failure("the document is larger than 1 GiB");
  }
}

result<void, Error> store_export(CommandRun& run) {
  const auto& arguments = run.arguments.store;
  SLUICE_TRY(auto from, place(run, arguments.from, PlaceUse::kRead));
  const auto rows = from->read();
  if (rows.has_error()) return in_words(rows.error());
  const auto document = format_document(*rows);
  if (arguments.file.empty()) return run.print(document);
  SystemFiles files;
  if (const auto written = files.replace(arguments.file, document, kOwnerOnly); written.has_error())
    return in_words(written.error());
  return run.world.err.write("wrote " + std::to_string(rows->size()) + " entries to " + arguments.file + "\n");
}

json::object counts_json(const std::array<std::size_t, kKinds>& counts) {
  json::object out;
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    if (counts[kind] != 0) out[name_of(EntryKind(kind))] = counts[kind];
  return out;
}

json::object plan_json(const ImportPlan& plan, bool dry_run) {
  json::array left_out;
  for (const auto& one : plan.left_out)
    left_out.push_back(json::object{{"kind", one.kind}, {"key", one.key}, {"reason", one.reason}});
  return {{"dry_run", dry_run},
          {"added", counts_json(plan.added)},
          {"replaced", counts_json(plan.replaced)},
          {"unchanged", plan.same},
          {"left_out", std::move(left_out)}};
}

std::string plan_text(const ImportPlan& plan, bool dry_run) {
  Table table({"KIND", "ADDED", "REPLACED"});
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    if (plan.added[kind] + plan.replaced[kind] != 0)
      table.add({std::string(name_of(EntryKind(kind))), std::to_string(plan.added[kind]),
                 std::to_string(plan.replaced[kind])});
  std::string out = plan.puts.empty() ? "nothing to write\n" : table.str();
  if (plan.same != 0) out += std::to_string(plan.same) + " entries are there already\n";
  for (const auto& one : plan.left_out)
    out += "left out: " + one.kind + " " + harmless(one.key) + ": " + harmless(one.reason) + "\n";
  if (dry_run) out += "this was a dry run: nothing was changed\n";
  return out;
}

StorePlace::Progress progress_of(const CommandRun& run) {
  return [&run](std::size_t written, std::size_t all) {
    const bool last = written == all;
    if (run.world.err_is_terminal)
      static_cast<void>(run.world.err.write("\r" + std::to_string(written) + " of " + std::to_string(all) +
                                            " entries written" + (last ? "\n" : "")));
    else if (last || written % kProgressEvery == 0)
      static_cast<void>(
          run.world.err.write(std::to_string(written) + " of " + std::to_string(all) + " entries written\n"));
  };
}

/// Imports the rows into the store, or, in a dry run, says what that would change.
result<void, Error> fill(CommandRun& run, const StoredRows& rows, std::vector<LeftOut> left_out) {
  const bool dry_run = run.arguments.store.dry_run;
  SLUICE_TRY(auto to, place(run, run.arguments.store.to, dry_run ? PlaceUse::kTry : PlaceUse::kWrite));
  const auto present = to->read();
  if (present.has_error()) return in_words(present.error());
  SLUICE_TRY(auto seal, seal_of(run.arguments.store));
  auto plan = plan_import(*present, rows, std::move(seal));
  plan.left_out.insert(plan.left_out.begin(), left_out.begin(), left_out.end());
  if (!dry_run)
    if (const auto written = to->write(*present, plan, progress_of(run)); written.has_error())
      return in_words(written.error());
  if (run.arguments.json) return print_json(run, plan_json(plan, dry_run));
  return run.print(plan_text(plan, dry_run));
}

result<void, Error> store_import(CommandRun& run) {
  SystemFiles files;
  const bool piped = run.arguments.subject == "-";
  const auto text = piped ? read_input(run.world.input) : files.read(run.arguments.subject);
  if (text.has_error()) return in_words(text.error());
  const auto rows = parse_document(*text);
  if (rows.has_error()) return failure(run.arguments.subject + ": " + rows.error().text());
  return fill(run, *rows, {});
}

result<void, Error> store_import_logplex(CommandRun& run) {
  const auto tls = tls_options(run.arguments.store);
  if (tls.has_error()) return in_words(tls.error());
  const auto found = read_logplex(run.arguments.subject, *tls);
  if (found.has_error()) return in_words(found.error());
  return fill(run, found->rows, found->left_out);
}

result<void, Error> store_accept(CommandRun& run) {
  SLUICE_TRY(auto redis, place(run, run.arguments.subject, PlaceUse::kWrite));
  if (const auto done = redis->accept(); done.has_error()) return in_words(done.error());
  return report(run, json::object{{"accepted", true}}, "nodes will accept the configuration in Redis");
}

constexpr Command kCommands[] = {
    {"store export", store_export},
    {"store import", store_import},
    {"store import-logplex", store_import_logplex},
    {"store accept", store_accept},
};

}  // namespace

std::span<const Command> store_commands() { return kCommands; }

}  // namespace sluice::cli
