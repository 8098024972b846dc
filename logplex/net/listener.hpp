#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "logplex/net/socket.hpp"
#include "logplex/runtime/quota.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/share_table.hpp"

namespace sluice {

class MetricsPage;

/// Counts the connections (places) that a listener may still take, over all shards. A listener that finds none can wait
/// for the next free place. Any thread.
class ListenerPlaces {
 public:
  /// After a wait() that found no place, the next give_back() calls `on_free`, on its own thread.
  ListenerPlaces(std::uint64_t most, std::function<void()> on_free) : quota_(most), on_free_(std::move(on_free)) {}

  bool try_take() { return quota_.try_take(); }
  void give_back() {
    quota_.give_back();
    if (awaited_ && awaited_.exchange(false)) on_free_();
  }
  /// True when no place is free; then on_free is called once one is.
  bool wait() {
    if (!quota_.is_used_up()) return false;
    awaited_ = true;
    return quota_.is_used_up();  // a place given back before awaited_ was set did not call on_free
  }
  /// Prevents further calls of on_free. Call it after the shards have stopped.
  void end_waits() { awaited_ = false; }

 private:
  SharedQuota quota_;
  std::atomic<bool> awaited_{false};
  const std::function<void()> on_free_;
};

/// Counts one open connection against its listener's limit, its address's share and its shard's load. Destroying the
/// ticket counts the connection as closed, so keep it beside the descriptor. May outlive the ListenerTable. Any thread.
class ConnectionTicket {
 public:
  /// Counters that all tickets of one listener on one shard share.
  struct Account : boost::intrusive_ref_counter<Account> {
    std::shared_ptr<ListenerPlaces> places;
    std::shared_ptr<std::atomic<std::int64_t>> shard_load;
    std::atomic<std::int64_t> open{0};
  };

  ConnectionTicket() = default;
  /// The caller has already taken a place, and part of the address's share when addresses are limited.
  explicit ConnectionTicket(boost::intrusive_ptr<Account> account, ShareTable::Share address = {});
  ConnectionTicket(ConnectionTicket&& other) noexcept = default;
  ConnectionTicket& operator=(ConnectionTicket&& other) noexcept {
    account_.swap(other.account_);
    address_ = std::move(other.address_);
    return *this;
  }
  ~ConnectionTicket();

 private:
  boost::intrusive_ptr<Account> account_;
  ShareTable::Share address_;
};

/// The key under which an address is counted: the IPv4 address (also of an IPv4-mapped one), or the /64 network of an
/// IPv6 address.
std::uint64_t address_key(const asio::ip::address& address);

/// Receives the connections of one listener on one shard. Lives on that shard.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  /// `fd` is non-blocking and close-on-exec, with TCP_NODELAY and keepalive; the handler closes it, then destroys the
  /// ticket. May still be called shortly after stop_accepting(): then the handler closes `fd` at once.
  virtual void on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) = 0;
};

/// Descriptors that systemd (or another parent) hands over: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES.
struct InheritedListeners {
  std::multimap<std::string, int> fds;  // by name; a name is that of a setting, "router.http"

  /// Reads the environment. An error names the variable. Empty when LISTEN_PID is not this process.
  static result<InheritedListeners, Error> from_environment();
};

/// All listening sockets of the process.
///
/// Each socket is accepted on one shard. That shard sends a new connection by mail to one of two random shards: the one
/// with fewer open connections. Once a setting has max_connections, new connections wait in the kernel's backlog for at
/// most kLongestWaitForRoom, because a place is often free again within moments. After that they are closed at once and
/// counted, until a place is free. A connection over its address's share is closed at once and counted, too. Without
/// free descriptors or memory, accepting pauses for kPauseWithoutFds.
///
/// Call open() and handle() on the starting thread, before the runtime starts. Owned by the daemon, which destroys it
/// after the shards have stopped and before the runtime.
class ListenerTable {
 public:
  static constexpr std::chrono::milliseconds kPauseWithoutFds{100};
  static constexpr std::chrono::seconds kLongestWaitForRoom{1};

  ListenerTable(Runtime& runtime, InheritedListeners inherited = {});
  ListenerTable(const ListenerTable&) = delete;
  ListenerTable& operator=(const ListenerTable&) = delete;
  ~ListenerTable();

  /// Binds every "host:port" of the comma list (IPv6 literals in brackets; an empty host or "*" is any address; port
  /// 0 picks one). Inherited sockets of that name replace the list. An empty list opens nothing. The error names
  /// setting and address.
  result<void, Error> open(const std::string& setting, std::string_view addresses, std::uint64_t max_connections);
  /// Limits each IPv4 address, and each /64 of IPv6, to `most` of the setting's connections; 0 means a fair share of
  /// max_connections once more than 75 % of them are taken. Further connections are closed at once and counted.
  /// `exempt` addresses, such as proxies, are counted but never refused. Call it before start().
  using Exempt = std::function<bool(const asio::ip::address&)>;
  void limit_addresses(std::string_view setting, std::uint64_t most, Exempt exempt);
  /// An error when an inherited socket has a name that no open() asked for.
  result<void, Error> check_inherited() const;

  bool has(std::string_view setting) const;
  /// Every open listener's ports by setting, in the order of the list.
  std::map<std::string, std::vector<std::uint16_t>> ports() const;
  /// "127.0.0.1:8080" with its setting, of every open listener.
  std::vector<std::pair<std::string, std::string>> addresses() const;
  /// The addresses and ports of all open listeners.
  std::vector<asio::ip::tcp::endpoint> endpoints() const;
  /// The text of ports.json: an integer per setting, an array when the setting lists several.
  std::string ports_json() const;

  /// Sets who receives the setting's connections: one handler per shard, in shard order. The handlers must live until
  /// accepting has stopped.
  void handle(std::string_view setting, std::vector<ConnectionHandler*> per_shard);
  /// Starts accepting; every open setting must have its handlers. Any thread, before or after the runtime starts.
  void start();
  /// Closes the listening sockets. Any shard; returns when nothing more is accepted.
  Task<void> stop_accepting();

  /// Any thread.
  void add_metrics(MetricsPage& page) const;

 private:
  struct Listener;
  struct Group;

  result<void, Error> open_one(Group& group, std::string_view address);
  result<void, Error> adopt_inherited(Group& group);
  Group* find(std::string_view setting) const;
  std::uint32_t choose_shard(Shard& here) const;
  void close_listeners_of(std::uint32_t shard);
  void add(Group& group, UniqueFd fd);
  static std::optional<ConnectionTicket> admit(Group& group, const Peer& peer, std::uint32_t to);
  void dispatch(Group& group, UniqueFd fd, const Peer& peer);

  Runtime& runtime_;
  InheritedListeners inherited_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::shared_ptr<std::atomic<std::int64_t>>> shard_load_;
};

}  // namespace sluice
