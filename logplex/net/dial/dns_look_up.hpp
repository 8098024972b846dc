#pragma once

#include <array>
#include <string>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/net/dial/name_cache.hpp"

struct ares_channeldata;
struct ares_addrinfo;

namespace sluice {

/// Told of the sockets of a look-up, so that it can be waited for them.
class DnsSockets {
 public:
  /// Neither: the socket is about to be closed.
  virtual void on_socket(int fd, class DnsLookUp& owner, bool readable, bool writable) = 0;

 protected:
  ~DnsSockets() = default;
};

/// One look-up of one host name: /etc/hosts first, then the name servers, as /etc/resolv.conf says at this time, with
/// its search list. IPv4 and IPv6 addresses are asked for at once; when one kind has come, the other one is waited for
/// a short time only. c-ares sends queries again, goes on to the next server, and over to TCP when an answer is cut.
///
/// It has a c-ares channel of its own: its sockets have ports of their own, which makes forged answers hard, and it
/// ends by itself. One thread; `sockets` outlives it.
class DnsLookUp {
 public:
  /// More addresses than these are left out.
  static constexpr std::size_t kMostAddresses = 32;

  /// `servers`: "address[:port]" each; empty = those of the system.
  DnsLookUp(std::string name, const std::vector<std::string>& servers, DnsSockets& sockets);
  DnsLookUp(const DnsLookUp&) = delete;
  DnsLookUp& operator=(const DnsLookUp&) = delete;
  ~DnsLookUp();

  void begin(SteadyTime now);
  void on_ready(int fd, bool readable, bool writable, SteadyTime now);
  /// Looks whether a time is over; call it every few milliseconds.
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
  SteadyTime other_until_{};  // when the second kind is given up; zero = not waited for
  bool no_address_ = false;   // a name exists without addresses
  bool finished_ = false;
  NameAnswer answer_;
};

/// Those that this machine has a route to first, IPv6 before IPv4; the others are left out, unless no other is there.
std::vector<asio::ip::address> order_addresses(std::vector<asio::ip::address> addresses);

}  // namespace sluice
