#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "logplex/net/socket.hpp"

namespace sluice {

/// What the scripted name server says about one name.
struct DnsScript {
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  std::uint32_t ttl = 60;
  int rcode = 0;              // 3 = no such name
  bool silent = false;        // no answer at all
  bool silent_v6 = false;     // no answer to AAAA
  bool cut_on_udp = false;    // truncated: the client comes back over TCP
  bool forged_first = false;  // before the answer comes one of another id, with another address
  std::string alias;          // CNAME to this name, which holds the addresses
};

/// A name server on 127.0.0.1, UDP and TCP on one port, that says what a test wants. Names it does not know do not
/// exist. Its thread answers one query after the other.
class DnsServer {
 public:
  DnsServer();
  ~DnsServer();

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void say(const std::string& name, DnsScript script);
  /// Queries for the name, both kinds of address and both transports together.
  int asked(const std::string& name) const;
  int asked_over_tcp() const;

 private:
  void run();
  void on_udp();
  void on_tcp();
  std::string answer(std::string_view query, bool tcp, bool& forged);

  UniqueFd udp_;
  UniqueFd tcp_;
  UniqueFd stop_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, DnsScript> scripts_;
  std::map<std::string, int> asked_;
  int asked_over_tcp_ = 0;
  std::thread thread_;
};

}  // namespace sluice
