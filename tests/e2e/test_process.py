"""The daemon as a process: settings, files, readiness, signals, crashes, a second start."""
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time
import unittest

from case import PROGRAMS, ROOT, PipelineCase, wait_for
from node import LISTENERS, syslog_line
from peers import Backend, HttpReceiver, SyslogReceiver
from tail import Tail


def sluiced(*arguments, environment=None, seconds=20):
    return subprocess.run([str(PROGRAMS / "sluiced"), *map(str, arguments)], capture_output=True, text=True,
                          timeout=seconds, env={**os.environ, **(environment or {})})


class SettingsTest(PipelineCase):
    with_node = False

    def refuse(self, *arguments, environment=None, mentions=()):
        done = sluiced("--check-config", "--data-dir", self.folder / "unused", *arguments, environment=environment)
        self.assertEqual(done.returncode, 2, done)
        for word in mentions:
            self.assertIn(str(word), done.stderr)

    def test_unknown_key_is_named_with_its_source(self):
        self.refuse("--set", "router.htpp=1", mentions=["router.htpp", "--set"])
        self.refuse(environment={"SLUICE_ROUTER__HTPP": "1"}, mentions=["SLUICE_ROUTER__HTPP"])
        file = self.folder / "unknown.toml"
        file.write_text("[router]\nhtpp = 1\n")
        self.refuse("--config", file, mentions=["router.htpp", file])

    def test_value_out_of_bounds_is_named_with_its_bounds(self):
        self.refuse("--set", "process.shards=9999", mentions=["process.shards", "9999", "256"])
        self.refuse("--set", "drains.backoff_min=soon", mentions=["drains.backoff_min", "soon"])
        self.refuse(environment={"SLUICE_INGRESS__ACK": "maybe"}, mentions=["maybe", "memory", "disk"])

    def test_files_that_cannot_be_read_are_named(self):
        self.refuse("--config", "/no/such/file.toml", mentions=["/no/such/file.toml"])
        broken = self.folder / "broken.toml"
        broken.write_text("[router\n")
        self.refuse("--config", broken, mentions=[broken])

    def test_wrong_usage_is_2(self):
        self.assertEqual(sluiced("--no-such-option").returncode, 2)

    def test_help_settings_shows_every_row(self):
        done = sluiced("--help-settings")
        self.assertEqual(done.returncode, 0)
        for name in ("process.data_dir", "router.http", "fabric.memory_budget", "drains.allow_cidrs", "store.url"):
            self.assertIn(name, done.stdout)
        self.assertEqual(sluiced("--version").returncode, 0)

    def a_real_file(self, named):
        """Of the kind that the example names, because files are looked at too."""
        certificate, key = self.certificates().server()
        real = key if named[2] == "key" else certificate if "client" in named[1] else self.certificates().ca
        return f'"{real}"'

    def test_example_configurations_are_accepted(self):
        for name in ("sluice.example.toml", "sluice.three-nodes.toml"):
            example = ROOT / "ops" / name
            done = sluiced("--check-config", "--config", example)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            # Also with every commented setting switched on: the examples in it are real.
            text = re.sub(r"(?m)^#([a-z_]+ = )", r"\1", example.read_text())
            text = re.sub(r'"/etc/sluice/([a-z-]+)\.(pem|key)"', self.a_real_file, text)
            everything = self.folder / name
            everything.write_text(text)
            done = sluiced("--check-config", "--config", everything)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)


class LifeTest(PipelineCase):
    with_node = False

    def test_files_readiness_and_metrics(self):
        node = self.new_node()
        self.assertLessEqual(set(LISTENERS), set(node.ports))
        self.assertTrue(all(isinstance(port, int) and port for port in node.ports.values()), node.ports)
        self.assertEqual(stat.S_IMODE((node.data_dir / "api-key").stat().st_mode), 0o600)
        self.assertEqual(node.admin("/healthz").status, 200)
        self.assertEqual(node.admin("/nonsense").status, 404)
        metrics = node.admin("/metrics")
        self.assertEqual(metrics.status, 200)
        self.assertTrue(re.search(rb"(?m)^sluice_\w+(\{[^}]*\})? [0-9.e+-]+$", metrics.body), metrics)

    def test_listener_can_be_switched_off_or_be_several(self):
        node = self.new_node(ingress__syslog="", ingress__http="127.0.0.1:0,127.0.0.1:0")
        self.assertNotIn("ingress.syslog", node.ports)
        self.assertEqual(len(node.ports["ingress.http"]), 2)

    def test_the_last_of_file_environment_and_set_wins(self):
        file = self.folder / "order.toml"
        file.write_text('[router]\nhttp = ""\n[ingress]\nhttp = ""\nsyslog = ""\n')
        node = self.new_node(start=False)
        for name in ("router.http", "ingress.http"):
            del node.settings[name]
        node.arguments = ["--config", str(file)]
        node.environment = {"SLUICE_INGRESS__HTTP": "127.0.0.1:0", "SLUICE_INGRESS__SYSLOG": "", "SLUICE_NOT_A_SETTING": "x"}
        node.start()
        self.assertNotIn("router.http", node.ports)                # only in the file
        self.assertTrue(node.ports["ingress.http"])                # the environment wins over the file
        self.assertTrue(node.ports["ingress.syslog"])              # --set wins over both

    def test_second_daemon_on_the_directory_says_so(self):
        node = self.new_node()
        done = subprocess.run(node.command(), capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(node.data_dir), done.stderr)
        self.assertEqual(node.admin("/readyz").status, 200)

    def test_address_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            node = self.new_node(start=False, router__http=address)
            done = subprocess.run(node.command(), capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn(address, done.stderr)

    def test_unreadable_store_is_reported_and_left_as_it_is(self):
        node = self.new_node()
        node.make_channel("kept")
        node.stop()
        stores = [p for p in node.data_dir.iterdir() if p.is_file() and p.read_bytes()[:15] == b"SQLite format 3"]
        self.assertEqual(len(stores), 1, list(node.data_dir.iterdir()))
        for leftover in node.data_dir.glob(stores[0].name + "-*"):
            leftover.unlink()
        broken = b"this is no database " * 500
        stores[0].write_bytes(broken)
        done = subprocess.run(node.command(), capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(stores[0].name, done.stderr)
        self.assertEqual(stores[0].read_bytes(), broken)

    def test_the_end_of_who_reads_the_own_log_is_not_its_end(self):
        node = self.new_node(start=False)
        process = subprocess.Popen(node.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while b"ready" not in process.stderr.readline():
            self.assertIsNone(process.poll())
        process.stderr.close()
        process.send_signal(signal.SIGHUP)  # it answers with a line of its log
        node.ports = json.loads((node.data_dir / "ports.json").read_text())
        self.assertEqual(node.admin("/readyz").status, 200)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_configuration_survives_a_restart(self):
        node = self.new_node()
        backend, receiver = self.using(Backend()), self.using(HttpReceiver())
        node.make_app("steady", [backend])
        token = node.make_token("steady")
        drain = node.add_drain(receiver.url, "steady")
        key = node.key
        node.restart()
        self.assertEqual(node.key, key)
        self.assertEqual(node.request("steady.test").status, 200)
        self.assertEqual(node.post_logs(token, [syslog_line("again")]).status, 204)
        wait_for("both lines at the drain", lambda: len(receiver.lines()) == 2)
        self.assertEqual(node.drain(drain, "steady")["token"], drain["token"])

    def test_sequence_numbers_never_repeat_over_a_restart(self):
        node = self.new_node()
        token = node.make_channel("numbers")
        ids = []
        for _ in range(2):
            node.post_logs(token, [syslog_line("x")])
            url = node.must("POST", "/v3/sessions", {"channel_id": "numbers", "tail": True})["url"]
            tail = self.using(Tail(url, "text/event-stream"))
            ids.append(wait_for("an event", tail.events)[-1][0])
            node.restart()
        self.assertNotEqual(ids[0], ids[1])

    def test_own_log_shows_no_secret_and_no_line(self):
        node = self.new_node(process__log_level="debug")
        receiver = self.using(HttpReceiver())
        token = node.make_channel("private")
        node.add_drain(f"http://user:hunter2@{receiver.address}/", "private")
        node.post_logs(token, [syslog_line("my private line")])
        wait_for("the line", receiver.lines)
        node.stop()
        log = node.log_path.read_text()
        for secret in (token, node.key, "hunter2", "my private line"):
            self.assertNotIn(secret, log)
        for line in log.splitlines():
            self.assertRegex(line, r"^\S*time=|^\w+=", line)


class StopTest(PipelineCase):
    with_node = False

    def test_term_finishes_requests_and_flushes_drains(self):
        node = self.new_node(drains__backoff_min="20ms")
        backend, receiver = self.using(Backend()), self.using(SyslogReceiver())
        node.make_app("last", [backend])
        token = node.make_token("last")
        node.add_drain(receiver.url, "last")
        answers = []
        request = threading.Thread(target=lambda: answers.append(node.request("last.test", "/slow?0.7")))
        request.start()
        wait_for("the request is running", lambda: backend.seen)
        node.post_logs(token, [syslog_line(f"n{n}") for n in range(500)])
        self.assertEqual(node.stop(), 0)
        request.join()
        self.assertEqual((answers[0].status, answers[0].body), (200, b"hello from web.1\n"))
        wait_for("all lines and the router's", lambda: len(receiver.lines()) == 501)
        self.assertEqual(sum(line.proc == "router" for line in receiver.lines()), 1)

    def test_idle_connections_and_tails_do_not_delay_the_end(self):
        node = self.new_node()
        node.make_channel("watched")
        tails = [self.using(Tail(node.must("POST", "/v3/sessions", {"channel_id": "watched", "tail": True})["url"]))
                 for _ in range(3)]
        for name in LISTENERS:
            self.using(socket.create_connection(("127.0.0.1", node.port(name))))
        began = time.monotonic()
        self.assertEqual(node.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)
        for tail in tails:
            self.assertTrue(tail.ended.wait(5))

    def test_deadline_cuts_short_what_does_not_end(self):
        node = self.new_node(process__shutdown_deadline="500ms")
        backend = self.using(Backend())
        node.make_app("stuck", [backend])
        threading.Thread(target=lambda: _quiet(node.request, "stuck.test", "/slow?20"), daemon=True).start()
        wait_for("the request is running", lambda: backend.seen)
        began = time.monotonic()
        self.assertEqual(node.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)

    def test_a_request_cut_off_at_the_deadline_has_its_line_delivered(self):
        node = self.new_node(process__shutdown_deadline="2s")
        backend, receiver = self.using(Backend()), self.using(HttpReceiver())
        node.make_app("cut", [backend])
        node.add_drain(receiver.url, "cut")
        threading.Thread(target=lambda: _quiet(node.request, "cut.test", "/slow?20"), daemon=True).start()
        wait_for("the request is running", lambda: backend.seen)
        self.assertEqual(node.stop(), 0)
        self.assertEqual([b"code=H24" in line.text for line in receiver.lines()], [True])

    def test_lines_of_the_last_requests_reach_drains_whichever_shard_they_ended_on(self):
        node = self.new_node(process__shards=4)
        backend, receivers = self.using(Backend()), [self.using(HttpReceiver()) for _ in range(4)]
        for number, receiver in enumerate(receivers):
            node.make_app(f"last{number}", [backend])
            node.add_drain(receiver.url, f"last{number}")
        requests = [threading.Thread(target=_quiet, args=(node.request, f"last{n % 4}.test", f"/slow?0.{5 + n % 3}"))
                    for n in range(16)]
        for request in requests:
            request.start()
        wait_for("the requests are running", lambda: len(backend.seen) == len(requests))
        self.assertEqual(node.stop(), 0)
        for request in requests:
            request.join()
        self.assertEqual([len(receiver.lines()) for receiver in receivers], [4] * 4)

    def test_second_signal_stops_at_once(self):
        node = self.new_node()
        backend = self.using(Backend())
        node.make_app("stuck", [backend])
        threading.Thread(target=lambda: _quiet(node.request, "stuck.test", "/slow?20"), daemon=True).start()
        wait_for("the request is running", lambda: backend.seen)
        node.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(node.process.poll())
        node.process.send_signal(signal.SIGTERM)
        node.process.wait(5)

    def test_hangup_does_not_end_it(self):
        node = self.new_node()
        node.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        self.assertEqual(node.admin("/readyz").status, 200)
        self.assertEqual(node.stop(), 0)


class FullDiskTest(PipelineCase):
    with_node = False

    def test_full_disk_refuses_changes_and_harms_nothing_else(self):
        node = self.new_node(start=False)
        disk = self.small_disk(node)
        node.start()
        disk.limit(node)
        backend = self.using(Backend())
        node.make_app("busy", [backend])
        token = node.make_token("busy")
        answered, refused = [], None
        while refused is None:
            answer = node.api("PUT", f"/v3/channels/{len(answered)}-{'x' * 200}", {"tokens": ["app"]})
            if answer.status == 201:
                answered.append(f"{len(answered)}-{'x' * 200}")
            else:
                refused = answer
        self.assertEqual(refused.status, 503, refused)
        self.assertIn("config.db", refused.json["error"])
        self.assertTrue(refused.headers["retry-after"])
        self.assertEqual(node.api("GET", f"/v3/channels/{len(answered)}-{'x' * 200}").status, 404)
        store = node.must("GET", "/v3/status")["store"]
        self.assertEqual((store["reachable"], bool(store["trouble"])), (False, True))
        self.assert_still_serving(node, token)

        node.kill()  # in the worst moment
        disk.make_room(node)
        node.start()
        disk.make_room(node)
        self.assertEqual({node.api("GET", f"/v3/channels/{name}").status for name in answered}, {200})
        self.assert_still_serving(node, token)
        self.assertEqual(node.api("PUT", "/v3/channels/after", {"tokens": ["app"]}).status, 201)

    def test_changes_work_again_when_there_is_room(self):
        node = self.new_node(start=False)
        disk = self.small_disk(node)
        node.start()
        disk.limit(node)
        number = 0
        while node.api("PUT", f"/v3/channels/{number}-{'x' * 200}", {"tokens": ["app"]}).status == 201:
            number += 1
        disk.make_room(node)
        self.assertEqual(node.api("PUT", f"/v3/channels/{number}-{'x' * 200}", {"tokens": ["app"]}).status, 201)
        self.assertTrue(node.must("GET", "/v3/status")["store"]["reachable"])
        self.assertEqual(node.stop(), 0)

    def assert_still_serving(self, node, token):
        self.assertEqual(node.admin("/readyz").status, 200)
        self.assertEqual(node.request("busy.test").status, 200)
        self.assertEqual(node.post_logs(token, [syslog_line("still here")]).status, 204)
        self.assertTrue(any(line.endswith("still here") for line in node.logs("busy")))

    def small_disk(self, node):
        """A file system of 1 MiB under the data directory, as root; else a limit on the size of its files."""
        node.data_dir.mkdir()
        mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(node.data_dir)], capture_output=True).returncode == 0
        if mounted:
            self.addCleanup(subprocess.run, ["umount", "--lazy", str(node.data_dir)], check=True)
        return _SmallDisk(mounted)


class _SmallDisk:
    """How a data directory comes to its limit, and out of it."""

    def __init__(self, mounted):
        self.mounted = mounted

    def limit(self, node):
        if not self.mounted:
            resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))

    def make_room(self, node):
        if self.mounted:
            subprocess.run(["mount", "-o", "remount,size=64m", str(node.data_dir)], check=True)
        elif node.process.poll() is None:
            resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class CrashTest(PipelineCase):
    with_node = False

    def test_kill_at_any_moment_keeps_what_was_answered(self):
        node = self.new_node()
        asked, answered = set(), set()
        for round_number in range(5):
            def write(which):
                for number in range(10_000):
                    name = f"r{round_number}-{which}-{number}"
                    asked.add(name)
                    try:
                        if node.api("PUT", f"/v3/channels/{name}", {"tokens": ["app"]}).status == 201:
                            answered.add(name)
                    except OSError:
                        return
                    except Exception:  # an answer cut off by the kill
                        return
            writers = [threading.Thread(target=write, args=(which,)) for which in range(4)]
            before = len(answered)
            for writer in writers:
                writer.start()
            wait_for("some changes", lambda: len(answered) > before + 20 + 10 * round_number)
            node.kill()
            for writer in writers:
                writer.join()
            node.start()
            self.check_store(node)
        for name in asked:
            status = node.api("GET", f"/v3/channels/{name}").status
            self.assertIn(status, (200, 404))
            if name in answered:
                self.assertEqual(status, 200, f"{name} was answered and is gone")

    def check_store(self, node):
        for path in node.data_dir.iterdir():
            if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
                with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
                    self.assertEqual(store.execute("pragma integrity_check").fetchone()[0], "ok")


def _quiet(function, *arguments):
    try:
        function(*arguments)
    except Exception:  # the other side was stopped on purpose
        pass


if __name__ == "__main__":
    unittest.main()
