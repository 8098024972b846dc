// The program itself, as a shell runs it: signals, pipes, TLS.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/unit/logplex/cli/child.hpp"
#include "tests/unit/logplex/cli/scripted_server.hpp"

namespace sluice::cli {
namespace {

std::string event(int n) {
  return "id: " + std::to_string(n) + "\ndata: {\"text\":\"line " + std::to_string(n) + "\"}\n\n";
}

ScriptedServer::Pieces open_tail(const std::string& body) {
  return {ScriptedServer::stream_head(), ScriptedServer::chunk(body), ScriptedServer::kStayOpen};
}

std::vector<std::string> tail(const ScriptedServer& server) {
  return {SLUICE_PROGRAM, "tail", "-a", "shop", "--url", server.url()};
}

TEST(Program, a_tail_writes_each_line_at_once_into_a_pipe) {
  ScriptedServer server({open_tail(event(1))});
  Child child(tail(server));
  EXPECT_EQ(child.read_until("line 1\n"), "line 1\n");
}

TEST(Program, ctrl_c_and_sigterm_end_a_tail_with_0) {
  for (const int number : {SIGINT, SIGTERM}) {
    ScriptedServer server({open_tail(event(1))});
    Child child(tail(server));
    child.read_until("line 1\n");
    child.signal(number);
    EXPECT_EQ(child.wait(), 0);
  }
}

TEST(Program, a_silent_tail_ends_when_its_reader_is_gone) {
  ScriptedServer server({open_tail(event(1))});
  Child child(tail(server));
  child.read_until("line 1\n");
  child.close_output();
  EXPECT_EQ(child.wait(), 0);
}

TEST(Program, help_into_a_closed_pipe_is_no_error) {
  Child child({SLUICE_PROGRAM, "--help"});
  child.close_output();
  EXPECT_EQ(child.wait(), 0);
}

TEST(Program, usage_errors_have_status_2) {
  Child child({SLUICE_PROGRAM, "frob"});
  EXPECT_EQ(child.wait(), 2);
  EXPECT_EQ(child.errors(), "sluice: unknown command 'frob'; see 'sluice --help'\n");
}

/// What bash would offer for the last of these words.
std::string offered(const std::string& words) {
  Child bash({"bash", "-c",
              std::string("source <(") + SLUICE_PROGRAM + " completion bash); COMP_WORDS=(" + words +
                  "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _sluice; echo \"${COMPREPLY[*]}.\""});
  const std::string said = bash.read_until(".\n");
  return said.substr(0, said.find(".\n"));
}

TEST(Program, bash_completes_commands_options_and_values) {
  EXPECT_EQ(offered("sluice dr"), "drains");
  EXPECT_EQ(offered("sluice drains re"), "remove resume replay");
  EXPECT_EQ(offered("sluice --url drains apps ''"), "create list show delete");
  EXPECT_EQ(offered("sluice drains list --g"), "--global");
  EXPECT_EQ(offered("sluice logs -a shop --timestamps ''"), "utc local none");
  EXPECT_EQ(offered("sluice completion ''"), "bash zsh fish");
  EXPECT_EQ(offered("sluice logs -a ''"), "");
}

/// openssl as an HTTPS server of files, with a certificate made for this test.
class TlsServer {
 public:
  TlsServer() : directory_(make_directory()) {
    std::filesystem::create_directories(directory_ + "/v3");
    std::ofstream(directory_ + "/v3/status") << R"({"nodes":[{"node":"over-tls"}]})";
    Child made({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                directory_ + "/key.pem", "-out", certificate(), "-days", "2", "-subj", "/CN=test", "-addext",
                "subjectAltName=DNS:localhost"});
    EXPECT_EQ(made.wait(), 0);
    server_ = std::make_unique<Child>(std::vector<std::string>{
        "sh", "-c",
        "cd " + directory_ + " && exec openssl s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem -WWW"});
    port_ = server_->read_after("127.0.0.1:");
  }
  ~TlsServer() {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string certificate() const { return directory_ + "/cert.pem"; }
  const std::string& port() const { return port_; }

 private:
  static std::string make_directory() {
    std::string name = testing::TempDir() + "cli-tls-XXXXXX";
    return ::mkdtemp(name.data());
  }
  std::string directory_;
  std::unique_ptr<Child> server_;
  std::string port_;
};

TEST(Program, https_is_verified) {
  const TlsServer server;
  Child unknown({SLUICE_PROGRAM, "status", "--url", "https://localhost:" + server.port()});
  EXPECT_EQ(unknown.wait(), 1);
  EXPECT_NE(unknown.errors().find("certificate"), std::string::npos);

  Child trusted({SLUICE_PROGRAM, "status", "--url", "https://localhost:" + server.port()},
                {"SSL_CERT_FILE=" + server.certificate()});
  EXPECT_NE(trusted.read_until("over-tls").find("over-tls"), std::string::npos);
  EXPECT_EQ(trusted.wait(), 0);

  Child other_name({SLUICE_PROGRAM, "status", "--url", "https://127.0.0.1:" + server.port()},
                   {"SSL_CERT_FILE=" + server.certificate()});
  EXPECT_EQ(other_name.wait(), 1);
  EXPECT_NE(other_name.errors().find("mismatch"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
