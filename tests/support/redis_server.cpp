#include "tests/support/redis_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "tests/support/raw_client.hpp"

namespace sluice {
namespace {

std::string formatted(const std::vector<std::string>& parts) {
  std::string out = "*" + std::to_string(parts.size()) + "\r\n";
  for (const auto& part : parts) out += "$" + std::to_string(part.size()) + "\r\n" + part + "\r\n";
  return out;
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> arguments, std::string sentinel_file)
    : arguments_(std::move(arguments)), sentinel_file_(std::move(sentinel_file)), port_(free_port()) {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-redis-XXXXXX").string();
  if (::mkdtemp(pattern.data()) != nullptr) directory_ = pattern;
  start();
}

RedisServer::~RedisServer() {
  kill();
  std::filesystem::remove_all(directory_);
}

std::string RedisServer::url(int database) const {
  return "redis://127.0.0.1:" + std::to_string(port_) + (database == 0 ? "" : "/" + std::to_string(database));
}

void RedisServer::start() {
  if (launch()) return;
  kill();
  throw std::runtime_error("redis-server does not start");
}

std::vector<std::string> RedisServer::words() const {
  std::vector<std::string> out{"redis-server"};
  if (!sentinel_file_.empty()) out.push_back(sentinel_file_);
  const auto add = [&out](std::initializer_list<std::string> more) { out.insert(out.end(), more); };
  add({"--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir", directory_});
  if (sentinel_file_.empty()) add({"--save", "", "--appendonly", "no", "--databases", "1000"});
  // Otherwise a replica waits five seconds for others that might want the same.
  if (sentinel_file_.empty()) add({"--repl-diskless-sync-delay", "0"});
  if (!sentinel_file_.empty()) add({"--sentinel"});
  out.insert(out.end(), arguments_.begin(), arguments_.end());
  return out;
}

bool RedisServer::launch() {
  auto words = this->words();
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    const int log = ::open((directory_ + "/server.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < until) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) return process_ = 0, false;
    if (answers()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

/// A server that wants a password, or is still loading, is there too.
bool RedisServer::answers() const {
  RawClient client(port_);
  return client.fd() >= 0 && client.send("PING\r\n") && !client.read_until("\r\n").empty();
}

void RedisServer::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGCONT);
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void RedisServer::pause() { ::kill(process_, SIGSTOP); }
void RedisServer::resume() { ::kill(process_, SIGCONT); }

std::string RedisServer::command(const std::vector<std::string>& parts, int database) const {
  RawClient client(port_);
  const bool sentinel = !sentinel_file_.empty();
  const std::string choice = sentinel ? "" : formatted({"SELECT", std::to_string(database)});
  if (!client.send(choice + formatted(parts) + (sentinel ? "" : formatted({"QUIT"})))) return {};
  if (sentinel) client.half_close();
  std::string answer = client.read_all();
  // What SELECT and QUIT said goes.
  if (!sentinel) answer.erase(0, answer.find('\n') + 1);
  if (const auto quit = answer.rfind("+OK\r\n"); !sentinel && quit != std::string::npos) answer.resize(quit);
  if (answer.ends_with("\r\n")) answer.resize(answer.size() - 2);
  return answer;
}

}  // namespace sluice
