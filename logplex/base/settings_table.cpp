#include "logplex/base/settings_table.hpp"

#include <array>

namespace sluice {
namespace {

// A row's pointer to its field.
#define AT(section, key) +[](Settings& s) { return &s.section.key; }

constexpr bool kLive = true;
constexpr bool kStart = false;

const SettingRow kTable[] = {
    // process
    {"process.data_dir", AT(process, data_dir), "./sluice-data", "", kStart,
     "Directory of the embedded store, the last known good configuration, the API key file, undelivered lines of an "
     "orderly stop, and ports.json with the listeners' addresses."},
    {"process.shards", AT(process, shards), "0", "0..256", kStart, "Threads that do the work; 0 = one per core."},
    {"process.pin", AT(process, pin), "false", "", kStart, "Pin each shard to one core of the process's CPU set."},
    {"process.roles", AT(process, roles), "router,logplex", "router,logplex|router|logplex", kStart,
     "Parts that this node runs: the router, the log system (logplex), or both."},
    {"process.shutdown_deadline", AT(process, shutdown_deadline), "20s", "0s..1h", kStart,
     "How long SIGTERM waits for requests to finish and drains to flush."},
    {"process.log_level", AT(process, log_level), "info", "debug|info|warning|error", kLive,
     "Least severe event that the own log shows."},
    {"process.turn_warning", AT(process, turn_warning), "50ms", "1ms..1m", kStart,
     "A turn of a shard that takes more CPU time than this is counted and logged."},
    {"process.memory_reserve", AT(process, memory_reserve), "128MiB", "16MiB..1TiB", kStart,
     "Memory that the process may take beside fabric.memory_budget: connections, requests, bodies, configuration."},
    {"process.core_dumps", AT(process, core_dumps), "false", "", kStart,
     "Allows core dumps, and lets other processes of the same user inspect this one. Its memory holds keys and log "
     "lines."},
    {"process.dns_servers", AT(process, dns_servers), "", "", kStart,
     "Name servers (comma list of address or address:port) for backends, drains and Redis; empty = those of "
     "/etc/resolv.conf."},

    // router
    {"router.http", AT(router, http), "0.0.0.0:8080", "", kStart, "Plain HTTP listeners (comma list); empty = none."},
    {"router.https", AT(router, https), "", "", kStart,
     "TLS listeners (comma list). This version has none, so it accepts only an empty list."},
    {"router.proxy_protocol", AT(router, proxy_protocol), "off", "off|accept|require", kStart,
     "Whether clients' connections begin with a PROXY protocol header. This version cannot read it, so it accepts only "
     "off."},
    {"router.log_source", AT(router, log_source), "heroku", "", kStart,
     "Source name of router lines (their process is router)."},
    {"router.log_format", AT(router, log_format), "heroku2", "heroku|heroku2", kStart,
     "Tail of a router line: protocol=https, or protocol=http1.1 tls=true tls_version=tls1.3."},
    {"router.max_connections", AT(router, max_connections), "100000", "1..10000000", kStart,
     "Most client connections of the process; it accepts further ones only to close them."},
    {"router.request_line_max", AT(router, request_line_max), "8192", "256..64KiB", kStart,
     "Longest request line; a longer one is answered 414."},
    {"router.header_name_max", AT(router, header_name_max), "1000", "64..64KiB", kStart,
     "Longest header name of a request; a longer one is answered 400."},
    {"router.header_value_max", AT(router, header_value_max), "8192", "256..64KiB", kStart,
     "Longest header value of a request; a longer one is answered 400."},
    {"router.headers_max", AT(router, headers_max), "1000", "16..10000", kStart,
     "Most header fields of a request; more are answered 400."},
    {"router.request_head_max", AT(router, request_head_max), "128KiB", "1KiB..192KiB", kStart,
     "Largest request head as a whole; a larger one is answered 400."},
    {"router.response_status_line_max", AT(router, response_status_line_max), "8192", "256..64KiB", kStart,
     "Longest status line of a backend; a longer one ends in H25 and 502."},
    {"router.response_header_max", AT(router, response_header_max), "512KiB", "1KiB..4MiB", kStart,
     "Longest header line of a backend; a longer one ends in H25 and 502."},
    {"router.response_cookie_max", AT(router, response_cookie_max), "8192", "256..64KiB", kStart,
     "Longest Set-Cookie line of a backend; a longer one ends in H25 and 502."},
    {"router.client_idle_timeout", AT(router, client_idle_timeout), "60s", "1ms..1h", kStart,
     "The router closes a keep-alive client connection after this long without a request."},
    {"router.request_head_timeout", AT(router, request_head_timeout), "60s", "1ms..1h", kStart,
     "Time for a whole request head, from its first byte; then 408."},
    {"router.connect_timeout", AT(router, connect_timeout), "5s", "1ms..5m", kStart,
     "Time to connect to one backend; then the router tries the next one, and ends with H19 when none is left."},
    {"router.connect_total_timeout", AT(router, connect_total_timeout), "75s", "1ms..1h", kStart,
     "Time for all connection attempts of one request; then H19, H21 or H34."},
    {"router.connect_attempts", AT(router, connect_attempts), "10", "1..100", kStart,
     "Most backends tried for one request."},
    {"router.first_byte_timeout", AT(router, first_byte_timeout), "30s", "1ms..1h", kStart,
     "Time from the end of the request to the backend's first byte; then H12."},
    {"router.idle_timeout", AT(router, idle_timeout), "55s", "1ms..1h", kStart,
     "Longest silence within a request: H15 when the backend is silent, H28 when the client is."},
    {"router.quarantine", AT(router, quarantine), "5s", "0s..1h", kStart,
     "How long the router avoids a backend after a failed connect."},
    {"router.pool_idle_timeout", AT(router, pool_idle_timeout), "90s", "0s..1h", kStart,
     "The router closes a backend connection after this long without a request; 0s = no reuse."},
    {"router.pool_max_idle", AT(router, pool_max_idle), "256", "0..100000", kStart,
     "Most idle connections kept to one backend by one shard."},
    {"router.upload_min_rate", AT(router, upload_min_rate), "64", "0..1GiB", kStart,
     "Least bytes per second of a request body, averaged over each router.idle_timeout while the backend reads it; a "
     "slower upload ends in H28. 0 = no minimum."},
    {"router.upload_timeout", AT(router, upload_timeout), "1d", "1ms..30d", kStart,
     "Time for the whole body of a request; then H28."},
    {"router.abort_on_close", AT(router, abort_on_close), "false", "", kStart,
     "Treats a client as gone when it closes its sending side after its request: the router ends the request at once "
     "with H27 and tells the backend."},
    {"router.requests_per_connection", AT(router, requests_per_connection), "0", "0..1000000000", kStart,
     "Requests served on one client connection before it is closed; 0 = no limit."},
    {"router.deny_cidrs", AT(router, deny_cidrs), "169.254.0.0/16,fe80::/10,fd00:ec2::254/128", "", kStart,
     "Networks (comma list) that no backend may be in. The router always refuses Sluice's own listeners as backends."},
    {"router.allow_cidrs", AT(router, allow_cidrs), "", "", kStart,
     "Networks (comma list) that backends may be in even if they are loopback or in router.deny_cidrs."},
    {"router.trusted_proxies", AT(router, trusted_proxies), "", "", kStart,
     "Networks (comma list) of peers whose Forwarded and X-Forwarded-* fields the router trusts."},

// ingress
#define SLUICE_INGRESS(name, addresses, sentence) \
  {"ingress." #name, AT(ingress, name), addresses, "", kStart, sentence},
#include "logplex/base/ingress_listeners.def"
#undef SLUICE_INGRESS
    {"ingress.syslog_tls", AT(ingress, syslog_tls), "", "", kStart,
     "Listeners of TLS syslog (comma list). This version has none, so it accepts only an empty list."},
    {"ingress.ack", AT(ingress, ack), "memory", "memory|disk", kStart,
     "Where a line must be before ingress confirms it: in its channel's memory, or on disk. This version keeps lines "
     "in "
     "memory, so it accepts only memory."},
    {"ingress.max_delay", AT(ingress, max_delay), "1s", "0s..4s", kStart,
     "Longest pause before ingress reads on while the memory budget is short."},
    {"ingress.max_connections", AT(ingress, max_connections), "20000", "1..10000000", kStart,
     "Most connections of each kind of ingress; the process accepts further ones only to close them."},
    {"ingress.header_max", AT(ingress, header_max), "16KiB", "1KiB..1MiB", kStart, "Largest head of a request."},
    {"ingress.body_max", AT(ingress, body_max), "8000000", "1KiB..1GiB", kStart,
     "Largest body of POST /logs, before and after gzip; a larger one is answered 413."},
    {"ingress.frame_max", AT(ingress, frame_max), "10240", "1KiB..60KiB", kStart,
     "Longest message; POST /logs refuses a longer one, TCP syslog skips it."},
    {"ingress.request_timeout", AT(ingress, request_timeout), "30s", "10ms..1h", kStart,
     "Time for one request, head and body; then 408."},
    {"ingress.idle_timeout", AT(ingress, idle_timeout), "60s", "10ms..1d", kStart,
     "Ingress closes a keep-alive HTTP connection after this long without a request, and a syslog connection when one "
     "message takes longer than this to arrive."},

    // api
    {"api.listen", AT(api, listen), "127.0.0.1:8001", "", kStart, "Listeners of the HTTP API (comma list)."},
    {"api.key", AT(api, key), "", "", kStart,
     "The API key; empty = sluiced generates one at its first start, in DATA_DIR/api-key."},
    {"api.key_file", AT(api, key_file), "", "", kStart,
     "File that holds api.key, to keep the key out of the process list and the configuration; empty = api.key is "
     "used."},
    {"api.public_url", AT(api, public_url), "", "", kStart,
     "Session urls start with this; empty = with http:// and the request's Host header."},
    {"api.max_connections", AT(api, max_connections), "20000", "1..10000000", kStart,
     "Most API connections, tails included; the process accepts further ones only to close them."},
    {"api.header_max", AT(api, header_max), "16KiB", "1KiB..1MiB", kStart, "Largest head of a request."},
    {"api.body_max", AT(api, body_max), "1MiB", "1KiB..256MiB", kStart,
     "Largest body of a request; a larger one is answered 413."},
    {"api.request_timeout", AT(api, request_timeout), "30s", "10ms..1h", kStart, "Time for one request; then 408."},
    {"api.idle_timeout", AT(api, idle_timeout), "60s", "10ms..1d", kStart,
     "The API closes a keep-alive connection after this long without a request."},
    {"api.session_ttl", AT(api, session_ttl), "360s", "1s..1d", kStart, "How long a session url can be opened."},
    {"api.heartbeat", AT(api, heartbeat), "15s", "100ms..1h", kStart,
     "How often the API writes a comment into a silent tail (server-sent events), so that both ends notice a dead "
     "connection."},
    {"api.stream_stall_timeout", AT(api, stream_stall_timeout), "10m", "10ms..1d", kStart,
     "The API closes a tail whose reader takes no bytes for this long; sooner while memory is short."},

    // admin
    {"admin.listen", AT(admin, listen), "127.0.0.1:9601", "", kStart, "Listener of /metrics, /healthz and /readyz."},

    // store
    {"store.url", AT(store, url), "embedded:", "", kStart, "Where the configuration lives: embedded: or redis://..."},
    {"store.url_file", AT(store, url_file), "", "", kStart,
     "File that holds store.url, to keep its password out of the process list; empty = store.url is used."},
    {"store.secret_key_file", AT(store, secret_key_file), "", "", kStart,
     "File with the key (first line) and older keys (further lines) that seal secrets in the store; empty = not "
     "sealed."},
    {"store.reconnect_max", AT(store, reconnect_max), "5s", "100ms..1h", kStart,
     "Longest pause between attempts to reach the store."},
    {"store.write_timeout", AT(store, write_timeout), "2s", "10ms..1m", kStart,
     "Time for the store to confirm a change; then the API answers 503."},
    {"store.verify_interval", AT(store, verify_interval), "10m", "100ms..7d", kStart,
     "How often the node compares all entries in Redis with the configuration in its memory."},
    {"store.max_deleted_percent", AT(store, max_deleted_percent), "50", "0..100", kStart,
     "The node refuses a whole configuration from Redis that would delete more than this percentage of its entries, "
     "until 'sluice store accept' allows it."},
    {"store.min_replicas", AT(store, min_replicas), "0", "0..100", kStart,
     "Replicas that must have a change in Redis before the API confirms it; with fewer, it answers 503. 0 = the master "
     "alone."},
    {"store.ca_file", AT(store, ca_file), "", "", kStart,
     "PEM file with the CAs to trust for rediss://; empty = the system's."},
    {"store.client_cert", AT(store, client_cert), "", "", kStart,
     "PEM file with our certificate for rediss://; empty = none."},
    {"store.client_key", AT(store, client_key), "", "", kStart, "PEM file with the key of store.client_cert."},

    // fabric
    {"fabric.memory_budget", AT(fabric, memory_budget), "25%", "1MiB..1TiB", kStart,
     "Bytes of buffered lines in the process; a percentage such as 25% is a share of RAM, at most 4GiB."},
    {"fabric.history_lines", AT(fabric, history_lines), "1500", "0..1000000", kStart,
     "Lines kept per channel for tails."},
    {"fabric.disk_budget", AT(fabric, disk_budget), "auto", "", kStart,
     "Bytes of journal and spill. This version has neither, so it accepts only auto."},

    // drains
    {"drains.allow_cidrs", AT(drains, allow_cidrs), "", "", kStart,
     "Networks (comma list) that drains may reach even if they are loopback, link-local, private or metadata."},
    {"drains.max_per_channel", AT(drains, max_per_channel), "6", "0..64", kStart, "Most drains of one channel."},
    {"drains.max_global", AT(drains, max_global), "64", "0..64", kStart, "Most global drains."},
    {"drains.ca_file", AT(drains, ca_file), "", "", kStart,
     "PEM file of certificate authorities for drains; empty = the system's."},
    {"drains.flush_window", AT(drains, flush_window), "5ms", "0s..10s", kStart,
     "How long a drain waits for more lines before it sends what it has."},
    {"drains.http_batch_bytes", AT(drains, http_batch_bytes), "102400", "1KiB..16MiB", kStart,
     "Target size of one HTTP body."},
    {"drains.http_connect_timeout", AT(drains, http_connect_timeout), "3s", "1ms..5m", kStart,
     "Time to resolve, connect and shake hands with an HTTP receiver."},
    {"drains.http_timeout", AT(drains, http_timeout), "5s", "1ms..5m", kStart, "Time for one request's answer."},
    {"drains.http_idle_timeout", AT(drains, http_idle_timeout), "144s", "1ms..1d", kStart,
     "An HTTP drain closes its connection after this long without a delivery."},
    {"drains.syslog_batch_bytes", AT(drains, syslog_batch_bytes), "128KiB", "1KiB..16MiB", kStart,
     "Target size of one write to a syslog receiver."},
    {"drains.syslog_connect_timeout", AT(drains, syslog_connect_timeout), "4s", "1ms..5m", kStart,
     "Time to resolve, connect and shake hands with a syslog receiver."},
    {"drains.syslog_send_timeout", AT(drains, syslog_send_timeout), "4s", "1ms..5m", kStart,
     "A syslog receiver that takes nothing for this long is disconnected."},
    {"drains.syslog_idle_timeout", AT(drains, syslog_idle_timeout), "240s", "1ms..1d", kStart,
     "A syslog drain closes its connection after this long without a delivery."},
    {"drains.kafka_batch_bytes", AT(drains, kafka_batch_bytes), "128KiB", "1KiB..16MiB", kStart,
     "Bytes of lines that a Kafka drain hands to its producer at once; up to sixteen times as much is in flight."},
    {"drains.kafka_linger", AT(drains, kafka_linger), "20ms", "0s..10s", kStart,
     "How long a producer waits for more lines before it sends a batch; linger= in a drain's url overrides this."},
    {"drains.kafka_queue_bytes", AT(drains, kafka_queue_bytes), "64MiB", "1MiB..1GiB", kStart,
     "Most bytes that one producer holds; while it is full, its drains wait."},
    {"drains.kafka_max_producers", AT(drains, kafka_max_producers), "64", "1..1000", kStart,
     "Most Kafka producers in the process. Drains with the same cluster and credentials share one; a quarter of the "
     "places is reserved for global drains."},
    {"drains.idle_fuzz", AT(drains, idle_fuzz), "15s", "0s..1h", kStart, "Random part added to the idle timeouts."},
    {"drains.max_age", AT(drains, max_age), "5h", "10ms..30d", kStart,
     "Longest life of a drain's connection; a new one picks up DNS changes and spreads the load."},
    {"drains.backoff_min", AT(drains, backoff_min), "100ms", "1ms..1h", kStart,
     "First pause after a failed delivery; doubles each time, with jitter."},
    {"drains.backoff_max", AT(drains, backoff_max), "30s", "1ms..1d", kStart, "Longest pause between deliveries."},

    // limits
    {"limits.client_connections_per_address", AT(limits, client_connections_per_address), "0", "0..10000000", kStart,
     "Most client connections of one address (IPv6: of one /64) to the router; 0 = a fair share once the listener is "
     "over 75 % full. Trusted proxies are exempt."},
    {"limits.app_connections", AT(limits, app_connections), "0", "0..10000000", kStart,
     "Most client connections whose last request was for one app; more requests end in H22 and 503. 0 = a fair share "
     "once more than 75 % of router.max_connections are in use."},
    {"limits.app_requests", AT(limits, app_requests), "0", "0..10000000", kStart,
     "Most requests of one app at once; more end in H11 and 503. 0 = no limit but that of connections."},
    {"limits.app_idle_backends", AT(limits, app_idle_backends), "1000", "0..1000000", kStart,
     "Most idle backend connections that one shard keeps for one app."},
    {"limits.idle_backends", AT(limits, idle_backends), "8192", "0..1000000", kStart,
     "Most idle backend connections that one shard keeps for all apps."},
    {"limits.ingress_unproven", AT(limits, ingress_unproven), "10%", "", kStart,
     "Part of the listener that connections without a valid token may hold once the listener is over 75 % full."},
    {"limits.ingress_proof_time", AT(limits, ingress_proof_time), "10s", "10ms..1h", kStart,
     "Ingress closes a connection that has not shown a valid token after this long."},
    {"limits.lines_per_second", AT(limits, lines_per_second), "0", "0..1000000000", kStart,
     "Most lines per second of one channel, from all its tokens and the router together; 0 = no limit."},
    {"limits.lines_burst", AT(limits, lines_burst), "10x", "", kStart,
     "Most lines at once above limits.lines_per_second: a number, or a multiple of it such as 10x."},
    {"limits.bytes_per_second", AT(limits, bytes_per_second), "0", "0..1TiB", kStart,
     "Most bytes per second of one channel, from all its tokens and the router together: text, fields and 24 bytes of "
     "each line; 0 = no limit."},
    {"limits.bytes_burst", AT(limits, bytes_burst), "10x", "", kStart,
     "Most bytes at once above limits.bytes_per_second: a size such as 1MiB, or a multiple of it such as 10x. One "
     "long line may exceed it."},
    {"limits.token_rate_percent", AT(limits, token_rate_percent), "100", "1..100", kStart,
     "Part of a channel's rates and bursts, in percent, that one of its tokens, or one API key, may use."},
    {"limits.api_connections_per_key", AT(limits, api_connections_per_key), "25%", "", kStart,
     "Part of api.max_connections that one key may hold, tails among them."},
    {"limits.sessions_per_key", AT(limits, sessions_per_key), "1000", "1..1000000", kStart,
     "Most tails open at once on the sessions that one key created."},
    {"limits.kafka_producers_per_channel", AT(limits, kafka_producers_per_channel), "4", "1..1000", kStart,
     "Most Kafka producers (clusters and credentials) of one channel's drains."},
    {"limits.tokens_per_channel", AT(limits, tokens_per_channel), "1000", "1..1900", kStart,
     "Most tokens of one channel."},
    {"limits.config_bytes_per_channel", AT(limits, config_bytes_per_channel), "1MiB", "16KiB..1GiB", kStart,
     "Most bytes of configuration that one channel keeps in the store."},
    {"limits.notice_interval", AT(limits, notice_interval), "60s", "1s..1d", kStart,
     "How often a channel is told of the same thing."},
    {"limits.name_look_ups_per_owner", AT(limits, name_look_ups_per_owner), "4", "1..256", kStart,
     "Most host names that are looked up at once for the drains of one channel, and for the backends of one app."},
};

#undef AT

}  // namespace

std::span<const SettingRow> settings_table() { return kTable; }

}  // namespace sluice
