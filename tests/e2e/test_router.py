"""Requests through the router, and the one line that each of them leaves."""
import json
import re
import socket
import subprocess
import unittest

from case import PipelineCase, fields_of, read_all, wait_for
from peers import Backend

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class RouterTest(PipelineCase):
    settings = {"router.first_byte_timeout": "500ms", "router.idle_timeout": "1s", "router.quarantine": "100ms"}

    def setUp(self):
        self.app = self.channel_name()
        self.host = f"{self.app}.test"
        self.backend = self.using(Backend())
        self.node.make_app(self.app, [self.backend])

    def exchange(self, data, seconds=5.0, half_close=False):
        return self.raw("router.http", data, seconds=seconds, half_close=half_close)

    def test_request_is_answered_and_leaves_one_line(self):
        answer = self.node.request(self.host, "/greet?who=me")
        self.assertEqual((answer.status, answer.body), (200, b"hello from web.1\n"))
        lines = self.wait_for_lines(self.app, 1)
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 heroku\[router\]: at=info method=GET "
                         rf'path="/greet\?who=me" host={re.escape(self.host)} request_id={UUID} fwd="127\.0\.0\.1" '
                         r"dyno=web\.1 connect=\d+ms service=\d+ms status=200 bytes=\d+ protocol=http1\.1 tls=false$")

    def test_bytes_counts_head_and_body(self):
        request = f"GET /big?5000 HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode()
        received = self.exchange(request)
        self.assertTrue(received.startswith(b"HTTP/1.1 200 "), received[:80])
        self.assertEqual(int(self.router_line(self.app)["bytes"]), len(received))

    def test_service_is_the_time_that_it_took(self):
        self.assertEqual(self.node.request(self.host, "/slow?0.2").status, 200)
        service = int(self.router_line(self.app)["service"].removesuffix("ms"))
        self.assertGreaterEqual(service, 195)
        self.assertLess(service, 2000)

    def test_connection_is_kept_for_further_requests(self):
        with socket.create_connection(("127.0.0.1", self.node.port("router.http")), timeout=5) as connection:
            stream = connection.makefile("rb")
            for number in range(3):
                connection.sendall(f"GET /echo?n{number} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
                self.assertTrue(stream.readline().startswith(b"HTTP/1.1 200"))
                length = 0
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.assertEqual(stream.read(length), f"n{number}".encode())
        self.assertEqual(len(self.wait_for_lines(self.app, 3)), 3)

    def test_pipelined_requests_are_answered_in_order(self):
        one = f"GET /echo?1 HTTP/1.1\r\nHost: {self.host}\r\n\r\n"
        two = f"GET /echo?2 HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n"
        received = self.exchange((one + two).encode())
        bodies = [part.split(b"\r\n\r\n", 1)[1] for part in received.split(b"HTTP/1.1 200 ")[1:]]
        self.assertEqual(bodies, [b"1", b"2"])

    def test_large_bodies_pass_both_ways(self):
        sent = bytes(range(256)) * 12_000
        answer = self.node.request(self.host, "/echo", "POST", sent)
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.body == sent, "the body came back changed")

    def test_chunked_request_body_arrives_whole(self):
        head = f"POST /echo HTTP/1.1\r\nHost: {self.host}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        received = self.exchange(head.encode() + b"5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n")
        self.assertTrue(received.endswith(b"\r\n\r\nhello, world"), received)

    def test_chunked_response_arrives_whole(self):
        answer = self.node.request(self.host, "/chunked")
        self.assertEqual((answer.status, answer.body), (200, b"first second third"))

    def test_head_has_no_body(self):
        received = self.exchange(f"HEAD / HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
        self.assertIn(b"1234", received)
        self.assertTrue(received.endswith(b"\r\n\r\n"), received)

    def test_backend_is_told_about_the_client(self):
        answer = self.node.request(self.host, "/headers", headers={"X-Forwarded-For": "192.0.2.7"})
        headers = dict(json.loads(answer.body))
        self.assertRegex(headers["x-forwarded-for"], r"127\.0\.0\.1$")
        self.assertEqual(headers["x-forwarded-proto"], "http")
        self.assertRegex(headers["x-forwarded-port"], r"^\d+$")
        self.assertRegex(headers["x-request-start"], r"^\d{13}$")
        self.assertEqual(headers["x-request-id"], self.router_line(self.app)["request_id"])
        self.assertEqual(headers["host"], self.host)

    def test_curl_uploads_with_expect(self):
        upload = self.folder / "upload"
        upload.write_bytes(b"curl was here " * 100_000)
        done = subprocess.run(["curl", "-sS", "--http1.1", "-H", f"Host: {self.host}", "-H", "Expect: 100-continue",
                               "--data-binary", f"@{upload}", f"http://127.0.0.1:{self.node.port('router.http')}/echo"],
                              capture_output=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue(done.stdout == upload.read_bytes(), "the body came back changed")

    def test_two_backends_share_the_requests(self):
        other = self.using(Backend("web.2"))
        self.node.make_app(self.app, [self.backend, other])
        seen = {self.node.request(self.host).body for _ in range(40)}
        self.assertEqual(seen, {b"hello from web.1\n", b"hello from web.2\n"})

    # --- what the router has to answer itself

    def error_line(self, status, code, **fields):
        line = self.router_line(self.app)
        wanted = {"at": "error", "code": code, "status": str(status), **fields}
        self.assertEqual({key: line.get(key) for key in wanted}, wanted, line)

    def test_unknown_host_is_404_and_has_its_line_in_router(self):
        answer = self.node.request("nobody-lives-here.test", "/x")
        self.assertEqual(answer.status, 404)
        wait_for("its line", lambda: [line for line in self.node.logs("_router", num=1500)
                                      if "host=nobody-lives-here.test" in line and "status=404" in line])
        self.assertEqual(self.node.logs(self.app), [])

    def test_app_without_backends_is_h14(self):
        self.node.make_app(self.app, [])
        self.assertEqual(self.node.request(self.host).status, 503)
        self.error_line(503, "H14", desc="No web processes running")

    def test_refused_connection_is_h21(self):
        self.backend.close()
        self.assertEqual(self.node.request(self.host).status, 503)
        self.error_line(503, "H21", desc="Backend connection refused", dyno="web.1")

    def test_close_without_answer_is_h13(self):
        self.assertEqual(self.node.request(self.host, "/drop", "POST", b"x").status, 503)
        self.error_line(503, "H13", desc="Connection closed without response")

    def test_close_in_the_middle_is_h18_and_ends_that_one(self):
        received = self.exchange(f"GET /cut HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        self.assertTrue(received.endswith(b"only this"), received)
        self.error_line(200, "H18", sock="backend", desc="Server Request Interrupted")
        self.assertEqual(self.node.request(self.host).status, 200)

    def test_silent_backend_is_h12(self):
        self.assertEqual(self.node.request(self.host, "/slow?5").status, 503)
        self.error_line(503, "H12", desc="Request timeout", dyno="web.1")
        service = int(self.router_line(self.app)["service"].removesuffix("ms"))
        self.assertTrue(450 <= service <= 2000, service)

    def test_client_that_goes_away_is_h27(self):
        with socket.create_connection(("127.0.0.1", self.node.port("router.http")), timeout=5) as connection:
            connection.sendall(f"GET /slow?0.4 HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
            wait_for("the request arrives", lambda: self.backend.seen)
        line = self.router_line(self.app)
        self.assertEqual((line["code"], line["status"], line["sock"], line["at"]), ("H27", "499", "client", "warning"))

    def test_ambiguous_and_invalid_requests_are_refused(self):
        host = f"Host: {self.host}\r\n"
        cases = {
            "no host": (f"GET / HTTP/1.1\r\n\r\n", 400),
            "two hosts": (f"GET / HTTP/1.1\r\n{host}{host}\r\n", 400),
            "length and chunked": (f"POST / HTTP/1.1\r\n{host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            "two lengths": (f"POST / HTTP/1.1\r\n{host}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
            "length is no number": (f"POST / HTTP/1.1\r\n{host}Content-Length: +3\r\n\r\nabc", 400),
            "space before colon": (f"GET / HTTP/1.1\r\n{host}X-Y : z\r\n\r\n", 400),
            "folded line": (f"GET / HTTP/1.1\r\n{host}X-Y: z\r\n  more\r\n\r\n", 400),
            "bare line feed": (f"GET / HTTP/1.1\n{host}\n", 400),
            "control byte": (f"GET / HTTP/1.1\r\n{host}X-Y: a\x01b\r\n\r\n", 400),
            "no request line": ("\x16\x03\x01\x02\x00\r\n\r\n", 400),
            "long request line": (f"GET /{'x' * 9000} HTTP/1.1\r\n{host}\r\n", 414),
            "version": (f"GET / HTTP/3.0\r\n{host}\r\n", 505),
        }
        for name, (request, status) in cases.items():
            with self.subTest(name):
                received = self.exchange(request.encode("latin-1"))
                self.assertRegex(received.decode("latin-1"), rf"^HTTP/1\.[01] {status} ")
        self.assertEqual(self.backend.seen, [])
        self.assertEqual(self.node.request(self.host).status, 200)

    def test_requests_that_fail_in_the_parser_have_their_line_too(self):
        before = len(self.node.logs("_router", num=1500))
        self.exchange(b"GET / HTTP/1.1\r\n\r\n")
        self.exchange(b"nonsense\r\n\r\n")
        lines = self.wait_for_lines("_router", before + 2)
        for line in lines[before:]:
            self.assertEqual(fields_of(line)["status"], "400")

    def test_path_cannot_forge_a_field(self):
        self.exchange(f'GET /a"b\\c HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n'.encode())
        lines = self.wait_for_lines(self.app, 1)
        self.assertNotIn('path="/a"b', lines[0])
        self.assertEqual(len(re.findall(r"\bstatus=", lines[0])), 1)

    def test_every_request_of_many_has_exactly_one_line(self):
        for number in range(200):
            self.node.request(self.host, f"/echo?{number}")
        lines = self.wait_for_lines(self.app, 200)
        paths = sorted(fields_of(line)["path"] for line in lines)
        self.assertEqual(paths, sorted(f"/echo?{number}" for number in range(200)))

    def test_slow_head_is_bounded(self):
        node = self.new_node(router__request_head_timeout="300ms")
        with socket.create_connection(("127.0.0.1", node.port("router.http")), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: slow.test\r\n")
            self.assertTrue(read_all(connection).startswith(b"HTTP/1.1 408 "))


if __name__ == "__main__":
    unittest.main()
