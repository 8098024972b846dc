"""The command line: what it prints, and how it ends."""
import json
import re
import signal
import subprocess
import unittest

from case import PipelineCase, wait_for
from node import syslog_line
from peers import Backend, HttpReceiver


class CliTest(PipelineCase):
    def setUp(self):
        self.app = self.channel_name()

    def sluice(self, *arguments, status=0, stdin=None):
        done = self.node.cli(*arguments, stdin=stdin)
        self.assertEqual(done.returncode, status, done)
        return done.stdout.decode()

    def as_json(self, *arguments):
        return json.loads(self.sluice(*arguments, "--json"))

    def test_apps_domains_backends(self):
        backend = self.using(Backend())
        self.sluice("apps", "create", self.app, "--domain", f"{self.app}.test", "--backend", backend.address)
        self.assertEqual(self.node.request(f"{self.app}.test").status, 200)
        self.assertIn(self.app, self.sluice("apps", "list"))
        self.assertEqual(self.as_json("apps", "show", self.app)["backends"][0]["name"], "web.1")
        self.sluice("domains", "add", f"also.{self.app}.test", "-a", self.app)
        self.assertEqual(self.node.request(f"also.{self.app}.test").status, 200)
        self.assertIn(f"also.{self.app}.test", self.sluice("domains", "list", "-a", self.app))
        self.sluice("domains", "remove", f"also.{self.app}.test", "-a", self.app)
        self.assertEqual(self.node.request(f"also.{self.app}.test").status, 404)
        self.sluice("backends", "add", "127.0.0.1:9", "-a", self.app)
        self.assertIn("web.2", self.sluice("backends", "list", "-a", self.app))
        self.sluice("backends", "remove", "web.2", "-a", self.app)
        self.assertNotIn("web.2", self.sluice("backends", "list", "-a", self.app))
        self.sluice("apps", "delete", self.app)
        self.assertEqual(self.node.api("GET", f"/v3/apps/{self.app}").status, 404)

    def test_tokens(self):
        self.node.make_channel(self.app)
        token = re.search(r"t\.[0-9a-f-]{36}", self.sluice("tokens", "create", "worker", "-a", self.app))[0]
        self.assertEqual(self.node.post_logs(token, [syslog_line("x")]).status, 204)
        self.assertIn("worker", self.sluice("tokens", "list", "-a", self.app))

    def test_drains(self):
        self.node.make_channel(self.app)
        receiver = self.using(HttpReceiver())
        self.sluice("drains", "add", receiver.url, "-a", self.app, "--filter", "source=app")
        self.assertIn(receiver.url, self.sluice("drains", "list", "-a", self.app))
        token = re.search(r"d\.[0-9a-f-]{36}", self.sluice("drains", "list", "-a", self.app, "--json"))[0]
        self.sluice("send", "-a", self.app, "--proc", "worker.1", stdin=b"sent by hand\n")
        wait_for("the line at the drain", lambda: receiver.lines())
        self.assertEqual((receiver.lines()[0].source, receiver.lines()[0].proc), ("app", "worker.1"))
        self.assertIn("delivered", self.sluice("drains", "show", token, "-a", self.app))
        self.sluice("drains", "remove", token, "-a", self.app)
        self.assertNotIn(receiver.url, self.sluice("drains", "list", "-a", self.app))

    def test_logs_print_history_with_filters(self):
        token = self.node.make_channel(self.app)
        self.node.post_logs(token, [syslog_line(f"n{n}", proc=f"web.{n % 2}") for n in range(10)])
        self.assertEqual(self.sluice("logs", "-a", self.app, "-n", "2"),
                         "2024-05-06T07:08:09.123456+00:00 app[web.0]: n8\n2024-05-06T07:08:09.123456+00:00 app[web.1]: n9\n")
        self.assertEqual(self.sluice("logs", "-a", self.app, "-p", "web.1").count("\n"), 5)
        self.assertEqual(self.sluice("logs", "-a", self.app, "--grep", "n[34]").count("\n"), 2)
        self.assertIn("\x1b[", self.sluice("logs", "-a", self.app, "--color", "always"))
        self.assertEqual(self.sluice("logs", "-a", self.app, "--timestamps", "none", "-n", "1"), "app[web.1]: n9\n")
        self.assertEqual(len([json.loads(line) for line in self.sluice("logs", "-a", self.app, "--json").splitlines()]), 10)

    def test_tail_flushes_every_line_into_a_pipe_and_ends_with_0(self):
        token = self.node.make_channel(self.app)
        for ending in (signal.SIGINT, signal.SIGTERM):
            tail = subprocess.Popen([str(self.node.programs / "sluice"), "tail", "-a", self.app], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, env=self.node.cli_environment())
            self.addCleanup(tail.kill)
            self.node.post_logs(token, [syslog_line(f"live {ending}")])
            while f"live {ending}".encode() not in tail.stdout.readline():
                self.assertIsNone(tail.poll())
            tail.send_signal(ending)
            self.assertEqual(tail.wait(5), 0)
            tail.stdout.close()
            tail.stderr.close()

    def test_tail_ends_with_0_when_its_reader_goes_away(self):
        token = self.node.make_channel(self.app)
        self.node.post_logs(token, [syslog_line(f"n{n}") for n in range(500)])
        tail = subprocess.Popen([str(self.node.programs / "sluice"), "tail", "-a", self.app, "-n", "1500"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.node.cli_environment())
        self.addCleanup(tail.kill)
        tail.stdout.readline()
        tail.stdout.close()
        def one_more():
            self.node.post_logs(token, [syslog_line("more")])
            return tail.poll() is not None
        wait_for("the tail ends", one_more)
        self.assertEqual(tail.returncode, 0)

    def test_tail_goes_on_with_its_cursor_after_a_restart(self):
        node = self.new_node()
        node.settings.update({name: f"127.0.0.1:{node.port(name)}" for name in ("api.listen",)})
        token = node.make_channel(self.app)
        tail = subprocess.Popen([str(node.programs / "sluice"), "tail", "-a", self.app], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=node.cli_environment())
        self.addCleanup(tail.kill)
        node.post_logs(token, [syslog_line("before")])
        self.assertIn(b"before", tail.stdout.readline())
        node.restart()
        node.post_logs(token, [syslog_line("after")])
        self.assertIn(b"after", tail.stdout.readline())
        tail.send_signal(signal.SIGTERM)
        self.assertEqual(tail.wait(5), 0)
        tail.stdout.close()
        tail.stderr.close()

    def test_status_says_how_the_node_is(self):
        shown = self.sluice("status")
        self.assertIn("REVISION", shown)
        self.assertRegex(shown, r"(?m)^lines in +")
        self.assertRegex(shown, r"(?m)^store: +\S+")
        self.assertEqual(len(self.as_json("status")["nodes"]), 1)

    def test_status_names_the_drains_that_are_not_healthy(self):
        self.node.make_channel(self.app)
        receiver = self.using(HttpReceiver())
        url = receiver.url
        receiver.close()
        self.sluice("drains", "add", url, "-a", self.app)
        self.sluice("send", "-a", self.app, stdin=b"nobody takes this\n")
        wait_for("the drain in the status", lambda: url in self.sluice("status"))
        row = next(line for line in self.sluice("status").splitlines() if url in line)
        self.assertIn(self.app, row)
        self.assertIn("degraded", row)
        self.assertIn("Connection refused", row)

    def test_exit_statuses(self):
        self.sluice("no-such-command", status=2)
        self.sluice("apps", "create", status=2)
        self.sluice("apps", "show", "not-there", status=1)
        failed = self.node.cli("apps", "list", "--url", "http://127.0.0.1:9")
        self.assertEqual((failed.returncode, failed.stderr.count(b"\n")), (1, 1), failed)
        refused = self.node.cli("apps", "list", "--key", "wrong")
        self.assertEqual((refused.returncode, refused.stderr.count(b"\n")), (3, 1), refused)

    def test_help_has_examples(self):
        for command in ((), ("apps",), ("drains", "add"), ("tail",), ("send",)):
            self.assertIn("sluice", self.sluice(*command, "--help"))


if __name__ == "__main__":
    unittest.main()
