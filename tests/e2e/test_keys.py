"""Keys give only what they have: limits of keys, sessions, lists, streams, sites; and what the CLI says of them."""
import socket
import time
import unittest

from case import PipelineCase, wait_for
from node import call, syslog_line


class KeysCase(PipelineCase):
    def setUp(self):
        self.name = self.channel_name()

    def make_key(self, node=None, **members):
        members.setdefault("name", "k")
        made = (node or self.node).must("POST", "/v3/keys", members)
        return made["key"] if isinstance(made, dict) else made.json["key"]

    def status_of(self, method, path, key=None, body=None, headers=None):
        return self.node.api(method, path, body, headers=headers, key=key).status

    def open_stream(self, path, key=None):
        connection = socket.create_connection(("127.0.0.1", self.node.port("api.listen")), timeout=10)
        self.addCleanup(connection.close)
        authorization = f"Authorization: Bearer {key}\r\n" if key else ""
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n{authorization}\r\n".encode())
        self.assertIn(b"200 OK", connection.recv(65536))
        return connection

    def seconds_until_closed(self, connection):
        began = time.monotonic()
        while connection.recv(65536):
            pass
        return time.monotonic() - began


class RightsTest(KeysCase):
    def test_the_sick_drain_of_a_limited_key_is_shown_however_many_others_are_sick(self):
        for channel, drains in [*((f"others-{n}", 6) for n in range(9)), (self.name, 1)]:
            token = self.node.make_channel(channel)
            made = [self.node.add_drain(f"http://127.0.0.1:1/{n}", channel) for n in range(drains)]
            self.node.post_logs(token, [syslog_line("owed")])
        wait_for("the drain is sick", lambda: self.node.drain(made[0], self.name)["stats"]["last_error"])
        everybody = self.node.must("GET", "/v3/status")["drains_unhealthy"]
        self.assertEqual(len(everybody), 50)  # and no more
        status = self.node.api("GET", "/v3/status", key=self.make_key(scopes=["drains:read"], channels=[self.name]))
        own, = status.json["drains"]
        self.assertEqual((own["id"], own["channel"]), (made[0]["id"], self.name))
        self.assertIsNotNone(own["stats"]["last_error"])

    def test_a_limited_admin_makes_no_wider_key(self):
        self.node.make_channel(self.name)
        key = self.make_key(scopes=["admin"], channels=[self.name])
        for body in ({"scopes": ["admin"]}, {"scopes": ["logs:read"], "channels": ["other"]},
                     {"scopes": ["logs:read"], "channels": [self.name, "other"]}):
            self.assertEqual(self.status_of("POST", "/v3/keys", key, {"name": "x", **body}), 403, body)
        self.assertEqual(self.status_of("POST", "/v3/keys", key, {"name": "x", "scopes": ["logs:read"], "channels": [self.name]}),
                         201)

    def test_an_empty_list_opens_nothing(self):
        self.node.make_channel(self.name)
        key = self.make_key(scopes=["admin"], channels=[])
        self.assertEqual(self.status_of("GET", f"/v3/channels/{self.name}", key), 403)
        self.node.restart()
        self.assertEqual(self.status_of("GET", f"/v3/channels/{self.name}", key), 403)

    def test_a_channel_made_again_is_another_one(self):
        self.node.make_channel(self.name)
        key = self.make_key(scopes=["logs:read"], channels=[self.name])
        url = self.node.api("POST", "/v3/sessions", {"channel_id": self.name}, key=key).json["url"]
        path = url[url.index("/sessions/"):]
        port = self.node.port("api.listen")
        self.assertEqual(call(port, "GET", path).status, 200)
        self.node.must("DELETE", f"/v3/channels/{self.name}")
        self.node.make_channel(self.name)
        self.assertEqual(call(port, "GET", path).status, 404)
        self.assertEqual(self.status_of("GET", f"/v3/channels/{self.name}/logs", key), 403)

    def test_a_session_outlives_a_restart_and_needs_no_store(self):
        self.node.make_channel(self.name)
        url = self.node.api("POST", "/v3/sessions", {"channel_id": self.name}).json["url"]
        self.node.restart()
        self.assertEqual(call(self.node.port("api.listen"), "GET", url[url.index("/sessions/"):]).status, 200)


class StreamsTest(KeysCase):
    settings = {"api.session_ttl": "2s", "limits.sessions_per_key": 2}

    def test_deleting_the_key_ends_its_tails(self):
        self.node.make_channel(self.name)
        made = self.node.api("POST", "/v3/keys", {"name": "k", "scopes": ["logs:read"], "channels": [self.name]}).json
        tail = self.open_stream(f"/v3/channels/{self.name}/logs?tail=1", made["key"])
        self.node.must("DELETE", f"/v3/keys/{made['id']}")
        self.assertLess(self.seconds_until_closed(tail), 1.5)

    def test_deleting_the_key_ends_a_tail_that_does_not_read(self):
        token = self.node.make_channel(self.name)
        made = self.node.api("POST", "/v3/keys", {"name": "k", "scopes": ["logs:read"], "channels": [self.name]}).json
        tail = self.open_stream(f"/v3/channels/{self.name}/logs?tail=1", made["key"])
        line = b"<190>1 2024-05-06T07:08:09+00:00 host app web.1 - - " + b"x" * 8000
        for _ in range(60):  # more than the sockets between them hold
            self.node.post_logs(token, [line] * 20)
        self.assertEqual(self.open_tails(), 1)
        self.node.must("DELETE", f"/v3/keys/{made['id']}")
        began = time.monotonic()
        wait_for("the end of the tail", lambda: self.open_tails() == 0)
        self.assertLess(time.monotonic() - began, 2)
        tail.close()

    def open_tails(self):
        page = self.node.admin("/metrics").body.decode()
        return sum(int(float(line.split()[-1])) for line in page.splitlines() if line.startswith("sluice_api_tails "))

    def test_a_key_that_expires_ends_its_tail(self):
        self.node.make_channel(self.name)
        key = self.make_key(scopes=["logs:read"], channels=[self.name], expires_in="2s")
        self.assertLess(self.seconds_until_closed(self.open_stream(f"/v3/channels/{self.name}/logs?tail=1", key)), 3.5)

    def test_a_session_that_ends_ends_its_streams_and_has_a_limit(self):
        self.node.make_channel(self.name)
        key = self.make_key(scopes=["logs:read"], channels=[self.name])
        url = self.node.api("POST", "/v3/sessions", {"channel_id": self.name, "tail": True}, key=key).json["url"]
        path = url[url.index("/sessions/"):]
        streams = [self.open_stream(path) for _ in range(2)]
        refused = call(self.node.port("api.listen"), "GET", path)
        self.assertEqual(refused.status, 429)
        for stream in streams:
            self.assertLess(self.seconds_until_closed(stream), 3.5)
        self.assertEqual(call(self.node.port("api.listen"), "GET", path).status, 404)


class SharesTest(KeysCase):
    settings = {"api.max_connections": 40}

    def test_a_key_has_a_quarter_of_the_connections(self):
        self.node.make_channel(self.name)
        key = self.make_key(scopes=["logs:read"], channels=[self.name])
        tails = [self.open_stream(f"/v3/channels/{self.name}/logs?tail=1", key) for _ in range(10)]
        refused = self.node.api("GET", f"/v3/channels/{self.name}/logs", key=key)
        self.assertEqual(refused.status, 429)
        self.assertEqual(self.status_of("GET", "/v3/status"), 200)
        for tail in tails:
            tail.close()
        wait_for("room again", lambda: self.status_of("GET", f"/v3/channels/{self.name}/logs", key) == 200)


class OthersTest(KeysCase):
    def test_domains_of_others_and_shared_suffixes(self):
        self.node.must("PUT", f"/v3/apps/{self.name}-other", {"domains": ["*.shop.example.org", "x.deep.example.net"]})
        self.node.must("PUT", f"/v3/apps/{self.name}", {})
        key = self.make_key(scopes=["apps:write"], channels=[self.name])
        for domain in ("login.shop.example.org", "*.eu.shop.example.org", "*.example.net", "*.co.uk"):
            self.assertEqual(self.status_of("PUT", f"/v3/apps/{self.name}/domains/{domain}", key), 403, domain)
        self.assertEqual(self.status_of("PUT", f"/v3/apps/{self.name}/domains/*.com"), 400)
        self.assertEqual(self.status_of("PUT", f"/v3/apps/{self.name}/domains/*.mine.example.io", key), 201)

    def test_a_limited_key_pages_over_its_own_and_is_shown_its_own(self):
        for number in range(3):
            self.node.make_channel(f"{self.name}-{number}")
        own = [f"{self.name}-0", f"{self.name}-2"]
        key = self.make_key(scopes=["apps:read"], channels=own)
        first = self.node.api("GET", "/v3/channels?limit=1", key=key).json
        second = self.node.api("GET", f"/v3/channels?limit=1&cursor={first['next']}", key=key).json
        self.assertEqual([item["channel"] for item in first["items"] + second["items"]], own)
        self.assertIsNone(second["next"])
        self.assertEqual(self.status_of("GET", f"/v3/channels?limit=1&cursor={first['next']}"), 400)
        status = self.node.api("GET", "/v3/status", key=key).json
        self.assertEqual(set(status), {"limited", "nodes", "drains"})

    def test_pages_of_other_sites_are_refused(self):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            self.assertEqual(self.status_of("GET", "/v3/status", headers=headers), 403, headers)
        self.assertEqual(self.status_of("GET", "/v3/status", headers={"Origin": self.node.url()}), 200)


class CliTest(KeysCase):
    def test_keys_list_shows_the_end_and_a_wrong_key_is_told_so(self):
        self.node.make_channel(self.name)
        self.make_key(scopes=["logs:read"], channels=[self.name], expires_in="1h")
        listed = self.node.cli("keys", "list")
        self.assertRegex(listed.stdout.decode(), r"20\d\d-")
        wrong = self.node.cli("--key", "wrong", "apps", "list")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("not known", wrong.stderr.decode())

    def test_status_of_a_limited_key_does_not_call_drains_healthy(self):
        self.node.make_channel(self.name)
        key = self.make_key(scopes=["logs:read"], channels=[self.name])
        shown = self.node.cli("--key", key, "status")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("drains: not shown with this key", shown.stdout.decode())

    def test_the_key_from_a_file(self):
        path = self.folder / "key"
        path.write_text(self.node.key + "\n")
        self.assertEqual(self.node.cli("--key-file", str(path), "apps", "list").returncode, 0)


if __name__ == "__main__":
    unittest.main()
