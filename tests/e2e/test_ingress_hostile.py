"""Senders that make mistakes, and senders that mean it."""
import re
import socket
import subprocess
import time
import unittest
from contextlib import suppress
from pathlib import Path

from case import PipelineCase, read_all, wait_for
from frames import frame
from node import call, syslog_line
from peers import basic


def closed(connection, seconds=5.0):
    """True when the other side closes within the time."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


class SenderCase(PipelineCase):
    def setUp(self):
        self.channel = self.channel_name()
        self.token = self.node.make_channel(self.channel)

    def connect(self, node=None, listener="ingress.syslog"):
        connection = socket.create_connection(("127.0.0.1", (node or self.node).port(listener)), timeout=5)
        self.addCleanup(connection.close)
        return connection

    def texts(self, node=None, channel=None):
        return [line.split("]: ", 1)[1] for line in (node or self.node).logs(channel or self.channel, num=1500)]

    def wait_for_texts(self, expected):
        wait_for(f"{expected} in {self.channel}", lambda: self.texts() == expected)

    def metric(self, name, node=None):
        text = call((node or self.node).port("admin.listen"), "GET", "/metrics").body.decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
        return float(found.group(1)) if found else 0.0


class FramingTest(SenderCase):
    def message(self, text, token=None):
        return syslog_line(text, app=token or self.token)

    def test_both_framings_on_one_connection(self):
        self.connect().sendall(self.message("a") + b"\n" + frame(self.message("b")) + self.message("c") + b"\r\n")
        self.wait_for_texts(["a", "b", "c"])

    def test_a_line_without_end_counts_when_the_sender_closes(self):
        connection = self.connect()
        connection.sendall(self.message("the last one"))
        connection.shutdown(socket.SHUT_WR)
        self.wait_for_texts(["the last one"])

    def test_a_malformed_frame_does_not_cost_the_good_one_behind_it(self):
        before = self.metric("sluice_ingress_malformed_total")
        bad = self.message("bad", "t.00000000-0000-4000-8000-000000000000")
        size = b"%d" % len(bad)
        kinds = [b"junk\n", b"junk", b"0 " + bad, b"0" + size + b" " + bad, b"-1 " + bad, size + b"\t" + bad, size + bad,
                 b"x " + bad, b"9" * 30 + b" " + bad, b"%d " % (len(bad) - 1) + bad, b"\xff\xfe", b"<>\n", b"<junk>",
                 frame(b"<13>" + b"y" * 20000), b"<13>" + b"y" * 20000 + b"\n"]
        for number, kind in enumerate(kinds):
            self.connect().sendall(kind + frame(self.message(f"good {number}")))
        wait_for("all good ones", lambda: sorted(self.texts()) == sorted(f"good {n}" for n in range(len(kinds))))
        self.assertEqual(self.metric("sluice_ingress_malformed_total") - before, len(kinds))

    def test_blanks_and_nul_between_frames(self):
        self.connect().sendall(b"\0".join(frame(self.message(f"{n}")) for n in range(3)) + b" \r\n\0" + frame(self.message("3")))
        self.wait_for_texts(["0", "1", "2", "3"])

    def test_garbage_without_end_closes_the_connection_and_is_said(self):
        connection = self.connect()
        connection.sendall(frame(self.message("before")))
        self.wait_for_texts(["before"])
        try:
            connection.sendall(b"z" * 200000)
        except ConnectionError:
            pass
        self.assertTrue(closed(connection))
        self.assertIn('reason=no_message peer=127.0.0.1', self.node.log_tail())

    def test_no_token_stands_in_a_line(self):
        other = self.node.make_token(self.channel, "other")
        token = self.token
        senders = [f"<999>1 - - {token} p m - x {other}", f"<13>2 - - {token} p m - x", f"<13>1  - - {token} p",
                   f"<30>Nov 28 22:14:15 {token}[12]: x", f"<30>Nov  8 22:14:15 host {token}: x",
                   f"<30>1 2026-11-28T22:14:15Z host {token} 12 {token} - x",
                   f"<30>1 {other} {token} {token} {token} {other} [a b=\"{token}\"] x"]
        for line in senders:
            self.connect().sendall(line.encode() + b"\n")
        wait_for("all lines", lambda: len(self.node.logs(self.channel)) == len(senders))
        for accept in ("text/plain", "application/x-ndjson", "application/logplex-1"):
            answer = self.node.api("GET", f"/v3/channels/{self.channel}/logs?num=100", headers={"Accept": accept})
            self.assertNotIn(token.encode(), answer.body)
            self.assertNotIn(other.encode(), answer.body)


class UnprovenTest(SenderCase):
    settings = {"limits.ingress_proof_time": "500ms"}

    def test_without_a_token_connections_end_and_with_one_they_stay(self):
        proven = self.connect()
        proven.sendall(frame(syslog_line("one", app=self.token)))
        self.wait_for_texts(["one"])
        for listener in ("ingress.syslog", "ingress.http"):
            self.assertTrue(closed(self.connect(listener=listener)), listener)
        time.sleep(1)
        proven.sendall(frame(syslog_line("two", app=self.token)))
        self.wait_for_texts(["one", "two"])
        self.assertGreaterEqual(self.metric('sluice_ingress_refused_total{reason="no_token"}'), 2)

    def test_silent_connections_do_not_keep_a_sender_out(self):
        for shards in ("1", "2"):
            with self.subTest(shards=shards):
                self.check_that_the_longest_silent_give_way(shards)

    def check_that_the_longest_silent_give_way(self, shards):
        """With two shards, each may take its connections later than the other, so that only their number is known."""
        node = self.new_node(process__shards=shards, ingress__max_connections="50", limits__ingress_proof_time="1h")
        token = node.make_channel("shop")
        unproven = 'sluice_ingress_unproven_connections{listener="ingress.syslog"}'
        crowded = 'sluice_ingress_refused_total{reason="crowded"}'
        full = 'sluice_listener_refused_total{listener="ingress.syslog",reason="max_connections"}'
        silent = [self.connect(node) for _ in range(60)]
        wait_for("all are taken or closed",
                 lambda: sum(self.metric(name, node) for name in (unproven, crowded, full)) == 60)
        sender = self.connect(node)
        sender.sendall(frame(syslog_line("through", app=token)))
        wait_for("the line", lambda: self.texts(node, "shop") == ["through"])
        wait_for("three quarters in all", lambda: self.metric(unproven, node) == 36)
        self.assertGreater(self.metric(crowded, node), 0)
        counted = self.metric(crowded, node) + self.metric(full, node)
        gone = []

        def all_gone():
            gone[:] = [closed(connection, 0.01) for connection in silent]
            return sum(gone) == counted

        wait_for("as many are closed as are counted", all_gone)
        if shards == "1":
            self.assertEqual(gone, sorted(gone, reverse=True))

    def test_honest_senders_who_connect_first_and_write_later_all_get_through(self):
        node = self.new_node(ingress__max_connections="100")
        token = node.make_channel("shop")
        senders = [self.connect(node) for _ in range(70)]
        for number, sender in enumerate(senders):
            sender.sendall(frame(syslog_line(f"line {number}", app=token)))
        wait_for("all lines", lambda: len(self.texts(node, "shop")) == 70)
        self.assertEqual(self.metric('sluice_ingress_refused_total{reason="crowded"}', node), 0)

    def test_nearly_full_those_who_write_at_once_get_through(self):
        """Each line arrives with its connection, so that nobody of them has been silent."""
        node = self.new_node(ingress__max_connections="100", limits__ingress_proof_time="1h")
        token = node.make_channel("shop")
        unproven = 'sluice_ingress_unproven_connections{listener="ingress.syslog"}'
        silent = [self.connect(node) for _ in range(75)]
        wait_for("they are counted", lambda: self.metric(unproven, node) == 75)
        for number in range(20):
            sender = self.connect(node)
            sender.sendall(frame(syslog_line(f"line {number}", app=token)))
        wait_for("all lines", lambda: len(self.texts(node, "shop")) == 20)
        crowded = 'sluice_ingress_refused_total{reason="crowded"}'
        wait_for("silent ones have given way, and nobody else",
                 lambda: 0 < self.metric(crowded, node) == sum(closed(connection, 0.01) for connection in silent))

    def test_half_heads_do_not_keep_a_sender_out(self):
        """Whoever gives way gives its place at once, also when its client does not close its side."""
        node = self.new_node(ingress__max_connections="100", limits__ingress_proof_time="1h")
        token = node.make_channel("shop")
        halves = []
        for number in range(30):
            for _ in range(10):
                halves.append(self.connect(node, "ingress.http"))
                with suppress(OSError):
                    halves[-1].sendall(b"POST /logs HTTP/1.1\r\nHo")
            self.assertEqual(node.post_logs(token, [syslog_line(f"line {number}")]).status, 204)
        self.assertEqual(len(self.texts(node, "shop")), 30)
        self.assertIn(b" 408 ", halves[0].recv(4096))

    def test_a_slow_message_ends(self):
        node = self.new_node(ingress__idle_timeout="1s")
        token = node.make_channel("shop")
        connection = self.connect(node)
        connection.sendall(frame(syslog_line("one", app=token)) + b"5000 <13>")
        begun = time.monotonic()
        try:
            while time.monotonic() - begun < 10:
                connection.sendall(b"x")
                time.sleep(0.1)
        except ConnectionError:
            pass
        self.assertLess(time.monotonic() - begun, 5)


class PostTest(SenderCase):
    def post(self, body, path="/logs", node=None, **headers):
        sent = {"Authorization": basic("token", self.token), "Content-Type": "application/logplex-1"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return call((node or self.node).port("ingress.http"), "POST", path, body, sent)

    def test_text_stands_byte_for_byte(self):
        texts = ["[info] started", "[2] Puma starting", "[INFO] [main] ready", "[error][db] lost", "[tid:5] x", "[info]",
                 '[x k="v"] y']
        body = b"".join(frame(f"<190>1 2026-11-28T10:00:00Z host app web.1 - {text}".encode()) for text in texts)
        self.assertEqual(self.post(body).status, 204)
        self.assertEqual(self.texts(), texts)

    def test_codings(self):
        import gzip
        body = frame(syslog_line("packed"))
        self.assertEqual(self.post(gzip.compress(body), Content_Encoding="x-gzip").status, 204)
        for coding in ("zstd", "br", "deflate"):
            answer = self.post(body, Content_Encoding=coding)
            self.assertEqual(answer.status, 415)
            self.assertIn(b"gzip", answer.body)
        self.assertEqual(self.texts(), ["packed"])

    def test_own_lines_do_not_come_back(self):
        origin = re.search(r"log_id=([0-9a-f]{16})", (Path(self.node.data_dir) / "log-id").read_text()).group(1)
        self.assertEqual(self.post(frame(syslog_line("again")), Sluice_Origin=origin).status, 204)
        self.assertEqual(self.post(frame(syslog_line("new")), Sluice_Origin="0123456789abcdef").status, 204)
        self.assertEqual(self.texts(), ["new"])
        self.assertEqual(self.metric('sluice_ingress_refused_total{reason="loop"}'), 1)

    def test_keys_with_logs_write(self):
        def key(*scopes, channels):
            return self.node.must("POST", "/v3/keys", {"name": "k", "scopes": list(scopes), "channels": channels})["key"]

        other = self.channel + "-other"
        self.node.make_channel(other)
        writer = f"Bearer {key('logs:write', channels=[self.channel])}"
        reader = f"Bearer {key('logs:read', channels=[self.channel])}"
        line = frame(syslog_line("by key"))
        self.assertEqual(self.post(line, f"/logs?channel={self.channel}", Authorization=writer).status, 204)
        self.assertEqual(self.post(line, f"/logs?channel={self.channel}&source=job", Authorization=writer).status, 204)
        self.assertEqual(self.post(line, f"/logs?channel={other}", Authorization=writer).status, 403)
        self.assertEqual(self.post(line, f"/logs?channel={self.channel}", Authorization=reader).status, 403)
        self.assertEqual(self.post(line, f"/logs?channel={self.channel}", Authorization="Bearer nothing").status, 401)
        self.assertEqual([entry.split(" ")[1] for entry in self.node.logs(self.channel)], ["app[web.1]:", "job[web.1]:"])
        self.assertEqual(self.node.logs(other), [])

    def test_send_with_a_key_that_may_only_write(self):
        key = self.node.must("POST", "/v3/keys",
                             {"name": "k", "scopes": ["logs:write"], "channels": [self.channel]})["key"]
        environment = {**self.node.cli_environment(), "SLUICE_API_KEY": key}
        done = subprocess.run([str(self.node.programs / "sluice"), "send", "-a", self.channel, "--source", "job"],
                              input=b"hello\n", env=environment, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual([line.split(" ", 1)[1] for line in self.node.logs(self.channel)], ["job[send]: hello"])

    def test_bodies_under_way_hold_a_bounded_part_of_memory(self):
        node = self.new_node(fabric__memory_budget="64MiB")
        token = node.make_channel("shop")
        lines = frame(syslog_line("x" * 900)) * 7500
        head = (f"POST /logs HTTP/1.1\r\nHost: h\r\nAuthorization: {basic('token', token)}\r\n"
                f"Content-Type: application/logplex-1\r\nContent-Length: {len(lines) + 1000}\r\n\r\n").encode()
        before = node.resident_bytes()
        connections = [self.connect(node, "ingress.http") for _ in range(40)]
        for connection in connections:
            try:
                connection.sendall(head + lines)
            except (ConnectionError, TimeoutError):
                pass
        self.assert_holds_less(node, 64 << 20, before)
        wait_for("refusals", lambda: self.metric('sluice_ingress_refused_total{reason="memory"}', node) > 0)
        self.assertTrue(read_all(connections[0]).startswith(b"HTTP/1.1 503 "))
        self.assertEqual(node.logs("shop"), [])
        self.assertEqual(node.post_logs(token, [syslog_line("still taken")]).status, 204)


if __name__ == "__main__":
    unittest.main()
