"""The attackers of attacks.py: what each does once, and the harmless thing that stands beside it.

Those of the first part were seen to stop a node; those of the second are of the same kinds. An attacker is a tenant or
a guest: it has the keys and tokens that it is given in prepare(), and no others.
"""
import gzip
import http.client
import json
import socket
import struct
import time
from contextlib import suppress

from node import syslog_line
from frames import frame
from peers import basic

LOOPBACK = "127.0.0.1"
EVERY_HTTP = ("router.http", "ingress.http", "api.listen")


class Attack:
    """`worst()` and `harmless()` are called in turn at the same pace, in a process of their own."""

    pace = 0.01

    def __init__(self, node):
        self.node = node

    def prepare(self):
        """Made once with the node's key: what the attacker is given."""

    def worst(self):
        raise NotImplementedError

    def harmless(self):
        self.get("/v3/healthcheck")

    def get(self, path, headers=None):
        self.call("GET", path, headers=headers)

    def call(self, method, path, body=None, headers=None, listener="api.listen"):
        connection = http.client.HTTPConnection(LOOPBACK, self.node.port(listener), timeout=3)
        with suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body, headers or {})
            connection.getresponse().read()
        connection.close()

    def put(self, path, body):
        """A change by the attacker's own key (`headers`)."""
        self.call("PUT", path, body, {**self.headers, "Content-Type": "application/json"})

    def send(self, listener, data, wait=0.5):
        """On a connection of its own; waits so long for the beginning of an answer."""
        with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port(listener)), timeout=wait) as connection:
            connection.sendall(data)
            connection.recv(65536)

    def fill(self, channel, line, count):
        token = self.node.make_channel(channel)
        for _ in range(count // 50):
            self.node.post_logs(token, [syslog_line(line)] * 50)
        return token

    def limited_key(self, channel, *scopes):
        made = self.node.must("POST", "/v3/keys", {"name": "attacker", "scopes": list(scopes), "channels": [channel]})
        return made["key"]

    def take_key(self, *scopes):
        self.headers = {"Authorization": f"Bearer {self.limited_key('attacker', *scopes)}"}


class Filters(Attack):
    """Searches a history with the dearest filters."""

    TERMS = ("text~[!-~]{0,200}x", "text~(.*a){12}", r"text~\pL{1,100}\pN", "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8")

    def prepare(self):
        self.fill("attacker", "a=1 " * 2000, 1500)
        self.take_key("logs:read")
        self.turn = 0

    def worst(self):
        self.turn += 1
        term = self.TERMS[self.turn % len(self.TERMS)]
        self.get(f"/v3/channels/attacker/logs?num=10&filter={term.replace(' ', '+').replace('{', '%7B')}", self.headers)

    def harmless(self):
        self.get("/v3/channels/attacker/logs?num=10", self.headers)


class DrainFilters(Attack):
    """A drain with a dear filter, and lines for it."""

    def prepare(self):
        self.token = self.node.make_channel("attacker")
        self.plain = self.node.make_channel("plain")
        self.node.api("POST", "/v3/channels/attacker/drains",
                      {"url": f"syslog://{LOOPBACK}:9", "filter": " ".join(["-text~(.*a){6}"] * 8)})

    def post(self, token):
        with suppress(OSError):
            self.node.post_logs(token, [syslog_line("a=1 " * 2000)] * 20)

    def worst(self):
        self.post(self.token)

    def harmless(self):
        self.post(self.plain)


class Pipelining(Attack):
    """Thousands of requests on one connection of the ingress, the API and the admin listener."""

    def worst(self):
        for listener in ("ingress.http", "api.listen"):
            self.send(listener, b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n" * 3000, wait=0.2)


class Silence(Attack):
    """A thousand connections that say nothing, opened anew all the time."""

    def prepare(self):
        self.held = []

    def worst(self):
        for listener in ("router.http", "ingress.syslog"):
            with suppress(OSError):
                self.held.append(socket.create_connection((LOOPBACK, self.node.port(listener)), timeout=1))
        while len(self.held) > 400:
            self.held.pop(0).close()


class HalfHeads(Attack):
    """Heads of a hundred kilobytes that never end."""

    def prepare(self):
        self.held = []

    def worst(self):
        with suppress(OSError):
            connection = socket.create_connection((LOOPBACK, self.node.port("router.http")), timeout=1)
            self.held.append(connection)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 7000)
                                                                          for n in range(14)))
        while len(self.held) > 300:
            self.held.pop(0).close()


class TinyChunks(Attack):
    """A body of one-byte chunks through the router."""

    HEAD = b"POST /echo HTTP/1.1\r\nHost: attacker.test\r\n"

    def worst(self):
        self.send("router.http", self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 40000 + b"0\r\n\r\n")

    def harmless(self):
        self.send("router.http", self.HEAD + b"Content-Length: 240000\r\n\r\n" + b"a" * 240000)


class DeadNames(Attack):
    """Drains whose names nobody answers for, tested again and again."""

    pace = 0.1

    def prepare(self):
        token = self.node.make_channel("attacker")
        for number in range(6):
            self.node.api("POST", "/v3/channels/attacker/drains", {"url": f"syslog://h{number}.dead-zone.test:514"})
        self.token = token

    def worst(self):
        with suppress(OSError):
            self.node.post_logs(self.token, [syslog_line("x")])

    harmless = worst


class ManyTokens(Attack):
    """Channels with far too many tokens."""

    pace = 0.2
    BODY = json.dumps({"tokens": [f"token-{n}" for n in range(30000)]})

    def prepare(self):
        self.node.make_channel("attacker")
        self.take_key("apps:write")

    def worst(self):
        self.put("/v3/channels/attacker", self.BODY)

    def harmless(self):
        self.put("/v3/channels/attacker", '{"tokens": ["app"]}')


class Garbage(Attack):
    """Frames that are none, and tiny ones."""

    def worst(self):
        with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port("ingress.syslog")), timeout=1) as sender:
            sender.sendall(b"1 x" * 100000)


# --- siblings


class ManyPipelines(Attack):
    """Pipelining on fifty connections at once, on every listener that speaks HTTP."""

    pace = 0.05

    def worst(self):
        flood = b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n" * 200
        with suppress(OSError):
            together = [socket.create_connection((LOOPBACK, self.node.port(EVERY_HTTP[n % 3])), timeout=0.2) for n in range(50)]
            for connection in together:
                connection.sendall(flood)
            for connection in together:
                connection.recv(1 << 20)
                connection.close()


class Stampede(Attack):
    """A thousand kept connections that send a request in the same moment."""

    pace = 0.5

    def prepare(self):
        self.held = []

    def worst(self):
        with suppress(OSError):
            while len(self.held) < 1000:
                self.held.append(socket.create_connection((LOOPBACK, self.node.port(EVERY_HTTP[len(self.held) % 3])), timeout=1))
            for connection in self.held:
                connection.sendall(b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n")
            for connection in self.held:
                connection.recv(4096)
            return
        self.held.clear()


class Leaving(Attack):
    """Hundreds of connections that end in the same moment, half of them with a reset."""

    pace = 0.5

    def worst(self):
        with suppress(OSError):
            held = [socket.create_connection((LOOPBACK, self.node.port((*EVERY_HTTP, "ingress.syslog")[n % 4])), timeout=1)
                    for n in range(600)]
            for connection in held[::2]:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for connection in held:
                connection.close()


class Json(Attack):
    """Bodies of a megabyte with what is dear to parse: numbers, empty strings, members, depth, no end."""

    pace = 0.05
    BODIES = ("{\"tokens\":[" + "1," * 500000 + "1]}", "{\"tokens\":[" + "\"\"," * 330000 + "\"\"]}",
              "{" + "".join(f"\"{n:x}\":{{}}," for n in range(90000)) + "\"\":1}", "{\"tokens\":" + "[" * 1000000,
              "{\"tokens\":[" + ",".join(["[[[[[[[[[[[[[[]]]]]]]]]]]]]]"] * 36000) + "]}",
              "{\"name\":\"" + "\\u0041" * 170000 + "\"}", "{\"tokens\":[" + "1e9," * 250000)

    def prepare(self):
        self.node.make_channel("attacker")
        self.take_key("apps:write")
        self.turn = 0

    def worst(self):
        self.turn += 1
        self.put("/v3/channels/attacker", self.BODIES[self.turn % len(self.BODIES)])

    def harmless(self):
        self.put("/v3/channels/attacker", '{"tokens": ["app"]}')


class Changes(Attack):
    """Changes of a drain as fast as they are answered, each as large as it may be."""

    pace = 0.005

    def prepare(self):
        self.node.make_channel("attacker")
        self.take_key("drains:write", "apps:write")
        drain = self.node.add_drain(f"http://{LOOPBACK}:9/", "attacker")
        self.path = f"/v3/channels/attacker/drains/{drain['id']}"
        self.body = json.dumps({"url": f"http://{LOOPBACK}:9/", "headers": {f"X-{n}": "y" * 7000 for n in range(60)}})
        self.small = json.dumps({"url": f"http://{LOOPBACK}:9/"})

    def worst(self):
        self.put(self.path, self.body)

    def harmless(self):
        self.put(self.path, self.small)


class BodyChunks(Attack):
    """POST /logs and calls of the API in chunks of one byte."""

    def prepare(self):
        self.token = self.node.make_channel("attacker")
        lines = b"".join(frame(syslog_line("x" * 50)) for _ in range(300))
        head = (f"POST /logs HTTP/1.1\r\nHost: a\r\nAuthorization: {basic('token', self.token)}\r\n"
                "Content-Type: application/logplex-1\r\n").encode()
        self.chunked = (head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % byte for byte in lines) + b"0\r\n\r\n")
        self.whole = head + b"Content-Length: %d\r\n\r\n" % len(lines) + lines

    def worst(self):
        self.send("ingress.http", self.chunked)

    def harmless(self):
        self.send("ingress.http", self.whole)


class Bombs(Attack):
    """POST /logs with gzip bodies that become eight megabytes of nothing, of empty frames, of tiny lines."""

    pace = 0.05

    def prepare(self):
        self.token = self.node.make_channel("attacker")
        bodies = (b"\0" * 7_900_000, b"1 x" * 2_600_000, frame(syslog_line("")) * 140_000, b"0 " * 3_900_000)
        self.bodies = [gzip.compress(body) for body in bodies]
        self.small = gzip.compress(frame(syslog_line("x")))
        self.turn = 0

    def post(self, body):
        self.call("POST", "/logs", body, {"Authorization": basic("token", self.token), "Content-Encoding": "gzip",
                                          "Content-Type": "application/logplex-1"}, "ingress.http")

    def worst(self):
        self.turn += 1
        self.post(self.bodies[self.turn % len(self.bodies)])

    def harmless(self):
        self.post(self.small)


class ManyFields(Attack):
    """Heads and trailers of as many tiny fields as there is room for."""

    FIELDS = b"".join(b"a%x:\r\n" % n for n in range(1000))

    def worst(self):
        for listener in EVERY_HTTP:
            self.send(listener, b"GET / HTTP/1.1\r\nHost: attacker.test\r\n" + self.FIELDS[:7900] + b"\r\n\r\n", wait=0.1)
            self.send(listener, b"POST /echo HTTP/1.1\r\nHost: attacker.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
                      + self.FIELDS[:7900] + b"\r\n\r\n", wait=0.1)


class TinyFrames(Attack):
    """TCP syslog with a token, in the smallest lines, a newline behind each or none at all."""

    pace = 0.02

    def prepare(self):
        token = self.node.make_channel("attacker").encode()
        small = b"<0>1 - - " + token + b" - - -"
        self.flood = frame(small) * 3000 + (small + b"\n") * 3000
        self.one = frame(syslog_line("x", app=token.decode()))

    def worst(self):
        self.write(self.flood)

    def harmless(self):
        self.write(self.one)

    def write(self, data):
        with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port("ingress.syslog")), timeout=1) as sender:
            sender.sendall(data)


class DeafTails(Attack):
    """Tails that read nothing while their channel is written to."""

    pace = 0.02

    def prepare(self):
        self.token = self.node.make_channel("attacker")
        self.take_key("logs:read")
        self.held = []

    def worst(self):
        self.post([syslog_line("a=1 " * 2000)] * 20)
        with suppress(OSError):
            tail = socket.create_connection((LOOPBACK, self.node.port("api.listen")), timeout=1)
            tail.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            tail.sendall(f"GET /v3/channels/attacker/logs?tail=1&num=1500 HTTP/1.1\r\nHost: a\r\n"
                         f"Authorization: {self.headers['Authorization']}\r\n\r\n".encode())
            self.held.append(tail)
        while len(self.held) > 100:
            self.held.pop(0).close()

    def harmless(self):
        self.post([syslog_line("x")])

    def post(self, lines):
        with suppress(OSError):
            self.node.post_logs(self.token, lines)


class Lists(Attack):
    """Pages of a thousand, the status and the API's own description."""

    PATHS = ("/v3/channels?limit=1000", "/v3/status", "/v3/openapi.json", "/v3/channels/attacker/tokens?limit=1000",
             "/v3/apps?limit=1000")

    def prepare(self):
        self.node.must("PUT", "/v3/channels/attacker", {"tokens": [f"token-{n}" for n in range(900)]})
        for number in range(1000):
            self.node.make_app(f"app-{number}")
        self.headers = {"Authorization": f"Bearer {self.node.key}"}
        self.turn = 0

    def worst(self):
        self.turn += 1
        self.get(self.PATHS[self.turn % len(self.PATHS)], self.headers)

    def harmless(self):
        self.get("/v3/channels?limit=1", self.headers)


# Every kind, in the order of this file.
ATTACKS = {kind.__name__: kind for kind in Attack.__subclasses__()}
