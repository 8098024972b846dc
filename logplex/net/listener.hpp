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

/// The places of a listener's connections, over all shards, and who waits for one. Any thread.
class ListenerPlaces {
 public:
  /// `on_free` is called once for each wait() that is answered by a place, on the thread that gives it back.
  ListenerPlaces(std::uint64_t most, std::function<void()> on_free) : quota_(most), on_free_(std::move(on_free)) {}

  bool try_take() { return quota_.try_take(); }
  void give_back() {
    quota_.give_back();
    if (awaited_ && awaited_.exchange(false)) on_free_();
  }
  /// True when there is none: then on_free is called when there is.
  bool wait() {
    if (!quota_.is_used_up()) return false;
    awaited_ = true;
    return quota_.is_used_up();  // one that came back before it was awaited told nobody
  }
  /// on_free is not called from now on. After the runtime stopped turning.
  void end_waits() { awaited_ = false; }

 private:
  SharedQuota quota_;
  std::atomic<bool> awaited_{false};
  const std::function<void()> on_free_;
};

/// One open connection in its listener's limit, its address's share and its shard's load; giving it up counts the
/// connection as closed. Kept beside the descriptor; may outlive the ListenerTable. Any thread.
class ConnectionTicket {
 public:
  /// Counters that all tickets of one listener on one shard share.
  struct Account : boost::intrusive_ref_counter<Account> {
    std::shared_ptr<ListenerPlaces> places;
    std::shared_ptr<std::atomic<std::int64_t>> shard_load;
    std::atomic<std::int64_t> open{0};
  };

  ConnectionTicket() = default;
  /// The caller has taken one of the places, and from the address's share when there is one.
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

/// The key under which an address is counted: an IPv4 address, also one in its mapped form, or the /64 of an IPv6 one.
std::uint64_t address_key(const asio::ip::address& address);

/// Takes the connections that one listener gives to one shard. Lives on that shard.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  /// `fd` is non-blocking and close-on-exec, with TCP_NODELAY and keepalive; the handler closes it, then gives up the
  /// ticket. May still be called shortly after stop_accepting(): then the handler closes it at once.
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
/// Each is accepted on one shard; an accepted descriptor goes by mail to the less loaded (open connections) of two
/// random shards. Once all max_connections of a setting are taken, new ones wait in the kernel's backlog for at most
/// kLongestWaitForRoom, because places are often given up within moments. After that they are closed at once and
/// counted, until there is a place again. A connection over its address's share is closed at once and counted.
/// Out of descriptors, accepting pauses (kPauseWithoutFds).
///
/// open() and handle() before the runtime starts, on the starting thread; owned by the daemon; is destroyed after the
/// runtime stopped turning and before the runtime itself.
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
  /// Each address, and each /64 of IPv6, may hold `most` of the setting's connections; 0 is a fair share of
  /// max_connections once they are over 75 % taken. More are closed at once and counted. `exempt` addresses, such as
  /// proxies, are counted and never refused. Before start().
  using Exempt = std::function<bool(const asio::ip::address&)>;
  void limit_addresses(std::string_view setting, std::uint64_t most, Exempt exempt);
  /// An error when an inherited socket has a name that no open() asked for.
  result<void, Error> check_inherited() const;

  bool has(std::string_view setting) const;
  /// Every open listener's ports by setting, in the order of the list.
  std::map<std::string, std::vector<std::uint16_t>> ports() const;
  /// "127.0.0.1:8080" with its setting, of every open listener.
  std::vector<std::pair<std::string, std::string>> addresses() const;
  /// Where they all listen.
  std::vector<asio::ip::tcp::endpoint> endpoints() const;
  /// The text of ports.json: an integer per setting, an array when the setting lists several.
  std::string ports_json() const;

  /// Who takes the setting's connections: one handler per shard, in shard order. They outlive the accepting.
  void handle(std::string_view setting, std::vector<ConnectionHandler*> per_shard);
  /// Begins to accept; every open setting has its handlers. Before or after the runtime starts, from any thread.
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
