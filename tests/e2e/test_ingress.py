"""Lines that come in: POST /logs and TCP syslog."""
import gzip
import socket
import time
import unittest
import zlib

from case import PipelineCase, wait_for
from frames import frame
from node import syslog_line
from peers import HttpReceiver, basic


class HttpIngressTest(PipelineCase):
    def setUp(self):
        self.channel = self.channel_name()
        self.token = self.node.make_channel(self.channel)

    def post(self, body=b"", token=None, method="POST", **headers):
        """A bare POST /logs; header names with _ for the hyphen, None leaves a header out."""
        import node as node_module
        sent = {"Authorization": basic("token", token or self.token), "Content-Type": "application/logplex-1"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return node_module.call(self.node.port("ingress.http"), method, "/logs", body,
                                {name: value for name, value in sent.items() if value is not None})

    def test_lines_arrive_in_order_under_the_tokens_name(self):
        lines = [syslog_line(f"line {n}", app="whatever") for n in range(20)]
        answer = self.node.post_logs(self.token, lines)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(self.node.logs(self.channel),
                         [f"2024-05-06T07:08:09.123456+00:00 app[web.1]: line {n}" for n in range(20)])

    def test_read_after_the_answer_sees_the_line(self):
        for number in range(50):
            self.node.post_logs(self.token, [syslog_line(f"n{number}")])
            self.assertTrue(self.node.logs(self.channel, num=1)[0].endswith(f": n{number}"))

    def test_text_time_and_priority_reach_a_drain_byte_for_byte(self):
        receiver = self.using(HttpReceiver())
        self.node.add_drain(receiver.url, self.channel)
        texts = [b"plain", b"with newline\n", b"two\nlines\n", "caf\u00e9 \u2603".encode(), b"\x00\x01\xff\xfe", b" leading", b""]
        sent = [syslog_line(text, pri=13 + n, time=f"not-a-time-{n}") for n, text in enumerate(texts)]
        self.assertEqual(self.node.post_logs(self.token, sent).status, 204)
        wait_for("all lines", lambda: len(receiver.lines()) == len(texts))
        self.assertEqual([(line.text, line.pri, line.time) for line in receiver.lines()],
                         [(text, 13 + n, f"not-a-time-{n}") for n, text in enumerate(texts)])

    def test_gzip_and_chunked_bodies_as_log_shuttle_sends_them(self):
        """Its requests byte for byte: the order of the headers, a chunk for each frame, and with -gzip one for the head
        of the stream, one for each flush of the compressor and one for the trailer."""
        frames = [frame(f"<190>1 2026-11-23T01:51:12.87{n}080+00:00 shuttle token shuttle - - said {n}\n".encode())
                  for n in range(3)]
        packer = zlib.compressobj(wbits=31)
        packed = b"".join(map(packer.compress, frames)) + packer.flush(zlib.Z_SYNC_FLUSH)
        end = packer.flush()
        for chunks, encoding in ((frames, ""), ([packed[:10], packed[10:], end[:-8], end[-8:]], "Content-Encoding: gzip\r\n")):
            with self.subTest(encoding):
                head = (f"POST /logs HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: log-shuttle/ (go1.26.8; linux; amd64; gc)\r\n"
                        f"Transfer-Encoding: chunked\r\nAuthorization: {basic('token', self.token)}\r\n{encoding}"
                        f"Content-Type: application/logplex-1\r\nLogplex-Msg-Count: 3\r\n"
                        f"X-Request-Id: d5ae7f47-b1bb-4965-a160-0e109dea527a\r\nAccept-Encoding: gzip\r\n\r\n")
                body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
                answer = self.raw("ingress.http", head.encode() + body, half_close=True)
                self.assertTrue(answer.startswith(b"HTTP/1.1 204 "), answer)
        self.assertEqual([line.split(" ", 1)[1] for line in self.node.logs(self.channel)],
                         [f"app[shuttle]: said {n}" for n in range(3)] * 2)

    def test_answers(self):
        good = frame(syslog_line("never stored"))
        cases = {
            "method": (405, dict(method="GET")),
            "no credentials": (401, dict(Authorization=None)),
            "unknown token": (401, dict(token="t.00000000-0000-0000-0000-000000000000")),
            "not base64": (401, dict(Authorization="Basic !!!")),
            "api key": (401, dict(Authorization=f"Bearer {self.node.key}")),
            "content type": (415, dict(Content_Type="text/plain")),
            "not framed": (400, dict(body=b"just text\n")),
            "one bad among good": (400, dict(body=good + b"x" + good)),
            "ends inside a frame": (400, dict(body=good + b"50 <13>1 ")),
            "frame too long": (400, dict(body=frame(syslog_line("x" * 10300)))),
            "count mismatch": (400, dict(body=good, Logplex_Msg_Count="2")),
            "count is no number": (400, dict(body=good, Logplex_Msg_Count="two")),
            "bad gzip": (400, dict(body=good, Content_Encoding="gzip")),
        }
        for name, (status, request) in cases.items():
            with self.subTest(name):
                answer = self.post(**{"body": good, **request})
                self.assertEqual(answer.status, status, answer)
                if status == 401:
                    self.assertIn("Basic realm", answer.headers["www-authenticate"])
        self.assertEqual(self.node.logs(self.channel), [])
        self.assertEqual(self.post(b"", Logplex_Msg_Count="0").status, 204)

    def test_body_over_the_limit_is_413_also_after_gzip(self):
        node = self.new_node(ingress__body_max="64KiB")
        token = node.make_channel("big")
        lines = [syslog_line("y" * 9000) for _ in range(10)]
        self.assertEqual(node.post_logs(token, lines).status, 413)
        packed = gzip.compress(b"".join(map(frame, lines)))
        self.assertEqual(node.post_logs(token, [], {"Content-Encoding": "gzip", "Logplex-Msg-Count": None}, packed).status, 413)
        self.assertEqual(node.logs("big"), [])

    def test_deleted_token_no_longer_writes(self):
        extra = self.node.make_token(self.channel, "worker")
        self.assertEqual(self.node.post_logs(extra, [syslog_line("in time")]).status, 204)
        listed = self.node.must("GET", f"/v3/channels/{self.channel}/tokens")["items"]
        chosen = next(item for item in listed if item["name"] == "worker")
        self.node.must("DELETE", f"/v3/channels/{self.channel}/tokens/{chosen['id']}")
        self.assertEqual(self.node.post_logs(extra, [syslog_line("too late")]).status, 401)
        self.assertEqual(self.node.logs(self.channel), ["2024-05-06T07:08:09.123456+00:00 worker[web.1]: in time"])

    def test_healthcheck_needs_no_token(self):
        import node as node_module
        answer = node_module.call(self.node.port("ingress.http"), "GET", "/healthcheck")
        self.assertEqual((answer.status, answer.body.strip()), (200, b"OK"))


class SyslogIngressTest(PipelineCase):
    def setUp(self):
        self.channel = self.channel_name()
        self.token = self.node.make_channel(self.channel)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.node.port("ingress.syslog")), timeout=5)
        self.addCleanup(connection.close)
        return connection

    def line(self, text, token=None):
        return frame(syslog_line(text, app=token or self.token))

    def texts(self):
        return [line.split("]: ", 1)[1] for line in self.node.logs(self.channel, num=1500)]

    def wait_for_texts(self, expected):
        wait_for(f"{expected} in {self.channel}", lambda: self.texts() == expected)

    def test_frames_arrive_under_the_tokens_name(self):
        self.connect().sendall(b"".join(self.line(f"line {n}") for n in range(100)))
        self.wait_for_texts([f"line {n}" for n in range(100)])
        self.assertNotIn(self.token, "".join(self.node.logs(self.channel)))

    def test_splitting_at_any_byte_changes_nothing(self):
        connection = self.connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in self.line("slowly") + self.line("but surely"):
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        self.wait_for_texts(["slowly", "but surely"])

    def test_malformed_input_costs_only_itself(self):
        other = self.connect()
        other.sendall(self.line("neighbour 1"))
        self.wait_for_texts(["neighbour 1"])
        self.connect().sendall(b"no frame at all\n" + self.line("after a bad line") + b"99999 too long\r\n" + self.line("last"))
        self.wait_for_texts(["neighbour 1", "after a bad line", "last"])
        other.sendall(self.line("neighbour 2"))
        self.wait_for_texts(["neighbour 1", "after a bad line", "last", "neighbour 2"])

    def test_unknown_tokens_are_dropped_one_by_one(self):
        unknown = self.line("nobody's", token="t.00000000-0000-0000-0000-000000000000")
        self.connect().sendall(self.line("one") + unknown + self.line("no token", token="app") + self.line("two"))
        self.wait_for_texts(["one", "two"])

    def test_garbage_without_end_is_bounded(self):
        connection = self.connect()
        try:
            for _ in range(200):
                connection.sendall(b"z" * 65536)
        except (ConnectionError, TimeoutError):
            pass
        self.connect().sendall(self.line("still here"))
        self.wait_for_texts(["still here"])


if __name__ == "__main__":
    unittest.main()
