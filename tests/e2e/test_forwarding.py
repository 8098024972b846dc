"""What the router passes on, and what it does not: loops, chunk heads, fields that only a router may set, shares of
apps and backends, and how connections end."""
import json
import re
import socket
import threading
import time

from case import PipelineCase, fields_of, read_all
from peers import Backend, RawServer, wait_for


class RawBackend(RawServer):
    """Answers each connection with fixed bytes as soon as a request's head is there, and keeps what came."""

    def __init__(self, answer, wait=0.0):
        self.name = "web.1"
        self.answer = answer
        self.wait = wait
        self.seen = b""
        self.now = 0
        self.peak = 0
        self._lock = threading.Lock()
        super().__init__()

    def serve(self, connection):
        with connection:
            connection.settimeout(30)
            try:
                data = b""
                while b"\r\n\r\n" not in data and (piece := connection.recv(65536)):
                    data += piece
                    self.seen += piece
                with self._lock:
                    self.now += 1
                    self.peak = max(self.peak, self.now)
                time.sleep(self.wait)
                with self._lock:
                    self.now -= 1
                connection.sendall(self.answer)
                while piece := connection.recv(65536):
                    self.seen += piece
            except OSError:
                pass


class RawTunnel(RawBackend):
    """Switches protocols, and answers when the client has sent its end."""

    def __init__(self):
        self.got = b""
        super().__init__(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")

    def serve(self, connection):
        with connection:
            connection.settimeout(30)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            connection.sendall(self.answer)
            while piece := connection.recv(65536):
                self.got += piece
            connection.sendall(b"got: " + self.got)


HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class ForwardingTest(PipelineCase):
    settings = {"router.idle_timeout": "2s", "process.shards": "4", "limits.app_requests": "3"}

    def setUp(self):
        self.app = self.channel_name()
        self.host = f"{self.app}.test"

    def serve(self, backend):
        self.node.make_app(self.app, [self.using(backend)])
        return backend

    def exchange(self, data, **options):
        return self.raw("router.http", data.encode() if isinstance(data, str) else data, **options)

    def headers_at_the_app(self, fields):
        self.serve(Backend())
        answer = self.exchange(f"GET /headers HTTP/1.1\r\nHost: {self.host}\r\n{fields}Connection: close\r\n\r\n")
        return dict(json.loads(answer.split(b"\r\n\r\n", 1)[1]))

    def test_a_request_that_comes_back_is_508(self):
        via = self.headers_at_the_app("")["via"]
        self.assertRegex(via, r"^1\.1 sluice-[0-9a-f]{12}$")
        answer = self.exchange(f"GET / HTTP/1.1\r\nHost: {self.host}\r\nVia: 1.0 a, {via}\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 508 "), answer)
        # Lines of requests that came to different shards may change places.
        lines = map(fields_of, self.wait_for_lines(self.app, 2, ps="router"))
        line, = [line for line in lines if line["status"] == "508"]
        self.assertEqual((line["code"], line["desc"], line["cause"]), ("H26", "Request Error", "loop"))

    def test_fields_that_only_a_router_sets_cannot_be_forged(self):
        headers = self.headers_at_the_app("X_Forwarded_For: 6.6.6.6\r\nX_Forwarded_Proto: https\r\nProxy: http://x\r\n"
                                          "X_Request_Id: aaaaaaaaaaaaaaaaaaaaaaaa\r\nX.Forwarded.Port: 1\r\n"
                                          "Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Host: evil\r\n"
                                          "X_Custom: kept\r\n")
        folded = {re.sub(r"[^a-z0-9]", "_", name) for name in headers}
        self.assertEqual(len(folded), len(headers), headers)
        for name in ("proxy", "forwarded", "x-real-ip", "x-forwarded-host"):
            self.assertNotIn(name, headers)
        self.assertNotIn("6.6.6.6", json.dumps(headers))
        self.assertEqual((headers["x-forwarded-proto"], headers["x_custom"]), ("http", "kept"))

    def test_trusted_proxies_are_believed(self):
        node = self.new_node(router__trusted_proxies="127.0.0.0/8")
        backend = self.using(Backend())
        node.make_app(self.app, [backend])
        answer = self.raw("router.http", f"GET /headers HTTP/1.1\r\nHost: {self.host}\r\nX-Forwarded-Proto: https\r\n"
                          "X-Forwarded-Port: 443\r\nForwarded: for=6.6.6.6;proto=https\r\nX-Real-IP: 6.6.6.6\r\n"
                          "X-Forwarded-Host: shop\r\nX-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 7.7.7.7\r\n"
                          "Connection: close\r\n\r\n".encode(), node)
        headers = dict(json.loads(answer.split(b"\r\n\r\n", 1)[1]))
        self.assertEqual(headers["x-forwarded-proto"], "https")
        self.assertEqual(headers["x-forwarded-port"], "443")
        self.assertEqual(headers["forwarded"], "for=6.6.6.6;proto=https, for=127.0.0.1;proto=http")
        self.assertEqual(headers["x-real-ip"], "6.6.6.6")
        self.assertEqual(headers["x-forwarded-host"], "shop")
        self.assertEqual(headers["x-forwarded-for"], "6.6.6.6, 127.0.0.1")
        self.assertNotIn("x_forwarded_for", headers)

    def test_chunk_heads_are_written_anew_both_ways(self):
        backend = self.serve(RawBackend(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                        b"5 ;a=\"\r\nhello\r\n0  \r\nX-Sum: 1\r\nSet-Cookie: a\r\n\r\n"))
        answer = self.exchange(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nTransfer-Encoding: chunked\r\n"
                               "Connection: close\r\n\r\n0003;x=\"\r\nabc\r\n0;y\r\nX_Forwarded_For: 6.6.6.6\r\n"
                               "X-T: v\r\n\r\n")
        self.assertTrue(answer.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), answer)
        wait_for("the body", lambda: backend.seen.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\nX-T: v\r\n\r\n"))

    def test_absolute_form_decides(self):
        self.serve(Backend())
        answer = self.exchange(f"GET http://{self.host}:81/headers HTTP/1.2\r\nHost: elsewhere\r\n"
                               "Connection: close\r\n\r\n")
        self.assertEqual(dict(json.loads(answer.split(b"\r\n\r\n", 1)[1]))["host"], f"{self.host}:81")

    def test_no_content_has_no_framing(self):
        self.serve(RawBackend(b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"))
        answer = self.exchange(f"GET / HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 204 "), answer)
        self.assertNotIn(b"transfer-encoding", answer.lower())

    # --- shares

    def at_once(self, count):
        """The first lines of that many requests made at once."""
        answers = []
        request = f"GET / HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n"
        threads = [threading.Thread(target=lambda: answers.append(self.exchange(request, seconds=20)))
                   for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_a_hard_limit_is_never_exceeded(self):
        backend = self.using(RawBackend(HELLO, wait=1.0))
        node = self.new_node(process__shards="4")
        self.node, kept = node, self.node
        self.addCleanup(setattr, self, "node", kept)
        node.must("PUT", f"/v3/apps/{self.app}", {"domains": [self.host], "backends": [
            {"name": "web.1", "address": backend.address, "hard": 2}]})
        answers = self.at_once(16)
        self.assertEqual(backend.peak, 2)
        served = [a for a in answers if a.startswith(b"HTTP/1.1 200 ")]
        refused = [a for a in answers if a.startswith(b"HTTP/1.1 503 ")]
        self.assertEqual((len(served), len(refused)), (2, 14))
        self.assertTrue(all(b"\r\nRetry-After: 1\r\n" in a for a in refused))

    def test_an_apps_requests_are_limited(self):
        backend = self.serve(RawBackend(HELLO, wait=1.0))
        answers = self.at_once(12)
        self.assertEqual(backend.peak, 3)
        self.assertEqual(sum(a.startswith(b"HTTP/1.1 503 ") for a in answers), 9)
        self.assertIn("H11", {line.get("code") for line in map(fields_of, self.wait_for_lines(self.app, 12))})

    # --- ends of connections

    def test_half_closed_client_is_served(self):
        self.serve(Backend())
        answer = self.exchange(f"GET /slow?0.3 HTTP/1.1\r\nHost: {self.host}\r\n\r\n", half_close=True)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"hello from web.1\n"), answer)
        self.assertEqual(self.router_line(self.app)["status"], "200")

    def test_early_answer_reaches_a_client_that_reads_late(self):
        self.serve(RawBackend(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"))
        with socket.create_connection(("127.0.0.1", self.node.port("router.http")), timeout=20) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: 640000\r\n\r\n".encode())
            for _ in range(10):
                connection.sendall(b"x" * 64000)
                time.sleep(0.4)
            self.assertTrue(read_all(connection).endswith(b"no"))

    def test_an_upload_of_a_byte_now_and_then_ends(self):
        self.serve(RawBackend(HELLO, wait=60))
        with socket.create_connection(("127.0.0.1", self.node.port("router.http")), timeout=20) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: 64000\r\n\r\n".encode())
            began = time.monotonic()
            with self.assertRaises(OSError):
                while time.monotonic() - began < 60:
                    connection.sendall(b"x")
                    time.sleep(0.2)
        self.assertEqual(self.router_line(self.app)["code"], "H28")

    def test_tunnels_pass_on_the_end_of_either_side(self):
        backend = self.serve(RawTunnel())
        upgrade = f"GET / HTTP/1.1\r\nHost: {self.host}\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", self.node.port("router.http")), timeout=20) as connection:
            connection.sendall(upgrade)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            connection.sendall(b"last words")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection), b"got: last words")
        self.assertEqual(self.router_line(self.app)["status"], "101")
        self.assertEqual(backend.got, b"last words")

    # --- where backends may be

    def put_backend(self, address, key=None):
        return self.node.api("PUT", f"/v3/apps/{self.app}", {
            "domains": [self.host], "backends": [{"name": "web.1", "address": address}]}, key=key)

    def test_backends_may_not_be_where_only_we_get(self):
        for address in ("169.254.169.254:80", "[::ffff:169.254.169.254]:80", "[fd00:ec2::254]:80", "[fe80::1]:80",
                        f"127.0.0.1:{self.node.port('api.listen')}", f"127.0.0.1:{self.node.port('router.http')}",
                        f"127.0.0.1:{self.node.port('admin.listen')}", f"[::ffff:127.0.0.1]:{self.node.port('api.listen')}"):
            answer = self.put_backend(address)
            self.assertEqual(answer.status, 422, f"{address}: {answer}")
            self.assertEqual(answer.json["field"], "backends[0].address")

    def test_limited_keys_may_not_name_loopback_addresses(self):
        self.node.make_app(self.app, [])
        key = self.node.must("POST", "/v3/keys", {"name": "limited", "scopes": ["apps:write"],
                                                  "channels": [self.app]})["key"]
        backend = self.using(Backend())
        for address in (backend.address, f"localhost:{backend.port}", f"[::1]:{backend.port}"):
            self.assertEqual(self.put_backend(address, key).status, 422, address)
        self.assertEqual(self.put_backend("192.0.2.1:80", key).status, 200)
        self.assertEqual(self.put_backend(backend.address).status, 200)

    def test_own_listeners_by_name_are_refused_at_the_connect(self):
        self.assertEqual(self.put_backend(f"localhost:{self.node.port('api.listen')}").status, 422)

    # --- memory

    def test_unfinished_heads_are_bounded_and_the_largest_goes(self):
        node = self.new_node(process__memory_reserve="16MiB", process__shards="2")
        backend = self.using(Backend())
        node.make_app(self.app, [backend])
        head = f"GET /half HTTP/1.1\r\nHost: {self.host}\r\n".encode()
        clients = []
        for _ in range(60):
            client = socket.create_connection(("127.0.0.1", node.port("router.http")), timeout=20)
            self.addCleanup(client.close)
            client.sendall(head + b"X: " + b"x" * 8000 + b"\r\n" + b"".join(b"X: %s\r\n" % (b"y" * 8000) for _ in range(11)))
            clients.append(client)
        wait_for("some give up", lambda: any("status=431" in line for line in node.logs(self.app, num=1500)))
        kept = 'sluice_memory_held_bytes{class="router_heads"}'
        wait_for("as many as there is room for", lambda: any(
            line.startswith(kept) and float(line.split()[-1]) < 3 << 20
            for line in node.admin("/metrics").body.decode().splitlines()))
        self.assertEqual(node.request(self.host).status, 200)
