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
     "Directory of the embedded store, the journal, the last known good configuration and the API key file."},
    {"process.shards", AT(process, shards), "0", "0..256", kStart, "Threads that do the work; 0 = one per core."},
    {"process.pin", AT(process, pin), "false", "", kStart, "Pin each shard to one core of the process's CPU set."},
    {"process.roles", AT(process, roles), "router,logplex", "router,logplex|router|logplex", kStart,
     "What this node does."},
    {"process.shutdown_deadline", AT(process, shutdown_deadline), "20s", "0s..1h", kStart,
     "How long SIGTERM waits for requests to finish and drains to flush."},
    {"process.log_level", AT(process, log_level), "info", "debug|info|warning|error", kLive,
     "Least severe event that the own log shows."},

    // router
    {"router.http", AT(router, http), "0.0.0.0:8080", "", kStart, "Plain HTTP listeners (comma list); empty = none."},
    {"router.https", AT(router, https), "", "", kStart, "TLS listeners (comma list); empty = none."},
    {"router.proxy_protocol", AT(router, proxy_protocol), "off", "off|accept|require", kStart,
     "Whether clients' connections begin with a PROXY protocol header."},
    {"router.log_source", AT(router, log_source), "heroku", "", kStart,
     "Source name of router lines (their process is router)."},
    {"router.log_format", AT(router, log_format), "heroku2", "heroku|heroku2", kStart,
     "Tail of a router line: protocol=https, or protocol=http1.1 tls=true tls_version=tls1.3."},
    {"router.max_connections", AT(router, max_connections), "100000", "1..10000000", kStart,
     "Client connections of the process; more are closed when accepted."},
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
     "A kept-alive client connection without a request is closed after this."},
    {"router.request_head_timeout", AT(router, request_head_timeout), "60s", "1ms..1h", kStart,
     "Time for a whole request head, from its first byte; then 408."},
    {"router.connect_timeout", AT(router, connect_timeout), "5s", "1ms..5m", kStart,
     "Time to connect to one backend; then the next one, finally H19."},
    {"router.connect_total_timeout", AT(router, connect_total_timeout), "75s", "1ms..1h", kStart,
     "Time for all attempts to connect of one request; then H19, H21 or H34."},
    {"router.connect_attempts", AT(router, connect_attempts), "10", "1..100", kStart,
     "Most backends tried for one request."},
    {"router.first_byte_timeout", AT(router, first_byte_timeout), "30s", "1ms..1h", kStart,
     "Time from the end of the request to the backend's first byte; then H12."},
    {"router.idle_timeout", AT(router, idle_timeout), "55s", "1ms..1h", kStart,
     "Longest silence within a request: H15 when the backend is silent, H28 when the client is."},
    {"router.quarantine", AT(router, quarantine), "5s", "0s..1h", kStart,
     "How long a backend is left alone after a failed connect."},
    {"router.pool_idle_timeout", AT(router, pool_idle_timeout), "90s", "0s..1h", kStart,
     "A backend connection without a request is closed after this; 0s = no reuse."},
    {"router.pool_max_idle", AT(router, pool_max_idle), "256", "0..100000", kStart,
     "Most idle connections kept to one backend by one shard."},
    {"router.requests_per_connection", AT(router, requests_per_connection), "0", "0..1000000000", kStart,
     "Requests served on one client connection before it is closed; 0 = no limit."},

    // ingress
    {"ingress.http", AT(ingress, http), "0.0.0.0:8601", "", kStart, "Listeners of POST /logs (comma list)."},
    {"ingress.syslog", AT(ingress, syslog), "0.0.0.0:6001", "", kStart, "Listeners of TCP syslog (comma list)."},
    {"ingress.syslog_tls", AT(ingress, syslog_tls), "", "", kStart, "Listeners of TLS syslog (comma list)."},
    {"ingress.ack", AT(ingress, ack), "memory", "memory|disk", kStart,
     "What an accepted line has reached: its channel's memory, or the disk."},
    {"ingress.max_delay", AT(ingress, max_delay), "1s", "0s..4s", kStart,
     "Most that ingress is slowed down while the memory budget is short."},
    {"ingress.max_connections", AT(ingress, max_connections), "20000", "1..10000000", kStart,
     "Connections of each kind of ingress; more are closed when accepted."},
    {"ingress.header_max", AT(ingress, header_max), "16KiB", "1KiB..1MiB", kStart, "Largest head of a request."},
    {"ingress.body_max", AT(ingress, body_max), "8000000", "1KiB..1GiB", kStart,
     "Largest body of POST /logs, before and after gzip; a larger one is answered 413."},
    {"ingress.frame_max", AT(ingress, frame_max), "10240", "1KiB..60KiB", kStart,
     "Longest frame; a longer one is malformed."},
    {"ingress.request_timeout", AT(ingress, request_timeout), "30s", "10ms..1h", kStart,
     "Time for one request, head and body; then 408."},
    {"ingress.idle_timeout", AT(ingress, idle_timeout), "60s", "10ms..1d", kStart,
     "A kept-alive HTTP connection without a request, or a syslog connection in the middle of a frame, is closed after "
     "this."},

    // api
    {"api.listen", AT(api, listen), "127.0.0.1:8001", "", kStart, "Listeners of the HTTP API (comma list)."},
    {"api.key", AT(api, key), "", "", kStart, "The API key; empty = made at first start, in DATA_DIR/api-key."},
    {"api.public_url", AT(api, public_url), "", "", kStart,
     "What session urls start with; empty = http:// and the request's Host."},
    {"api.max_connections", AT(api, max_connections), "20000", "1..10000000", kStart,
     "API connections, tails among them; more are closed when accepted."},
    {"api.header_max", AT(api, header_max), "16KiB", "1KiB..1MiB", kStart, "Largest head of a request."},
    {"api.body_max", AT(api, body_max), "1MiB", "1KiB..256MiB", kStart,
     "Largest body of a request; a larger one is answered 413."},
    {"api.request_timeout", AT(api, request_timeout), "30s", "10ms..1h", kStart, "Time for one request; then 408."},
    {"api.idle_timeout", AT(api, idle_timeout), "60s", "10ms..1d", kStart,
     "A kept-alive connection without a request is closed after this."},
    {"api.session_ttl", AT(api, session_ttl), "360s", "1s..1d", kStart, "How long a session url can be opened."},
    {"api.heartbeat", AT(api, heartbeat), "15s", "100ms..1h", kStart,
     "How often a silent tail gets a comment (server-sent events) so that dead links show."},

    // admin
    {"admin.listen", AT(admin, listen), "127.0.0.1:9601", "", kStart, "Listener of /metrics, /healthz and /readyz."},

    // store
    {"store.url", AT(store, url), "embedded:", "", kStart, "Where the configuration lives: embedded: or redis://..."},
    {"store.reconnect_max", AT(store, reconnect_max), "5s", "100ms..1h", kStart,
     "Longest pause between attempts to reach the store."},
    {"store.write_timeout", AT(store, write_timeout), "2s", "10ms..1m", kStart,
     "A change that the store has not taken after this is answered 503."},
    {"store.verify_interval", AT(store, verify_interval), "10m", "100ms..7d", kStart,
     "How often all entries in Redis are compared with what the node acts on."},
    {"store.max_deleted_percent", AT(store, max_deleted_percent), "50", "0..100", kStart,
     "A whole configuration from Redis that would delete more of the entries than this is not taken unless accepted."},
    {"store.ca_file", AT(store, ca_file), "", "", kStart,
     "PEM file with the CAs to trust for rediss://; empty = the system's."},
    {"store.client_cert", AT(store, client_cert), "", "", kStart,
     "PEM file with our certificate for rediss://; empty = none."},
    {"store.client_key", AT(store, client_key), "", "", kStart, "PEM file with the key of store.client_cert."},

    // fabric
    {"fabric.memory_budget", AT(fabric, memory_budget), "25%", "1MiB..1TiB", kStart,
     "Bytes of buffered lines in the process; 25% = of RAM, at most 4GiB."},
    {"fabric.history_lines", AT(fabric, history_lines), "1500", "0..1000000", kStart,
     "Lines kept per channel for tails."},
    {"fabric.disk_budget", AT(fabric, disk_budget), "4GiB", "16MiB..64TiB", kStart, "Bytes of journal and spill."},

    // drains
    {"drains.allow_cidrs", AT(drains, allow_cidrs), "", "", kStart,
     "Networks (comma list) that drains may reach although they are loopback, link-local, private or metadata."},
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
     "An HTTP drain's connection is closed after this without a delivery."},
    {"drains.syslog_batch_bytes", AT(drains, syslog_batch_bytes), "128KiB", "1KiB..16MiB", kStart,
     "Target size of one write to a syslog receiver."},
    {"drains.syslog_connect_timeout", AT(drains, syslog_connect_timeout), "4s", "1ms..5m", kStart,
     "Time to resolve, connect and shake hands with a syslog receiver."},
    {"drains.syslog_send_timeout", AT(drains, syslog_send_timeout), "4s", "1ms..5m", kStart,
     "A syslog receiver that takes nothing for this long is disconnected."},
    {"drains.syslog_idle_timeout", AT(drains, syslog_idle_timeout), "240s", "1ms..1d", kStart,
     "A syslog drain's connection is closed after this without a delivery."},
    {"drains.kafka_batch_bytes", AT(drains, kafka_batch_bytes), "128KiB", "1KiB..16MiB", kStart,
     "Lines that a Kafka drain hands over at once; sixteen times as much is under way."},
    {"drains.kafka_linger", AT(drains, kafka_linger), "20ms", "0s..10s", kStart,
     "How long a producer waits for more lines before it sends a batch; linger= in a drain's url wins."},
    {"drains.kafka_queue_bytes", AT(drains, kafka_queue_bytes), "64MiB", "1MiB..1GiB", kStart,
     "Most that one producer holds; when it is full, its drains wait."},
    {"drains.kafka_max_producers", AT(drains, kafka_max_producers), "64", "1..1000", kStart,
     "Producers in the process, one for each cluster and credential; drains that need more fail."},
    {"drains.idle_fuzz", AT(drains, idle_fuzz), "15s", "0s..1h", kStart, "Random part added to the idle timeouts."},
    {"drains.max_age", AT(drains, max_age), "5h", "10ms..30d", kStart,
     "Oldest a drain's connection grows, so that load and DNS changes spread."},
    {"drains.backoff_min", AT(drains, backoff_min), "100ms", "1ms..1h", kStart,
     "First pause after a failed delivery; doubles each time, with jitter."},
    {"drains.backoff_max", AT(drains, backoff_max), "30s", "1ms..1d", kStart, "Longest pause between deliveries."},
};

#undef AT

}  // namespace

std::span<const SettingRow> settings_table() { return kTable; }

}  // namespace sluice
