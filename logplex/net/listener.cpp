#include "logplex/net/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include <boost/asio/post.hpp>

#include "logplex/base/log.hpp"
#include "logplex/base/metrics.hpp"
#include "logplex/net/address_text.hpp"
#include "logplex/net/bound_socket.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice {
namespace {

/// Connections that a listener accepts in one turn; each takes about 10 us.
constexpr int kAcceptsPerTurn = 32;
constexpr int kBacklog = 4096;

error_code last_error() { return {errno, boost::system::system_category()}; }

bool out_of_resources(int code) { return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM; }

/// Accepted sockets inherit these options from the listening socket.
void set_inherited_options(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

result<UniqueFd, Error> listen_at(const HostPort& where) {
  SLUICE_TRY(UniqueFd fd, bind_socket(where, SOCK_STREAM));
  set_inherited_options(fd.fd());
  if (::listen(fd.fd(), kBacklog) != 0) return Error{last_error(), last_error().message()};
  return fd;
}

bool is_listening_socket(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

Error named(const std::string& setting, std::string_view address, const Error& error) {
  return {error.code, setting + ": cannot listen on '" + std::string(address) + "': " + error.text()};
}

}  // namespace

/// A listening socket on the shard's poller, so that accepting does not wait behind Asio's handlers. It accepts at the
/// end of a turn; after kAcceptsPerTurn connections it continues at the end of the next turn.
struct ListenerTable::Listener final : Pollable, TurnHook {
  Listener(ListenerTable& its_table, Group& its_group, Shard& its_shard, UniqueFd its_fd)
      : table(its_table),
        group(its_group),
        shard(its_shard),
        fd(std::move(its_fd)),
        port(peer_of(local_address(fd.fd())).port),
        pause(shard.wheel(), *this) {}
  ~Listener() override { close(); }

  void start();
  void close();
  void on_events(std::uint32_t) override { shard.at_turn_end(*this); }
  void on_turn_end() override { accept_some(); }
  void on_free_place();

  void accept_some();
  /// How long to wait for a free place. None when one is free, or when kLongestWaitForRoom is over.
  std::optional<Duration> wait_for_room();
  void pause_without_resources(int error);

  ListenerTable& table;
  Group& group;
  Shard& shard;
  UniqueFd fd;
  const std::uint16_t port;
  Deadline<&Listener::start> pause;
  bool watched = false;
  bool without_room = false;  // the pause waits for a free place
  SteadyTime warned{};
  SteadyTime had_room{};
};

struct ListenerTable::Group {
  Group(std::string name, std::uint64_t most)
      : setting(std::move(name)),
        max_connections(most),
        places(std::make_shared<ListenerPlaces>(most, [this] { go_on(); })) {}
  ~Group() { places->end_waits(); }

  /// Tells the listeners that a place is free. Any thread; without effect after the shards have stopped.
  void go_on() const;

  const std::string setting;
  const std::uint64_t max_connections;
  const std::shared_ptr<ListenerPlaces> places;
  std::vector<boost::intrusive_ptr<ConnectionTicket::Account>> accounts;  // per shard
  std::vector<ConnectionHandler*> handlers;                               // per shard
  std::vector<std::unique_ptr<Listener>> listeners;
  std::atomic<std::uint64_t> accepted{0};
  std::optional<ShareTable> addresses;  // when they are limited
  std::uint64_t most_per_address = 0;
  Exempt exempt;
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> refused_by_address{0};
  std::atomic<std::uint64_t> paused{0};
};

void ListenerTable::Group::go_on() const {
  for (const auto& listener : listeners)
    asio::post(listener->shard.executor(), [&listener = *listener] { listener.on_free_place(); });
}

ConnectionTicket::ConnectionTicket(boost::intrusive_ptr<Account> account, ShareTable::Share address)
    : account_(std::move(account)), address_(std::move(address)) {
  account_->open.fetch_add(1, std::memory_order_relaxed);
  account_->shard_load->fetch_add(1, std::memory_order_relaxed);
}

ConnectionTicket::~ConnectionTicket() {
  if (account_ == nullptr) return;
  account_->open.fetch_sub(1, std::memory_order_relaxed);
  account_->shard_load->fetch_sub(1, std::memory_order_relaxed);
  account_->places->give_back();
}

std::uint64_t address_key(const asio::ip::address& address) {
  const auto of_v4 = [](const asio::ip::address_v4& v4) { return std::uint64_t{v4.to_uint()}; };
  if (address.is_v4()) return of_v4(address.to_v4());
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return of_v4(asio::ip::make_address_v4(asio::ip::v4_mapped, v6));
  std::uint64_t network = 0;
  const auto bytes = v6.to_bytes();
  for (std::size_t i = 0; i < 8; ++i) network = network << 8 | bytes[i];
  return network;
}

ListenerTable::ListenerTable(Runtime& runtime, InheritedListeners inherited)
    : runtime_(runtime), inherited_(std::move(inherited)) {
  for (std::uint32_t id = 0; id < runtime.size(); ++id)
    shard_load_.push_back(std::make_shared<std::atomic<std::int64_t>>(0));
}

ListenerTable::~ListenerTable() = default;

result<void, Error> ListenerTable::open(const std::string& setting, std::string_view addresses,
                                        std::uint64_t max_connections) {
  auto group = std::make_unique<Group>(setting, max_connections);
  for (auto& load : shard_load_) {
    group->accounts.emplace_back(new ConnectionTicket::Account);
    group->accounts.back()->places = group->places;
    group->accounts.back()->shard_load = load;
  }
  SLUICE_TRY_VOID(adopt_inherited(*group));
  const bool inherited = !group->listeners.empty();
  for (const auto& address : split_addresses(addresses)) {
    if (!inherited) SLUICE_TRY_VOID(open_one(*group, address));
  }
  if (!group->listeners.empty()) groups_.push_back(std::move(group));
  return {};
}

void ListenerTable::add(Group& group, UniqueFd fd) {
  // Only the listening sockets are spread over the shards here; dispatch() distributes the connections.
  std::size_t before = group.listeners.size();
  for (const auto& other : groups_) before += other->listeners.size();
  Shard& shard = runtime_.shard(static_cast<std::uint32_t>(before % runtime_.size()));
  group.listeners.push_back(std::make_unique<Listener>(*this, group, shard, std::move(fd)));
}

result<void, Error> ListenerTable::open_one(Group& group, std::string_view address) {
  const auto where = parse_host_port(address);
  if (!where) return named(group.setting, address, where.error());
  auto fd = listen_at(*where);
  if (!fd) return named(group.setting, address, fd.error());
  add(group, std::move(*fd));
  return {};
}

result<void, Error> ListenerTable::adopt_inherited(Group& group) {
  const auto [first, last] = inherited_.fds.equal_range(group.setting);
  for (auto entry = first; entry != last; ++entry) {
    UniqueFd fd(entry->second);
    const auto address = local_address(fd.fd());
    if (!is_listening_socket(fd.fd()) || (address.ss_family != AF_INET && address.ss_family != AF_INET6))
      return Error{
          make_error_code(boost::system::errc::invalid_argument),
          group.setting + ": the inherited descriptor " + std::to_string(fd.fd()) + " is not a listening TCP socket"};
    ::fcntl(fd.fd(), F_SETFL, ::fcntl(fd.fd(), F_GETFL) | O_NONBLOCK);
    set_inherited_options(fd.fd());
    add(group, std::move(fd));
  }
  inherited_.fds.erase(first, last);
  return {};
}

result<void, Error> ListenerTable::check_inherited() const {
  if (inherited_.fds.empty()) return {};
  return Error{make_error_code(boost::system::errc::invalid_argument),
               "LISTEN_FDNAMES names '" + inherited_.fds.begin()->first + "', which is not the setting of a listener"};
}

ListenerTable::Group* ListenerTable::find(std::string_view setting) const {
  for (const auto& group : groups_) {
    if (group->setting == setting) return group.get();
  }
  return nullptr;
}

bool ListenerTable::has(std::string_view setting) const { return find(setting) != nullptr; }

std::map<std::string, std::vector<std::uint16_t>> ListenerTable::ports() const {
  std::map<std::string, std::vector<std::uint16_t>> all;
  for (const auto& group : groups_) {
    for (const auto& listener : group->listeners) all[group->setting].push_back(listener->port);
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> ListenerTable::addresses() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& group : groups_) {
    for (const auto& listener : group->listeners) {
      const auto address = peer_of(local_address(listener->fd.fd())).address;
      const std::string host = address.to_string();
      all.emplace_back(group->setting,
                       (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(listener->port));
    }
  }
  return all;
}

std::vector<asio::ip::tcp::endpoint> ListenerTable::endpoints() const {
  std::vector<asio::ip::tcp::endpoint> all;
  for (const auto& group : groups_) {
    for (const auto& listener : group->listeners) {
      if (listener->fd) all.emplace_back(peer_of(local_address(listener->fd.fd())).address, listener->port);
    }
  }
  return all;
}

std::string ListenerTable::ports_json() const { return format_ports(ports()); }

void ListenerTable::limit_addresses(std::string_view setting, std::uint64_t most, Exempt exempt) {
  Group* group = find(setting);
  if (group == nullptr) return;
  group->addresses.emplace(group->max_connections);
  group->most_per_address = most;
  group->exempt = std::move(exempt);
}

void ListenerTable::handle(std::string_view setting, std::vector<ConnectionHandler*> per_shard) {
  SLUICE_CHECK(per_shard.size() == runtime_.size());
  if (Group* group = find(setting)) group->handlers = std::move(per_shard);
}

void ListenerTable::start() {
  for (const auto& group : groups_) {
    SLUICE_CHECK(!group->handlers.empty());
    for (const auto& listener : group->listeners) {
      asio::post(listener->shard.executor(), [&listener = *listener] { listener.start(); });
    }
  }
}

/// Asks all shards at once, because a busy shard may be slow to read its mail.
Task<void> ListenerTable::stop_accepting() {
  struct Closing {
    explicit Closing(Shard& shard) : ended(shard) {}
    Event ended;
    std::uint32_t left = 0;
  };
  Shard& home = Shard::current();
  const auto closing = std::make_shared<Closing>(home);
  closing->left = runtime_.size();
  for (std::uint32_t id = 0; id < runtime_.size(); ++id) {
    home.send(id, make_mail([this, closing = closing, id, back = home.id()]() mutable {
                close_listeners_of(id);
                Shard::current().send(back, make_mail([closing = std::move(closing)] {
                                        if (--closing->left == 0) closing->ended.set();
                                      }));
              }));
  }
  while (closing->left > 0) co_await closing->ended.wait();
}

void ListenerTable::close_listeners_of(std::uint32_t shard) {
  for (const auto& group : groups_) {
    for (const auto& listener : group->listeners) {
      if (listener->shard.id() == shard) listener->close();
    }
  }
}

/// Also called at the end of a pause.
void ListenerTable::Listener::start() {
  if (!fd) return;
  if (!watched) {
    const auto added = shard.poller().add(fd.fd(), *this);
    if (!added) return pause_without_resources(added.error().value());
    watched = true;
  }
  accept_some();
}

void ListenerTable::Listener::close() {
  if (watched) shard.poller().remove(fd.fd(), *this);
  watched = false;
  shard.forget(*this);
  pause.disarm();
  fd.reset();
}

/// The poller reports new connections, but not those that still wait. So accepting must end with an empty backlog, with
/// a call at the next end of a turn, or with a pause.
void ListenerTable::Listener::accept_some() {
  if (pause.armed()) return;
  for (int taken = 0; taken < kAcceptsPerTurn; ++taken) {
    if (const auto wait = wait_for_room()) return pause.arm(*wait);
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    UniqueFd accepted(::accept4(fd.fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted) {
      table.dispatch(group, std::move(accepted), peer_of(from));
    } else if (errno == EAGAIN) {
      return;
    } else if (out_of_resources(errno)) {
      return pause_without_resources(errno);
    }
    // Other errors belong to the one connection that was waiting (accept(2)): the next may be fine.
  }
  shard.at_turn_end(*this);
}

std::optional<Duration> ListenerTable::Listener::wait_for_room() {
  const SteadyTime now = shard.now();
  without_room = group.places->wait();
  if (!without_room) had_room = now;
  const Duration wait = had_room + kLongestWaitForRoom - now;
  return without_room && wait > Duration{0} ? std::optional(wait) : std::nullopt;
}

void ListenerTable::Listener::on_free_place() {
  if (!without_room || !fd) return;
  pause.disarm();
  accept_some();
}

void ListenerTable::Listener::pause_without_resources(int error) {
  pause.arm(kPauseWithoutFds);
  group.paused.fetch_add(1, std::memory_order_relaxed);
  const SteadyTime now = shard.now();
  if (warned != SteadyTime{} && now - warned < std::chrono::seconds(10)) return;
  warned = now;
  const error_code why(error, boost::system::system_category());
  log_warning("accepting connections is paused", {{"listener", group.setting}, {"error", why.message()}});
}

std::uint32_t ListenerTable::choose_shard(Shard& here) const {
  const auto shards = runtime_.size();
  if (shards == 1) return 0;
  const auto first = static_cast<std::uint32_t>(here.rng().below(shards));
  const auto second = (first + 1 + static_cast<std::uint32_t>(here.rng().below(shards - 1))) % shards;
  const auto load = [this](std::uint32_t id) { return shard_load_[id]->load(std::memory_order_relaxed); };
  return load(second) < load(first) ? second : first;
}

/// Takes the connection's place in all limits. Returns none, and counts it as refused, when one is reached.
std::optional<ConnectionTicket> ListenerTable::admit(Group& group, const Peer& peer, std::uint32_t to) {
  if (!group.places->try_take()) {
    group.refused.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  if (!group.addresses) return ConnectionTicket(group.accounts[to]);
  const std::uint64_t key = address_key(peer.address);
  if (group.exempt && group.exempt(peer.address))
    return ConnectionTicket(group.accounts[to], group.addresses->take_any(key));
  auto share = group.addresses->take(key, group.most_per_address);
  if (share) return ConnectionTicket(group.accounts[to], std::move(*share));
  group.places->give_back();
  group.refused_by_address.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

void ListenerTable::dispatch(Group& group, UniqueFd fd, const Peer& peer) {
  Shard& here = Shard::current();
  const std::uint32_t to = choose_shard(here);
  auto ticket = admit(group, peer, to);
  if (!ticket) return;
  group.accepted.fetch_add(1, std::memory_order_relaxed);
  if (to == here.id()) return group.handlers[to]->on_accepted(fd.release(), peer, std::move(*ticket));
  here.send(to,
            make_mail([handler = group.handlers[to], fd = std::move(fd), peer, ticket = std::move(*ticket)]() mutable {
              handler->on_accepted(fd.release(), peer, std::move(ticket));
            }));
}

void ListenerTable::add_metrics(MetricsPage& page) const {
  for (const auto& group : groups_) {
    const MetricsPage::Labels labels{{"listener", group->setting}};
    std::int64_t open = 0;
    for (const auto& account : group->accounts) open += account->open.load(std::memory_order_relaxed);
    page.gauge("sluice_listener_connections", "Open connections.", open, labels);
    page.counter("sluice_listener_accepted_total", "Connections accepted.", group->accepted.load(), labels);
    const auto refused = [&](const char* reason, std::uint64_t count) {
      page.counter("sluice_listener_refused_total", "Connections closed at once because a limit was reached.", count,
                   {{"listener", group->setting}, {"reason", reason}});
    };
    refused("max_connections", group->refused.load());
    if (group->addresses) refused("address", group->refused_by_address);
    page.gauge("sluice_listener_connections_limit", "Maximum number of open connections.", group->max_connections,
               labels);
    page.counter("sluice_listener_pauses_total", "Times accepting paused for lack of file descriptors or memory.",
                 group->paused.load(), labels);
  }
}

}  // namespace sluice
