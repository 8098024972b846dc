"""Nodes that share a real redis-server: what an operator sees through API, router and command line.

The class named Soak stops Redis under load: for a few seconds here, and for as long as SLUICE_SOAK_SECONDS says, under
2,000 requests and 10,000 lines a second, with ./ops/dev soak redis 600.
"""
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

from case import PipelineCase, wait_for
from dns import NameServer
from node import end_with_parent, syslog_line
from peers import Backend, free_port
from steady import Steady

SOAK_SECONDS = float(os.environ.get("SLUICE_SOAK_SECONDS", "0"))
REQUESTS_A_SECOND = 2000 if SOAK_SECONDS else 200
LINES_A_SECOND = 10000 if SOAK_SECONDS else 1000


class Redis:
    """A redis-server in a folder of its own on a free port; nothing is written to disk unless the words say so."""

    def __init__(self, folder, *words):
        self.words = words
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
                 "--appendonly", "no", *self.words], stdout=log, stderr=log, preexec_fn=end_with_parent)
        wait_for("redis-server", lambda: self.cli("PING").strip() == "PONG")

    def cli(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, timeout=20)
        return done.stdout

    def hang(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self):
        if self.process is None:
            return
        self.go_on()
        self.process.kill()
        self.process.wait()
        self.process = None


class Proxy:
    """A link to a server that can hang: nothing comes through, and nothing is closed."""

    def __init__(self, server):
        self.server = server
        self.flows = threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.server))
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self.pump, args=ends, daemon=True).start()
        except OSError:
            pass  # closed

    def pump(self, source, target):
        try:
            while data := source.recv(65536):
                self.flows.wait()
                target.sendall(data)
        except OSError:
            pass  # either end is gone
        source.close()
        target.close()

    def hang(self):
        self.flows.clear()

    def go_on(self):
        self.flows.set()

    def close(self):
        self.go_on()
        self.listener.close()


class SharedConfigurationCase(PipelineCase):
    with_node = False
    probes = 0

    def shared_node(self, **settings):
        return self.new_node(store__url=self.redis.url, store__reconnect_max="300ms", **settings)

    def store(self, node):
        return node.must("GET", "/v3/status")["store"]

    def cli(self, node, *words):
        """What the command line printed; it must have worked."""
        done = node.cli(*map(str, words))
        self.assertEqual(done.returncode, 0, done)
        return done.stdout.decode()

    def wait_until_up_to_date(self, node):
        wait_for("a node that follows", lambda: self.store(node)["up_to_date"], seconds=30)

    def serves(self, node, host):
        self.probes += 1
        return node.request(host).status == 200


class SharedConfigurationTest(SharedConfigurationCase):
    def setUp(self):
        self.redis = self.using(Redis(self.folder / self.id().rsplit(".", 1)[1]))
        self.backend = self.using(Backend())

    def test_change_through_one_node_is_in_force_on_the_other(self):
        one, two = self.shared_node(), self.shared_node()
        one.make_app("shop", [self.backend], ["shop.example.com"])
        self.assertTrue(self.serves(one, "shop.example.com"))
        wait_for("the route on the other node", lambda: self.serves(two, "shop.example.com"))
        token = two.make_token("shop")
        wait_for("the token on the first node", lambda: one.post_logs(token, [syslog_line("hello")]).status == 204)
        self.assertIn("redis, up to date", self.cli(two, "status"))
        self.assertIn("shop", self.redis.cli("HKEYS", "{sluice}:app"))

    def test_status_says_of_each_node_whether_it_is_up_to_date(self):
        """Three nodes; the link of one hangs, and it misses a change."""
        proxy = self.using(Proxy(self.redis.port))
        one, two = self.shared_node(), self.shared_node()
        cut_off = self.new_node(store__url=f"redis://127.0.0.1:{proxy.port}", store__reconnect_max="300ms")
        one.make_app("shop", [self.backend], ["shop.example.com"])

        def states(node):
            return {seen["node"].rsplit("/", 1)[1]: seen["state"] for seen in self.store(node)["nodes"]}

        names = [node.data_dir.name for node in (one, two, cut_off)]
        wait_for("all nodes up to date", lambda: [states(one).get(name) for name in names] == ["up to date"] * 3, seconds=30)
        proxy.hang()
        one.make_app("other", [self.backend], ["other.example.com"])
        wait_for("silence", lambda: states(one)[names[2]].startswith("not heard of for "), seconds=30)
        self.assertEqual([states(one)[name] for name in names[:2]], ["up to date"] * 2)
        shown = self.cli(two, "status")
        self.assertRegex(shown, rf"{names[2]} +1 +not heard of for \d+ s; then up to date")
        self.assertRegex(shown, rf"{names[0]} +2 +up to date")
        wait_for("the node itself knows", lambda: "Redis is away: acting on the last known good configuration (revision 1)"
                 in self.cli(cut_off, "status"), seconds=30)
        self.assertTrue(self.serves(cut_off, "shop.example.com"))
        proxy.go_on()
        wait_for("it is back", lambda: [states(one).get(name) for name in names] == ["up to date"] * 3, seconds=30)
        self.assertTrue(self.serves(cut_off, "other.example.com"))

    def test_with_redis_away_nodes_serve_start_and_refuse_changes(self):
        node = self.shared_node()
        node.make_app("shop", [self.backend], ["shop.example.com"])
        self.redis.close()
        began = time.monotonic()
        answer = node.api("PUT", "/v3/apps/other", {"domains": [], "backends": []})
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("retry-after", answer.headers)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual([node.request("shop.example.com").status for _ in range(200)], [200] * 200)
        node.restart()
        self.assertEqual(node.admin("/readyz").status, 200)
        self.assertTrue(self.serves(node, "shop.example.com"))
        self.assertIn("last known good", self.cli(node, "status"))
        self.assertIn("sluice_store_up_to_date 0", node.admin("/metrics").body.decode())

    def test_emptied_redis_is_refused_and_filled_again(self):
        node = self.shared_node()
        node.make_app("shop", [self.backend], ["shop.example.com"])
        document = self.folder / "document.json"
        self.cli(node, "store", "export", "--from", self.redis.url, "-o", document)
        self.redis.cli("FLUSHALL")
        wait_for("the refusal", lambda: "would delete" in (self.store(node)["trouble"] or ""), seconds=30)
        self.assertTrue(self.serves(node, "shop.example.com"))
        self.assertEqual(node.api("PUT", "/v3/apps/other", {"domains": [], "backends": []}).status, 503)
        trial = self.cli(node, "store", "import", document, "--to", self.redis.url, "--dry-run", "--json")
        self.assertEqual(json.loads(trial)["added"]["app"], 1, trial)
        self.assertEqual(self.redis.cli("EXISTS", "{sluice}:meta").strip(), "0")
        self.cli(node, "store", "import", document, "--to", self.redis.url)
        self.wait_until_up_to_date(node)
        self.assertTrue(self.serves(node, "shop.example.com"))
        self.assertEqual(node.api("PUT", "/v3/apps/other", {"domains": [], "backends": []}).status, 201)

    def test_link_that_hangs(self):
        node = self.shared_node(store__write_timeout="1s")
        node.make_app("shop", [self.backend], ["shop.example.com"])
        self.redis.hang()
        self.assertEqual(node.api("PUT", "/v3/apps/other", {"domains": [], "backends": []}).status, 503)
        self.assertTrue(self.serves(node, "shop.example.com"))
        self.redis.go_on()
        wait_for("a change that works", lambda: node.api("PUT", "/v3/apps/third", {"domains": [], "backends": []}).status
                 in (200, 201), seconds=30)

    def test_moving_in_from_logplex(self):
        self.redis.cli("HSET", "ch:1234:data", "name", "old app", "flags", "no_tail")
        self.redis.cli("HSET", "tok:t.11111111-2222-3333-4444-555555555555:data", "ch", "1234", "name", "app")
        self.redis.cli("HSET", "drain:77:data", "ch", "1234", "token", "d.11111111-2222-3333-4444-666666666666", "url",
                       "https://logs.example.com/in", "state", "provisioned")
        self.redis.cli("HSET", "drain:78:data", "ch", "gone", "token", "d.11111111-2222-3333-4444-777777777777", "url",
                       "https://logs.example.com/in")
        self.redis.cli("SET", "channel_index", "2000")
        node = self.shared_node()
        report = self.cli(node, "store", "import-logplex", self.redis.url, "--to", self.redis.url)
        self.assertIn("left out: drain 78: its channel does not exist", report)
        wait_for("the token", lambda: node.post_logs("t.11111111-2222-3333-4444-555555555555", [syslog_line("hello")]).status == 204)
        drains = node.must("GET", "/v3/channels/1234/drains")
        drains = drains["items"] if isinstance(drains, dict) else drains
        self.assertEqual([drain["id"] for drain in drains], [77])

    def test_embedded_to_redis_and_back(self):
        embedded = self.new_node()
        embedded.make_app("shop", [self.backend], ["shop.example.com"])
        token = embedded.make_token("shop")
        embedded.stop()
        shared = self.shared_node()
        document = self.folder / "moved.json"
        for words in (["export", "--from", embedded.data_dir, "-o", document],
                      ["import", document, "--to", self.redis.url],
                      ["export", "--from", self.redis.url, "-o", document],
                      ["import", document, "--to", self.folder / "back"]):
            self.cli(shared, "store", *words)
        wait_for("the route that moved", lambda: self.serves(shared, "shop.example.com"))
        self.assertEqual(shared.post_logs(token, [syslog_line("hello")]).status, 204)


class NamedServerTest(SharedConfigurationCase):
    def test_the_name_of_the_server_is_asked_for_where_the_settings_say(self):
        self.redis = self.using(Redis(self.folder / "named"))
        names = self.using(NameServer())
        names.addresses["redis.zone"] = ["127.0.0.1"]
        node = self.new_node(store__url=f"redis://redis.zone:{self.redis.port}", store__reconnect_max="300ms",
                             process__dns_servers=names.address)
        self.wait_until_up_to_date(node)


class ReplicasTest(SharedConfigurationCase):
    """What a change is worth when the master of Redis goes away."""

    def app(self, node, name, domain):
        return node.api("PUT", f"/v3/apps/{name}", {"domains": [domain]})

    def test_a_change_that_too_few_replicas_have_is_not_confirmed(self):
        self.redis = self.using(Redis(self.folder / "master"))
        replica = self.using(Redis(self.folder / "replica", "--replicaof", f"127.0.0.1 {self.redis.port}"))
        wait_for("a replica", lambda: "master_link_status:up" in replica.cli("INFO", "replication"), seconds=30)
        node = self.shared_node(store__min_replicas=1, store__write_timeout="2s")
        self.wait_until_up_to_date(node)
        self.assertEqual(self.app(node, "before", "before.test").status, 201)
        self.assertEqual(replica.cli("HEXISTS", "{sluice}:app", "before").strip(), "1")
        replica.hang()
        answer = self.app(node, "alone", "alone.test")
        self.assertEqual(answer.status, 503)
        self.assertIn("too few replicas of Redis have it", answer.json["error"])
        replica.go_on()
        wait_for("changes are confirmed again", lambda: self.app(node, "after", "after.test").status in (200, 201),
                 seconds=30)
        self.assertEqual(self.app(node, "alone", "alone.test").status, 200)

    def test_an_answered_change_that_cannot_be_made_again_is_named(self):
        self.redis = self.using(Redis(self.folder / "old"))
        node, other = self.shared_node(), self.shared_node()
        self.wait_until_up_to_date(node)
        self.assertEqual(self.app(node, "rival", "shop.test").status, 201)
        self.redis.cli("SAVE")
        old = (self.redis.folder / "dump.rdb").read_bytes()
        self.assertEqual(other.api("DELETE", "/v3/apps/rival").status, 204)
        other.kill()  # it would delete it again
        wait_for("the domain is free", lambda: node.api("GET", "/v3/apps/rival").status == 404)
        self.assertEqual(self.app(node, "shop", "shop.test").status, 201)
        self.redis.close()
        (self.redis.folder / "dump.rdb").write_bytes(old)
        self.redis.start()
        wait_for("the change is named", lambda: "a confirmed change is lost" in node.log_path.read_text(),
                 seconds=30)
        named = next(line for line in node.log_path.read_text().splitlines() if "confirmed change is lost" in line)
        self.assertIn('what="channel shop and 1 more"', named)
        self.assertIn('reason="domain belongs to another app"', named)
        wait_for("it is counted", lambda: b"sluice_store_lost_changes_total 1\n" in node.admin("/metrics").body, seconds=30)
        wait_for("what the server holds is in force", lambda: node.api("GET", "/v3/apps/rival").status == 200)


class RedisOutageSoak(SharedConfigurationCase):
    """Redis is stopped for a while under load: no request fails and no line is dropped; then all nodes agree again."""

    def setUp(self):
        self.redis = self.using(Redis(self.folder / "redis", "--appendonly", "yes"))
        self.backend = self.using(Steady("backend"))
        self.backend.address = f"127.0.0.1:{self.backend.listening()}"

    def loaded_node(self):
        node = self.shared_node(fabric__memory_budget="256MiB")
        node.make_app("shop", [self.backend], ["shop.example.com"])
        self.sinks = [self.using(Steady("sink")) for _ in range(2)]
        ports = [sink.listening() for sink in self.sinks]
        self.drains = [(node.add_drain(f"syslog://127.0.0.1:{ports[0]}", "shop", filter="source=app"), "shop"),
                       (node.add_drain(f"syslog://127.0.0.1:{ports[1]}", filter="source=heroku proc=router"), None)]
        return node

    def while_away(self, node, beside, seconds):
        """What holds during the outage; `beside` is started again in it."""
        until = time.monotonic() + seconds
        asked = 0
        beside.restart()
        self.assertTrue(self.serves(beside, "shop.example.com"))
        while asked == 0 or time.monotonic() < until:
            answer = node.api("PUT", f"/v3/apps/late-{asked}", {"domains": [], "backends": []})
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("retry-after", answer.headers)
            self.assertIn("last known good", self.store(node)["state"])
            asked += 1
            time.sleep(max(0.0, min(5.0, until - time.monotonic())))
        return asked

    def test_redis_stopped_under_load(self):
        node, beside = self.loaded_node(), self.shared_node()
        wait_for("the app on the other node", lambda: self.serves(beside, "shop.example.com"))
        token = node.make_token("shop")
        requests = self.using(Steady("requests", node.port("router.http"), "shop.example.com", REQUESTS_A_SECOND))
        lines = self.using(Steady("lines", node.port("ingress.syslog"), token, LINES_A_SECOND))
        began = time.monotonic()
        time.sleep(2)
        self.redis.close()
        wait_for("a node that has missed Redis", lambda: not self.store(node)["reachable"])
        refused = self.while_away(node, beside, SOAK_SECONDS or 3)
        away = time.monotonic() - began - 2
        self.redis.start()
        came = time.monotonic()
        for one in (node, beside):
            self.wait_until_up_to_date(one)
        back = time.monotonic() - came
        node.must("PUT", "/v3/apps/after", {"domains": ["after.example.com"],
                                            "backends": [{"name": "web.1", "address": self.backend.address}]})
        wait_for("the change on the other node", lambda: self.serves(beside, "after.example.com"))
        time.sleep(2)
        loaded = time.monotonic() - began
        asked, sent = requests.finish(), lines.finish()["sent"]
        self.assertEqual((asked["failed"], asked["failures"]), (0, []))
        wait_for("all lines", lambda: self.sinks[0].counted()["distinct"] == sent, seconds=30)
        wait_for("all router lines", lambda: self.sinks[1].counted()["messages"] >= asked["good"] + self.probes, seconds=30)
        self.assertEqual(self.sinks[0].counted(), {"messages": sent, "distinct": sent, "repeats": 0})
        self.assertEqual(self.sinks[1].counted()["messages"], asked["good"] + self.probes)
        for drain, channel in self.drains:
            self.assertEqual(node.drain(drain, channel)["stats"]["dropped"], {})
        self.assertIn("sluice_store_up_to_date 1", node.admin("/metrics").body.decode())
        print(f"Redis away for {away:.0f} s under {asked['good'] / loaded:.0f} requests and {sent / loaded:.0f} lines a second: "
              f"{asked['good']} requests, 0 failed, slowest {asked['worst_ms']} ms; {sent} lines, 0 dropped; {refused} changes "
              f"answered 503; all nodes up to date {back:.1f} s after it came back")


if __name__ == "__main__":
    unittest.main()
