#pragma once

#include <array>
#include <string>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/net/dial/name_cache.hpp"

struct ares_channeldata;
struct ares_addrinfo;

namespace sluice {

/// Learns of the sockets of a look-up, to wait for them.
class DnsSockets {
 public:
  /// With neither flag, the socket is about to be closed.
  virtual void on_socket(int fd, class DnsLookUp& owner, bool readable, bool writable) = 0;

 protected:
  ~DnsSockets() = default;
};

/// One look-up of one host name: in /etc/hosts first, then at the name servers and with the search list that
/// /etc/resolv.conf names at this time. It asks for IPv4 and IPv6 addresses at once; when one kind has arrived, it
/// waits only a short time for the other. c-ares repeats queries, goes on to the next server, and changes to TCP when
/// an answer is truncated.
///
/// Each look-up has its own c-ares channel: its sockets have ports of their own, which makes forged answers hard, and
/// it ends independently of others. One thread; `sockets` outlives it.
class DnsLookUp {
 public:
  /// Addresses taken from one answer; further ones are left out.
  static constexpr std::size_t kMostAddresses = 32;

  /// `servers`: "address[:port]" each; empty = those of the system.
  DnsLookUp(std::string name, const std::vector<std::string>& servers, DnsSockets& sockets);
  DnsLookUp(const DnsLookUp&) = delete;
  DnsLookUp& operator=(const DnsLookUp&) = delete;
  ~DnsLookUp();

  void begin(SteadyTime now);
  void on_ready(int fd, bool readable, bool writable, SteadyTime now);
  /// Checks the time limits; call it every few milliseconds.
  void on_tick(SteadyTime now);
  bool finished() const { return finished_; }
  const std::string& name() const { return name_; }
  NameAnswer take_answer() { return std::move(answer_); }

 private:
  struct Half;
  static void on_socket(void* self, int fd, int readable, int writable);
  static void on_hosts(void* self, int status, int timeouts, ares_addrinfo* found);
  static void on_answer(void* half, int status, int timeouts, ares_addrinfo* found);

  bool read_system();
  bool open_channel();
  bool find_in_hosts();
  void ask_next();
  void take(const ares_addrinfo* found);
  void go_on(SteadyTime now);
  void finish();
  void fail(NameAnswer::Kind kind, std::string reason);
  void close();

  /// One kind of address.
  struct Half {
    DnsLookUp* look_up = nullptr;
    int family = 0;
    bool pending = false;
    int status = 0;
  };

  const std::string name_;
  const std::vector<std::string>& servers_;
  DnsSockets& sockets_;
  ares_channeldata* channel_ = nullptr;
  std::vector<std::string> candidates_;  // in reverse: the next one to ask for comes last
  std::array<Half, 2> halves_;
  SteadyTime other_until_{};  // end of the wait for the second kind; zero = not set yet
  bool no_address_ = false;   // one of the candidates exists, but has no address
  bool finished_ = false;
  NameAnswer answer_;
};

/// Keeps the addresses that this machine has a route to, or all if it has a route to none, and puts IPv6 before IPv4.
std::vector<asio::ip::address> order_addresses(std::vector<asio::ip::address> addresses);

}  // namespace sluice
