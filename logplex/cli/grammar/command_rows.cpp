#include "logplex/cli/grammar/command_rows.hpp"

#include <CLI/CLI.hpp>

#include "drains/facts/drain_facts.hpp"

namespace sluice::cli {
namespace {

const std::vector<std::string> kLevels = {"warn",  "emerg",   "alert",  "crit", "err",
                                          "error", "warning", "notice", "info", "debug"};

/// Takes one value each time the option is given, so that words after it stay positional.
void add_repeated(CLI::App& app, const char* name, const char* type, std::vector<std::string>& values,
                  const char* what) {
  app.add_option(name, values, what)->allow_extra_args(false)->take_all()->type_name(type);
}

/// Replaces CLI11's envname(), which also fills the options of other commands with the same variable.
void fill_from_environment(std::string& value, const char* variable) {
  const char* set = std::getenv(variable);
  if (value.empty() && set != nullptr) value = set;
}

/// Replaces CLI11's NonNegativeNumber, whose error text contains the largest double in full.
CLI::Validator whole_number() {
  return {[](std::string& text) {
            const bool good = !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == text.npos;
            return good ? std::string() : "'" + text + "' is not a whole number from 0 to 999999999";
          },
          std::string()};
}

void add_app_option(CLI::App& app, Arguments& a) {
  app.add_option("-a,--app", a.app, "The app or channel (or set SLUICE_APP)")->type_name("APP");
}

void add_app(CLI::App& app, Arguments& a) {
  add_app_option(app, a);
  app.final_callback([&a] {
    fill_from_environment(a.app, "SLUICE_APP");
    if (a.app.empty()) throw CLI::RequiredError("--app");
  });
}

void add_app_or_global(CLI::App& app, Arguments& a) {
  add_app_option(app, a);
  app.add_flag("--global", a.global, "A global drain, which reads every channel");
  app.final_callback([&a] {
    if (a.global && !a.app.empty()) throw CLI::ExcludesError("--app", "--global");
    if (!a.global) fill_from_environment(a.app, "SLUICE_APP");
    if (!a.global && a.app.empty()) throw CLI::RequiredError("--app or --global");
  });
}

void add_subject(CLI::App& app, Arguments& a, const char* name, const std::string& what) {
  app.add_option(name, a.subject, what)->type_name("")->required();
}

void app_name(CLI::App& app, Arguments& a) { add_subject(app, a, "NAME", "The app"); }

void apps_create(CLI::App& app, Arguments& a) {
  add_subject(app, a, "NAME", "The new app; its channel has the same name");
  add_repeated(app, "-d,--domain", "DOMAIN", a.domains, "A host name to serve; may be repeated");
  add_repeated(app, "-b,--backend", "BACKEND", a.backends, "[NAME=]HOST:PORT of a backend; may be repeated");
}

void apps_delete(CLI::App& app, Arguments& a) {
  app_name(app, a);
  app.add_flag("--keep-channel", a.keep_channel, "Keep the channel with its tokens and drains");
}

void app_and_domains(CLI::App& app, Arguments& a) {
  add_app(app, a);
  app.add_option("DOMAIN", a.subjects, "One or more host names")->type_name("")->required();
}

void backends_add(CLI::App& app, Arguments& a) {
  add_app(app, a);
  app.add_option("BACKEND", a.subjects, "[NAME=]HOST:PORT, one or more; without a name, the next free web.N")
      ->type_name("")
      ->required();
  app.add_option("--soft", a.soft_limit, "Requests in flight from which the router prefers other backends")
      ->type_name("N")
      ->check(whole_number());
  app.add_option("--hard", a.hard_limit, "Most requests in flight, 0 = no limit")
      ->type_name("N")
      ->check(whole_number());
  app.add_option("--weight", a.weight, "Share of the requests")->type_name("N")->check(whole_number());
}

void backends_remove(CLI::App& app, Arguments& a) {
  add_app(app, a);
  app.add_option("NAME", a.subjects, "One or more names of backends")->required();
}

void tokens_create(CLI::App& app, Arguments& a) {
  add_app(app, a);
  app.add_option("NAME", a.subject, "The name, which becomes the source of its lines (app)")->type_name("");
}

void tokens_revoke(CLI::App& app, Arguments& a) {
  add_app(app, a);
  add_subject(app, a, "TOKEN", "Id or name");
}

/// "How lines are written: http takes logplex, rfc5424, ndjson; ..."
std::string drain_formats_help() {
  std::string out = "How lines are written";
  for (const drains::DrainFacts* facts : drains::drain_facts()) {
    out += facts == drains::drain_facts().front() ? ": " : "; ";
    out += std::string(facts->name) + " takes ";
    for (const std::string_view format : facts->formats)
      out += std::string(format == facts->formats.front() ? "" : ", ") + std::string(format);
  }
  return out;
}

void drains_add(CLI::App& app, Arguments& a) {
  add_app_or_global(app, a);
  add_subject(app, a, "URL", drains::list_drain_schemes("://"));
  app.add_option("--format", a.drain.format, drain_formats_help())->type_name("FORMAT");
  app.add_flag("--durable", a.drain.durable,
               "Keep undelivered lines on disk, across restarts too (servers of this version refuse it)");
  app.add_option("--filter", a.drain.filter, "Send only lines that match, such as 'source=app level<=warning'")
      ->type_name("FILTER");
  add_repeated(app, "--header", "HEADER", a.drain.headers, "Name:Value sent with each request; may be repeated");
  app.add_option("--secret", a.drain.secret, "Key that signs HTTP bodies")->type_name("SECRET");
  app.add_option("--ca", a.drain.ca_file, "PEM file of the authority that signed the receiver's certificate")
      ->type_name("FILE");
  app.add_option("--client-cert", a.drain.client_certificate_file, "PEM file of our certificate")->type_name("FILE");
  app.add_option("--client-key", a.drain.client_key_file, "PEM file of our key")->type_name("FILE");
}

void one_drain(CLI::App& app, Arguments& a) {
  add_app_or_global(app, a);
  add_subject(app, a, "DRAIN", "Id, token or URL of the drain");
}

void drains_resume(CLI::App& app, Arguments& a) {
  one_drain(app, a);
  app.add_option("--from", a.from,
                 "'cursor': from where the drain stopped (the default); 'now': skip lines that came since")
      ->check(CLI::IsMember({"cursor", "now"}));
}

void drains_replay(CLI::App& app, Arguments& a) {
  one_drain(app, a);
  app.add_option("--since", a.log.since, "Start of the time range: an age such as 10m, or a time")->required();
  app.add_option("--until", a.log.until, "End of the time range (now)");
}

void keys_create(CLI::App& app, Arguments& a) {
  add_subject(app, a, "NAME", "What the key is for");
  add_repeated(app, "--scope", "SCOPE", a.scopes,
               "logs:read, logs:write, drains:read, drains:write, apps:read, apps:write or admin; repeatable");
  add_repeated(app, "--channel", "CHANNEL", a.channels, "Only this channel; may be repeated");
  app.add_option("--expires-in", a.expires_in, "Lifetime of the key, such as 30d")->type_name("TIME");
}

void key_id(CLI::App& app, Arguments& a) { add_subject(app, a, "KEY", "Id or name"); }

void log_options(CLI::App& app, Arguments& a) {
  add_app(app, a);
  app.add_option("-n,--num,--lines", a.log.lines, "Lines of history (100; all with --since)")
      ->type_name("N")
      ->check(whole_number());
  app.add_option("-s,--source", a.log.source, "Only this source, such as app or heroku")->type_name("SOURCE");
  app.add_option("-p,--proc,--ps,--dyno", a.log.process, "Only this process: web, or web.1")->type_name("PROC");
  app.add_option("--filter", a.log.filter, "Filter terms, such as 'status>=500 -path~^/health'");
  app.add_option("--grep", a.log.grep, "Only lines whose text matches this RE2 expression")->type_name("RE");
  app.add_option("--level", a.log.level, "Only this severity and worse")
      ->check(CLI::IsMember(kLevels, CLI::ignore_case));
  app.add_option("--since", a.log.since, "Only lines since this time: an age such as 10m, or a time");
  app.add_option("--until", a.log.until, "Only lines up to then");
  app.add_flag("--raw", a.log.raw, "Print the text alone");
  app.add_option("--color,--colour", a.log.colour, "auto, always or never; NO_COLOR is honoured")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_option("--timestamps", a.log.timestamps, "utc (default), local or none")
      ->check(CLI::IsMember({"local", "utc", "none"}));
}

void logs(CLI::App& app, Arguments& a) {
  log_options(app, a);
  app.add_flag("-t,-f,--tail", a.log.follow, "Keep printing new lines until you stop it");
}

void send(CLI::App& app, Arguments& a) {
  add_app(app, a);
  app.add_option("--source", a.send.source,
                 "Source of the lines (app); sends with the token of this name, and creates it if needed")
      ->type_name("SOURCE");
  app.add_option("--proc", a.send.process, "The process of the lines (send)")->type_name("PROC");
  app.add_option("--level", a.send.level, "Severity of the lines (info)")
      ->check(CLI::IsMember(kLevels, CLI::ignore_case));
  app.add_option("--ingress", a.send.ingress_url,
                 "Ingress to send to, instead of the one that the server reports (or SLUICE_INGRESS_URL)")
      ->type_name("URL");
}

void top(CLI::App& app, Arguments& a) {
  app.add_option("-i,--interval", a.interval_s, "Seconds between two updates (2)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("-n,--rounds", a.rounds, "Exit after this many updates")->type_name("N");
}

void store_tls(CLI::App& app, Arguments& a) {
  app.add_option("--ca", a.store.ca_file, "PEM file of the authority that signed the certificate of a rediss:// server")
      ->type_name("FILE");
  app.add_option("--client-cert", a.store.client_certificate_file, "PEM file of our certificate")->type_name("FILE");
  app.add_option("--client-key", a.store.client_key_file, "PEM file of our key")->type_name("FILE");
}

void store_to(CLI::App& app, Arguments& a) {
  app.add_option("--to", a.store.to,
                 "Target store: a data directory that no running sluiced uses, or the URL of a Redis")
      ->type_name("PLACE")
      ->required();
  app.add_flag("--dry-run", a.store.dry_run, "Show what would change, without changing anything");
  app.add_option("--secret-key-file", a.store.secret_key_file,
                 "The nodes' store.secret_key_file; opens sealed secrets, and seals the secrets that it writes")
      ->type_name("FILE");
  store_tls(app, a);
}

void store_export(CLI::App& app, Arguments& a) {
  app.add_option("--from", a.store.from, "Source store: a data directory, or the URL of a Redis")
      ->type_name("PLACE")
      ->required();
  app.add_option("-o,--output", a.store.file, "File for the document, which holds secrets (standard output)")
      ->type_name("FILE");
  store_tls(app, a);
}

void store_import(CLI::App& app, Arguments& a) {
  add_subject(app, a, "FILE", "Document that 'store export' wrote; - means standard input");
  store_to(app, a);
}

void store_import_logplex(CLI::App& app, Arguments& a) {
  add_subject(app, a, "URL", "The Redis that holds the configuration of a Logplex");
  store_to(app, a);
}

void store_accept(CLI::App& app, Arguments& a) {
  add_subject(app, a, "URL", "The Redis that nodes share");
  store_tls(app, a);
}

void completion(CLI::App& app, Arguments& a) {
  app.add_option("SHELL", a.subject, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

constexpr CommandRow kRows[] = {
    {"apps", "Apps behind the router",
     "sluice apps create shop --domain shop.example.com --backend 10.0.0.7:5000\nsluice apps list", nullptr},
    {"apps create", "Create an app",
     "sluice apps create shop --domain shop.example.com --backend 10.0.0.7:5000\n"
     "sluice apps create shop -b web.1=10.0.0.7:5000 -b web.2=10.0.0.8:5000",
     apps_create},
    {"apps list", "List all apps", "sluice apps list\nsluice apps list --json | jq -r '.[].name'", nullptr},
    {"apps show", "Show one app", "sluice apps show shop", app_name},
    {"apps delete", "Delete an app and its channel", "sluice apps delete shop\nsluice apps delete shop --keep-channel",
     apps_delete},
    {"domains", "Host names an app serves", "sluice domains add www.example.com -a shop\nsluice domains list -a shop",
     nullptr},
    {"domains add", "Add host names", "sluice domains add www.example.com shop.example.com -a shop", app_and_domains},
    {"domains remove", "Remove host names", "sluice domains remove www.example.com -a shop", app_and_domains},
    {"domains list", "List host names", "sluice domains list -a shop", add_app},
    {"backends", "Addresses at which an app serves requests",
     "sluice backends add 10.0.0.7:5000 -a shop\nsluice backends list -a shop", nullptr},
    {"backends add", "Add backends, or change them",
     "sluice backends add 10.0.0.7:5000 -a shop\nsluice backends add web.2=10.0.0.8:5000 --hard 50 -a shop",
     backends_add},
    {"backends remove", "Remove backends", "sluice backends remove web.2 -a shop", backends_remove},
    {"backends list", "List backends", "sluice backends list -a shop", add_app},
    {"tokens", "Credentials to write into a channel", "sluice tokens create -a shop\nsluice tokens list -a shop",
     nullptr},
    {"tokens create", "Create a token and print it",
     "sluice tokens create -a shop\nsluice tokens create worker -a shop", tokens_create},
    {"tokens list", "List tokens, without their secrets", "sluice tokens list -a shop", add_app},
    {"tokens revoke", "Revoke a token", "sluice tokens revoke worker -a shop", tokens_revoke},
    {"drains", "Receivers of a channel's lines",
     "sluice drains add https://logs.example.com/in -a shop\nsluice drains list -a shop\nsluice drains test 7 -a shop",
     nullptr},
    {"drains add", "Add a drain",
     "sluice drains add https://logs.example.com/in --header 'X-Key: abc' -a shop\n"
     "sluice drains add syslog+tls://logs.example.com:6514 --filter 'level<=warning' -a shop\n"
     "sluice drains add kafka://kafka:9092/router --filter 'source=heroku proc=router' --global",
     drains_add},
    {"drains list", "List drains with what they delivered", "sluice drains list -a shop\nsluice drains list --global",
     add_app_or_global},
    {"drains show", "Show one drain with all its figures", "sluice drains show 7 -a shop", one_drain},
    {"drains remove", "Remove a drain", "sluice drains remove https://logs.example.com/in -a shop", one_drain},
    {"drains test", "Send one test line now and say what happened", "sluice drains test 7 -a shop", one_drain},
    {"drains pause", "Stop deliveries until 'drains resume'", "sluice drains pause 7 -a shop", one_drain},
    {"drains resume", "Deliver again", "sluice drains resume 7 -a shop\nsluice drains resume 7 --from now -a shop",
     drains_resume},
    {"drains replay", "Deliver a time range once more (needs a durable drain, which servers of this version lack)",
     "sluice drains replay 7 --since 2h --until 1h -a shop", drains_replay},
    {"keys", "API keys with limited rights",
     "sluice keys create dashboard --scope logs:read --channel shop\nsluice keys list", nullptr},
    {"keys create", "Create a key and print it",
     "sluice keys create dashboard --scope logs:read --channel shop --expires-in 30d", keys_create},
    {"keys list", "List keys, without their secrets", "sluice keys list", nullptr},
    {"keys revoke", "Revoke a key", "sluice keys revoke dashboard", key_id},
    {"logs", "Show an app's lines, once or live",
     "sluice logs -a shop -n 500 --level warning\nsluice logs -a shop -t -s heroku -p router --filter 'status>=500'\n"
     "sluice logs -a shop --since 2h --until 1h --grep 'timeout|refused'\nsluice logs -a shop -t --json | jq -r .text",
     logs},
    {"tail", "Show an app's lines live (logs -t)",
     "sluice tail -a shop\nsluice tail -a shop -p web --level err --timestamps local", log_options},
    {"send", "Send lines from standard input into a channel",
     "journalctl -f -u shop | sluice send -a shop --proc worker.1\necho deployed | sluice send -a shop --source deploy",
     send},
    {"status", "Show nodes, rates and drains that are not healthy", "sluice status\nsluice status --json | jq .nodes",
     nullptr},
    {"top", "Show rates live", "sluice top\nsluice top --interval 5\nsluice top -n 1 --json", top},
    {"store", "Move configuration between stores",
     "sluice store export --from ./sluice-data -o configuration.json\n"
     "sluice store import configuration.json --to redis://10.0.0.5:6379",
     nullptr},
    {"store export", "Write a whole configuration as one JSON document",
     "sluice store export --from ./sluice-data -o configuration.json\n"
     "sluice store export --from redis://10.0.0.5:6379 | gzip > configuration.json.gz",
     store_export},
    {"store import", "Fill a store from a document that 'store export' wrote",
     "sluice store import configuration.json --to redis://10.0.0.5:6379 --dry-run\n"
     "sluice store import configuration.json --to ./sluice-data",
     store_import},
    {"store import-logplex", "Fill a store from the configuration Redis of a Logplex",
     "sluice store import-logplex redis://logplex-config:6379 --to redis://10.0.0.5:6379 --dry-run",
     store_import_logplex},
    {"store accept", "Let nodes accept the configuration in Redis, even if it deletes most of their entries",
     "sluice store accept redis://10.0.0.5:6379", store_accept},
    {"login", "Check an API key and keep it for later commands",
     "sluice login --url https://logs.example.com\nsluice login --key-file sluice-data/api-key", nullptr},
    {"completion", "Print a completion script for a shell",
     "source <(sluice completion bash)\nsluice completion zsh > ~/.zfunc/_sluice\n"
     "sluice completion fish > ~/.config/fish/completions/sluice.fish",
     completion},
};

}  // namespace

std::span<const CommandRow> command_rows() { return kRows; }

}  // namespace sluice::cli
