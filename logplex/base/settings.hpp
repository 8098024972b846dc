#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/files.hpp"
#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/base/units.hpp"

namespace sluice {

// All options. Each component gets its own struct; the table in settings_table.cpp gives every option its name,
// default, bounds and description. Defaults are in that table only.

struct ProcessSettings {
  std::string data_dir;
  std::uint64_t shards = 0;
  bool pin = false;
  std::string roles;
  Duration shutdown_deadline{};
  std::string log_level;
  Duration turn_warning{};
  Bytes memory_reserve;
  bool core_dumps = false;
  std::vector<std::string> dns_servers;

  bool has_role(std::string_view role) const;
};

struct RouterSettings {
  std::string http;
  std::string https;
  std::string proxy_protocol;
  std::string log_source;
  std::string log_format;
  std::uint64_t max_connections = 0;
  Bytes request_line_max;
  Bytes header_name_max;
  Bytes header_value_max;
  std::uint64_t headers_max = 0;
  Bytes request_head_max;
  Bytes response_status_line_max;
  Bytes response_header_max;
  Bytes response_cookie_max;
  Duration client_idle_timeout{};
  Duration request_head_timeout{};
  Duration connect_timeout{};
  Duration connect_total_timeout{};
  std::uint64_t connect_attempts = 0;
  Duration first_byte_timeout{};
  Duration idle_timeout{};
  Duration quarantine{};
  Duration pool_idle_timeout{};
  std::uint64_t pool_max_idle = 0;
  Bytes upload_min_rate;
  Duration upload_timeout{};
  bool abort_on_close = false;
  std::uint64_t requests_per_connection = 0;
  std::vector<std::string> deny_cidrs;
  std::vector<std::string> allow_cidrs;
  std::vector<std::string> trusted_proxies;
};

struct IngressSettings {
  // The addresses of each kind's listeners.
#define SLUICE_INGRESS(name, addresses, sentence) std::string name;
#include "logplex/base/ingress_listeners.def"
#undef SLUICE_INGRESS
  std::string syslog_tls;
  std::string ack;
  Duration max_delay{};
  std::uint64_t max_connections = 0;
  Bytes header_max;
  Bytes body_max;
  Bytes frame_max;
  Duration request_timeout{};
  Duration idle_timeout{};
};

struct ApiSettings {
  std::string listen;
  Secret key;
  std::string key_file;
  std::string public_url;
  std::uint64_t max_connections = 0;
  Bytes header_max;
  Bytes body_max;
  Duration request_timeout{};
  Duration idle_timeout{};
  Duration session_ttl{};
  Duration heartbeat{};
  Duration stream_stall_timeout{};
};

struct AdminSettings {
  std::string listen;
  std::uint64_t max_connections = 1000;  // not an option; lowered when descriptors are few
};

struct StoreSettings {
  Secret url;  // may hold a password
  std::string url_file;
  std::string secret_key_file;
  Duration reconnect_max{};
  Duration write_timeout{};
  Duration verify_interval{};
  std::uint64_t max_deleted_percent = 0;
  std::uint64_t min_replicas = 0;
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
};

struct FabricSettings {
  Bytes memory_budget;
  std::uint64_t history_lines = 0;
  std::string disk_budget;
};

struct DrainSettings {
  std::vector<std::string> allow_cidrs;
  std::uint64_t max_per_channel = 0;
  std::uint64_t max_global = 0;
  std::string ca_file;
  Duration flush_window{};
  Bytes http_batch_bytes;
  Duration http_connect_timeout{};
  Duration http_timeout{};
  Duration http_idle_timeout{};
  Bytes syslog_batch_bytes;
  Duration syslog_connect_timeout{};
  Duration syslog_send_timeout{};
  Duration syslog_idle_timeout{};
  Bytes kafka_batch_bytes;
  Duration kafka_linger{};
  Bytes kafka_queue_bytes;
  std::uint64_t kafka_max_producers = 0;
  Duration idle_fuzz{};
  Duration max_age{};
  Duration backoff_min{};
  Duration backoff_max{};
};

/// How much one address, app, channel or key may take of what all share. ops/limits.md says what happens at each limit.
struct LimitSettings {
  std::uint64_t client_connections_per_address = 0;
  std::uint64_t app_connections = 0;
  std::uint64_t app_requests = 0;
  std::uint64_t app_idle_backends = 0;
  std::uint64_t idle_backends = 0;
  Portion ingress_unproven;  // of ingress.max_connections
  Duration ingress_proof_time{};
  std::uint64_t lines_per_second = 0;
  Portion lines_burst;  // of lines_per_second
  Bytes bytes_per_second;
  Portion bytes_burst;  // of bytes_per_second
  std::uint64_t token_rate_percent = 0;
  Portion api_connections_per_key;  // of api.max_connections
  std::uint64_t sessions_per_key = 0;
  std::uint64_t kafka_producers_per_channel = 0;
  std::uint64_t tokens_per_channel = 0;
  Bytes config_bytes_per_channel;
  Duration notice_interval{};
  std::uint64_t name_look_ups_per_owner = 0;
};

struct Settings {
  ProcessSettings process;
  RouterSettings router;
  IngressSettings ingress;
  ApiSettings api;
  AdminSettings admin;
  StoreSettings store;
  FabricSettings fabric;
  DrainSettings drains;
  LimitSettings limits;
};

/// Where settings come from, weakest first: defaults, the TOML file, the environment, --set.
struct SettingsSources {
  std::string config_file;                         // empty = no file is read
  std::map<std::string, std::string> environment;  // only SLUICE_SECTION__KEY is read
  std::vector<std::string> set;                    // "section.key=value", split at the first '='
};

/// The result of reading the sources. A value with a mistake is skipped: a weaker source or the default applies.
struct SettingsReading {
  Settings settings;
  std::map<std::string, std::string, std::less<>> origins;  // "FILE line 3" by name; a default has none
  std::vector<std::string> mistakes;                        // sentences; each names the key, the value and the source

  /// " (from FILE line 3)" of a setting; empty when it has its default.
  std::string origin_of(std::string_view name) const;
};

/// Reads all sources and reports all mistakes, without the values of secrets. Start-up and SIGHUP only.
SettingsReading read_settings(const SettingsSources& sources, Files& files);

/// Like read_settings(), but fails with the first mistake.
result<Settings, Error> load_settings(const SettingsSources& sources, Files& files);

struct ChangedSetting {
  std::string_view name;
  bool live = false;  // changes without a restart
};

/// In table order.
std::vector<ChangedSetting> changed_settings(const Settings& before, const Settings& after);

/// Every setting with type, default, bounds, unit, live or start, and its sentence: the text of --help-settings.
std::string describe_settings();

/// The names of all rows, in table order. For completion and tests.
std::vector<std::string_view> setting_names();

}  // namespace sluice
