"""The opponents of a storm: clients, backends, receivers and name servers that do what they should not.

An actor runs on a thread of its own until `stop()`; what it does is decided by the seed. Nothing that an opponent meets
(a refusal, a reset, a silence) is an error: the storm looks at what happens to everybody else.
"""
import random
import socket
import struct
import threading
import time
from contextlib import suppress

LOOPBACK = "127.0.0.1"


class Actor:
    """Does `step()` again and again, with a pause of at most `pause` seconds between two."""

    pause = 0.05

    def __init__(self, seed):
        self.random = random.Random(f"{type(self).__name__} {seed}")
        self.steps = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=type(self).__name__)

    def start(self):
        self._thread.start()
        return self

    def _run(self):
        while not self._stopping.wait(self.random.uniform(0, self.pause)):
            with suppress(OSError, ValueError):
                self.step()
            self.steps += 1
        self.end()

    def step(self):
        raise NotImplementedError

    def end(self):
        """Gives back what it holds."""

    @property
    def stopping(self):
        return self._stopping.is_set()

    def stop(self):
        self._stopping.set()
        self._thread.join(30)
        if self._thread.is_alive():
            raise AssertionError(f"{self._thread.name} does not end")


class Holder(Actor):
    """Opens connections, up to `most`, and closes one at random when there are so many."""

    most = 60
    listeners = ("router.http", "ingress.http", "ingress.syslog", "api.listen")

    def __init__(self, seed, node):
        super().__init__(seed)
        self.node = node
        self.held = []

    def connect(self, listener=None, receive_buffer=0):
        connection = socket.socket()
        connection.settimeout(2)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            connection.connect((LOOPBACK, self.node.port(listener or self.random.choice(self.listeners))))
        except OSError:
            connection.close()
            raise
        return connection

    def hold(self, connection):
        self.held.append(connection)
        if len(self.held) > self.most:
            self.held.pop(self.random.randrange(len(self.held))).close()

    def end(self):
        for connection in self.held:
            connection.close()
        self.held.clear()


class Silent(Holder):
    """Connects and says nothing."""

    def step(self):
        self.hold(self.connect())


class HalfHeads(Holder):
    """Sends part of a request head and then very little."""

    def step(self):
        if self.held and self.random.random() < 0.5:
            with suppress(OSError):
                self.random.choice(self.held).sendall(b"x")
            return
        connection = self.connect()
        self.hold(connection)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: steady.test\r\nX-Long: " + b"y" * self.random.randrange(8000))


class SlowBodies(Holder):
    """Announces a large body and sends it a little at a time."""

    listeners = ("router.http", "ingress.http", "api.listen")

    def step(self):
        if self.held and self.random.random() < 0.7:
            with suppress(OSError):
                self.random.choice(self.held).sendall(b"z" * self.random.randrange(1, 3000))
            return
        connection = self.connect()
        self.hold(connection)
        connection.sendall(b"POST /logs HTTP/1.1\r\nHost: steady.test\r\nContent-Type: application/logplex-1\r\n"
                           b"Content-Length: 5000000\r\n\r\n")


class Deaf(Holder):
    """Asks for much and reads nothing."""

    listeners = ("router.http", "api.listen")
    most = 20

    def step(self):
        connection = self.connect(receive_buffer=4096)
        self.hold(connection)
        connection.sendall(b"GET /big?2000000 HTTP/1.1\r\nHost: steady.test\r\n\r\n" * 4)


class Pipeliner(Holder):
    """Pipelines thousands of requests and reads some of the answers."""

    def step(self):
        request = b"GET /healthcheck HTTP/1.1\r\nHost: nobody.test\r\n\r\n" * 2000
        with self.connect(self.random.choice(("router.http", "ingress.http", "api.listen"))) as connection:
            connection.settimeout(0.5)
            with suppress(TimeoutError):
                connection.sendall(request)
                connection.recv(1 << 16)
        time.sleep(self.random.uniform(0.1, 0.4))


class Garbage(Holder):
    """Sends what no protocol knows, whole or cut, and often resets instead of closing."""

    PIECES = (b"\0\1\2\3", b"99999999999 <190>1 ", b"12 <190>1 short", b"GET / HTTP/9.9\r\n\r\n", b"<13>\n", b"5 <1\n",
              b"POST /logs HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", b"\xff" * 300,
              b"GET /v3/channels/%ff/logs?filter=%ff HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00")

    def step(self):
        with self.connect() as connection:
            for _ in range(self.random.randrange(1, 6)):
                connection.sendall(self.random.choice(self.PIECES))
            if self.random.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class HostileServer:
    """A backend or receiver that treats each connection in one of many bad ways; `seed` decides which."""

    def __init__(self, seed):
        self.random = random.Random(f"HostileServer {seed}")
        self._listener = socket.create_server((LOOPBACK, 0), backlog=64)
        self._listener.settimeout(0.2)
        self.port = self._listener.getsockname()[1]
        self.address = f"{LOOPBACK}:{self.port}"
        self._held = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True, name="HostileServer")
        self._thread.start()

    def _accept(self):
        while not self._closing.is_set():
            with suppress(OSError):
                connection, _ = self._listener.accept()
                connection.settimeout(1)
                self._treat(connection)

    def _treat(self, connection):
        way = self.random.choice((self._reset, self._hold, self._garbage, self._endless, self._early, self._well))
        try:
            way(connection)
        except OSError:
            connection.close()

    def _reset(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def _hold(self, connection):
        self._held.append(connection)
        if len(self._held) > 50:
            self._held.pop(0).close()

    def _garbage(self, connection):
        connection.recv(4096)
        connection.sendall(b"\0" * 50 + b"HTTP/1.1 2x0 \r\n\r\n")
        connection.close()

    def _endless(self, connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;x=\"\r\na\r\n" * 2000)
        self._hold(connection)

    def _early(self, connection):
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n" * 3)
        self._hold(connection)

    def _well(self, connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        connection.close()

    def close(self):
        self._closing.set()
        self._thread.join(5)
        self._listener.close()
        for connection in self._held:
            connection.close()


class SilentDns:
    """A name server that answers nothing, over UDP. Nodes that take `process.dns_servers` are sent here."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self.address = f"{LOOPBACK}:{self._socket.getsockname()[1]}"

    def close(self):
        self._socket.close()
