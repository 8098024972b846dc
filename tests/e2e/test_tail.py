"""Tail sessions: history, then live, as text, as server-sent events, as NDJSON."""
import json
import re
import socket
import threading
import unittest

from case import PipelineCase, wait_for
from node import call, syslog_line
from peers import Backend
from tail import Tail


class TailTest(PipelineCase):
    settings = {"api.heartbeat": "200ms"}

    def setUp(self):
        self.channel = self.channel_name()
        self.token = self.node.make_channel(self.channel)

    def post(self, *texts, proc="web.1", node=None, token=None):
        answer = (node or self.node).post_logs(token or self.token, [syslog_line(text, proc=proc) for text in texts])
        self.assertEqual(answer.status, 204)

    def session(self, **options):
        return self.node.must("POST", "/v3/sessions", {"channel_id": self.channel, **options}, expect=(201,))["url"]

    def follow(self, accept="text/plain", url=None, headers=None, **options):
        return self.using(Tail(url or self.session(tail=True, **options), accept, headers))

    def wait_for_texts(self, tail, expected):
        wait_for(f"{expected}, have {tail.texts()[-5:]}", lambda: tail.texts() == expected)

    def test_history_comes_first_then_live_lines(self):
        self.post("old 1", "old 2")
        tail = self.follow()
        self.wait_for_texts(tail, ["old 1", "old 2"])
        self.post("new 1")
        self.wait_for_texts(tail, ["old 1", "old 2", "new 1"])
        self.assertEqual(tail.lines()[0], "2024-05-06T07:08:09.123456+00:00 app[web.1]: old 1")

    def test_joining_under_load_has_no_gap_and_no_duplicate(self):
        count, stop = 3000, threading.Event()
        writer = threading.Thread(target=lambda: [self.post(*(f"n{n + k}" for k in range(10))) for n in range(0, count, 10)])
        writer.start()
        tails = []
        while writer.is_alive() and len(tails) < 20:
            tails.append(self.follow(num=1500))
            stop.wait(0.05)
        writer.join()
        for tail in tails:
            wait_for("the last line", lambda: tail.texts() and tail.texts()[-1] == f"n{count - 1}")
            numbers = [int(text[1:]) for text in tail.texts()]
            self.assertEqual(numbers, list(range(numbers[0], count)))

    def test_session_without_tail_ends_after_its_history(self):
        self.post(*(f"n{n}" for n in range(10)))
        answer = self.using(Tail(self.session(num="3")))
        self.assertTrue(answer.ended.wait(5))
        self.assertEqual(answer.texts(), ["n7", "n8", "n9"])

    def test_session_url_needs_no_key_and_unknown_ones_are_404(self):
        url = self.session()
        self.assertRegex(url, rf"^http://127\.0\.0\.1:{self.node.port('api.listen')}/sessions/[0-9A-Za-z._-]+$")
        self.assertEqual(call(self.node.port("api.listen"), "GET", "/sessions/00000000-0000-0000-0000-000000000000").status, 404)

    def test_session_on_an_unknown_channel_is_422(self):
        answer = self.node.api("POST", "/v3/sessions", {"channel_id": "no-such-channel"})
        self.assertEqual((answer.status, answer.json["error"]), (422, "channel not found"))

    def test_source_and_process_filters_hold_for_history_and_live(self):
        heroku = self.node.make_token(self.channel, "heroku")
        def everything(n):
            self.post(f"web {n}", proc="web.1")
            self.post(f"webx {n}", proc="webx.1")
            self.post(f"worker {n}", proc="worker.1")
            self.post(f"router {n}", proc="router", token=heroku)
        everything(1)
        web, app, exact = self.follow(ps="web"), self.follow(source="app"), self.follow(source="heroku", ps="router")
        language = self.follow(filter="source=app -proc=web text~^w.*er")
        everything(2)
        self.wait_for_texts(web, ["web 1", "web 2"])
        self.wait_for_texts(app, [f"{name} {n}" for n in (1, 2) for name in ("web", "webx", "worker")])
        self.wait_for_texts(exact, ["router 1", "router 2"])
        self.wait_for_texts(language, ["worker 1", "worker 2"])

    def test_events_resume_exactly_where_the_client_was(self):
        self.post(*(f"n{n}" for n in range(5)))
        url = self.session(tail=True)
        first = self.follow("text/event-stream", url)
        self.assertTrue(first.headers["content-type"].startswith("text/event-stream"), first.headers)
        wait_for("history as events", lambda: len(first.events()) == 5)
        self.assertTrue(all(event_id for event_id, _ in first.events()))
        self.assertTrue(first.events()[2][1].endswith("app[web.1]: n2"), first.events())
        first.close()
        self.post("n5", "n6")
        again = self.follow("text/event-stream", url, {"Last-Event-ID": first.events()[2][0]})
        self.post("n7")
        wait_for("what was missed", lambda: len(again.events()) >= 5)
        self.assertEqual([data.split(": ")[-1] for _, data in again.events()], [f"n{n}" for n in range(3, 8)])

    def test_events_resume_over_a_restart_and_say_how_many_ended_with_it(self):
        node = self.new_node()
        token = node.make_channel("over")
        texts = lambda tail: [data.split(": ")[-1] for _, data in tail.events() if "app[" in data]
        where = f"http://127.0.0.1:{node.port('api.listen')}/v3/channels/over/logs?tail=1"
        key = {"Authorization": f"Bearer {node.key}"}
        node.post_logs(token, [syslog_line(f"n{n}") for n in range(5)])
        first = self.using(Tail(where, "text/event-stream", key))
        wait_for("history", lambda: len(first.events()) == 5)
        ids = [event_id for event_id, _ in first.events()]
        first.close()
        self.assertEqual(node.stop(), 0)
        node.start()
        where = f"http://127.0.0.1:{node.port('api.listen')}/v3/channels/over/logs?tail=1"
        node.post_logs(token, [syslog_line("n5")])
        whole = self.using(Tail(where, "text/event-stream", {"Last-Event-ID": ids[4], **key}))
        wait_for("the next line", lambda: texts(whole) == ["n5"])
        self.assertNotIn("restarted", whole.text())
        missed = self.using(Tail(where, "text/event-stream", {"Last-Event-ID": ids[2], **key}))
        wait_for("the next line", lambda: texts(missed) == ["n5"])
        self.assertIn('{"lost":2,"reason":"restarted"}', missed.text())

    def test_text_with_newlines_is_one_event(self):
        self.post("first\nsecond\n")
        tail = self.follow("text/event-stream")
        wait_for("the event", lambda: tail.events())
        self.assertTrue(tail.events()[0][1].rstrip("\n").endswith("app[web.1]: first\nsecond"), tail.events())

    def test_silent_event_stream_has_comments(self):
        tail = self.follow("text/event-stream")
        wait_for("a comment", lambda: re.search(r"^:", tail.text(), re.M))

    def test_ndjson_is_one_object_per_line(self):
        self.post("as json")
        tail = self.follow("application/x-ndjson")
        wait_for("a line", tail.lines)
        self.assertIn("as json", json.dumps(json.loads(tail.lines()[0])))

    def test_logs_call_is_logplex_frames_unless_asked_otherwise(self):
        self.post(*(f"n{n}\n" for n in range(7)))
        answer = self.node.api("GET", f"/v3/channels/{self.channel}/logs?num=5")
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/logplex-1"))
        self.assertEqual(answer.headers["logplex-msg-count"], "5")
        expected = [f"<190>1 2024-05-06T07:08:09.123456+00:00 host app web.1 - n{n}\n" for n in range(2, 7)]
        self.assertEqual(answer.body.decode(), "".join(f"{len(line)} {line}" for line in expected))

    def test_history_is_bounded_and_num_is_exact(self):
        for start in range(0, 1600, 100):
            self.post(*(f"n{n}" for n in range(start, start + 100)))
        self.assertEqual(len(self.node.logs(self.channel, num=1500)), 1500)
        self.assertEqual([line.split(": ")[1] for line in self.node.logs(self.channel, num=2)], ["n1598", "n1599"])
        self.assertEqual(len(self.node.logs(self.channel, num="junk")), 100)

    def test_tail_that_does_not_read_is_told_how_many_it_lost(self):
        node = self.new_node(fabric__history_lines=200, fabric__memory_budget="4MiB")
        token = node.make_channel("slow")
        self.channel = "slow"
        url = node.must("POST", "/v3/sessions", {"channel_id": "slow", "tail": True})["url"]
        tail = self.using(_UnreadTail(node.port("api.listen"), url))
        count = 24_000
        for start in range(0, count, 200):
            self.post(*(f"n{n} {'x' * 800}" for n in range(start, start + 200)), node=node, token=token)
        self.post("the end", node=node, token=token)
        received = tail.read_until(b"the end")
        lost = sum(map(int, re.findall(r"Error L11 \(Tail buffer overflow\) -> This tail session dropped (\d+) messages since", received)))
        delivered = len(re.findall(r"app\[web\.1\]: n\d+ x", received))
        self.assertGreater(lost, 0)
        self.assertEqual(delivered + lost, count)

    def ask(self, path, receive_buffer=0):
        """Begins a call and reads nothing."""
        connection = self.using(socket.socket())
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", self.node.port("api.listen")))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.node.key}\r\n\r\n".encode())

    def test_a_channel_may_go_while_it_is_searched_and_tailed(self):
        dear = "%20".join(f"k{number}%3Dx" for number in range(32))
        for path, count in ((f"num=1500&filter={dear}", 1), (f"num=1500&filter={dear}", 10), ("tail=1&num=1500", 30)):
            with self.subTest(path=path, count=count):
                token = self.node.make_channel("goes")
                for _ in range(10):
                    self.node.post_logs(token, [syslog_line("x" * 9000)] * 100)
                for _ in range(count):
                    self.ask(f"/v3/channels/goes/logs?{path}", receive_buffer=4096)
                self.assertEqual(self.node.api("DELETE", "/v3/channels/goes").status, 204)
                self.assertEqual(self.node.admin("/readyz").status, 200)
                self.assertIsNone(self.node.process.poll())

    def test_router_line_and_app_line_share_the_tail(self):
        backend = self.using(Backend())
        self.node.make_app(self.channel, [backend])
        tail = self.follow()
        self.node.request(f"{self.channel}.test", "/from-the-router")
        self.post("from the app")
        wait_for("both lines", lambda: len(tail.lines()) == 2)
        self.assertEqual(len(re.findall(r'heroku\[router\]: at=info method=GET path="/from-the-router"', tail.text())), 1)
        self.assertEqual(len(re.findall(r"app\[web\.1\]: from the app", tail.text())), 1)


class _UnreadTail:
    """A tail whose client has a small receive buffer and, after the head, does not read until it is asked to."""

    def __init__(self, port, url):
        import socket
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self._socket.settimeout(15)
        self._socket.connect(("127.0.0.1", port))
        path = url.split(str(port), 1)[1]
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n".encode())
        self._head = b""
        while b"\r\n\r\n" not in self._head:  # from now on it follows
            self._head += self._socket.recv(1)

    def read_until(self, end):
        data = bytearray()
        while end not in data[-65536 - len(end):]:
            piece = self._socket.recv(65536)
            if not piece:
                break
            data += piece
        return _without_chunks(bytes(data)).decode(errors="replace")

    def close(self):
        self._socket.close()


def _without_chunks(data):
    pieces, at = [], 0
    while (end := data.find(b"\r\n", at)) > at:
        size = int(data[at:end], 16)
        pieces.append(data[end + 2:end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(pieces)


if __name__ == "__main__":
    unittest.main()
