"""Load that keeps its rate for as long as it is wanted, each part in a process of its own:

    steady.py backend                            an HTTP backend; prints its port
    steady.py requests PORT HOST RATE            requests through a router, over connections that are kept open
    steady.py lines PORT TOKEN RATE              numbered syslog lines, octet-counted
    steady.py sink                               takes octet-counted syslog and counts it; prints its port

A line on the standard input is answered with what was counted so far, as JSON; its end is the end of the process.
"""
import json
import re
import socket
import subprocess
import sys
import threading
import time

LOOPBACK = "127.0.0.1"
TICK = 0.05
CONNECTIONS = 8
_HEAD = re.compile(rb"([1-9]\d{0,5}) ")


class Steady:
    """The other end of such a process."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen([sys.executable, "-B", __file__, *map(str, arguments)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def listening(self):
        """The port of a backend or a sink."""
        return int(self._process.stdout.readline())

    def counted(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def finish(self):
        """Ends the load, not the process, and gives the sums when all that began has ended."""
        self._process.stdin.write("finish\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


def listen():
    listener = socket.create_server((LOOPBACK, 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    return listener


def in_background(work, *arguments):
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def accept_for_ever(listener, serve):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        in_background(serve, connection)


class Backend:
    """Answers each request without body that it is sent, one at a time."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 128\r\n\r\n" + b"x" * 128

    def __init__(self):
        self.answered = 0
        in_background(accept_for_ever, listen(), self.serve)

    def serve(self, connection):
        data = b""
        while piece := connection.recv(65536):
            data += piece
            while (end := data.find(b"\r\n\r\n")) >= 0:
                data = data[end + 4:]
                connection.sendall(self.ANSWER)
                self.answered += 1

    def counted(self):
        return {"answered": self.answered}

    def finish(self):
        return self.counted()


class Paced:
    """Work in small portions at a rate. Late portions are made up for, so that the sum is what it should be."""

    def __init__(self, rate):
        self.rate = float(rate)
        self.stopped = threading.Event()
        self.threads = []

    def pace(self, rate, work):
        began, done = time.monotonic(), 0
        while not self.stopped.is_set():
            due = int((time.monotonic() - began) * rate) - done
            if due > 0:
                work(due)
                done += due
            else:
                time.sleep(TICK / 5)

    def finish(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        return self.counted()


class Requests(Paced):
    def __init__(self, port, host, rate):
        super().__init__(rate)
        self.port = int(port)
        self.request = f"GET /articles HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self.good, self.bad, self.worst, self.failures = [0] * CONNECTIONS, [0] * CONNECTIONS, [0.0] * CONNECTIONS, []
        self.sockets = [None] * CONNECTIONS
        self.threads = [in_background(self.pace, self.rate / CONNECTIONS, lambda due, n=n: self.ask(n, due))
                        for n in range(CONNECTIONS)]

    def ask(self, n, times):
        for _ in range(times):
            began = time.monotonic()
            try:
                self.exchange(n)
                self.good[n] += 1
            except OSError as error:
                self.bad[n] += 1
                self.failures.append(str(error))
                self.sockets[n] = None
            self.worst[n] = max(self.worst[n], time.monotonic() - began)

    def exchange(self, n):
        if self.sockets[n] is None:
            self.sockets[n] = socket.create_connection((LOOPBACK, self.port), timeout=30)
            self.sockets[n].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sockets[n].sendall(self.request)
        data = b""
        while not data.endswith(Backend.ANSWER[-128:]):
            piece = self.sockets[n].recv(65536)
            if not piece:
                raise OSError("closed after " + repr(data[:60]))
            data += piece
        if not data.startswith(b"HTTP/1.1 200 "):
            raise OSError(repr(data[:60]))

    def counted(self):
        return {"good": sum(self.good), "failed": sum(self.bad), "worst_ms": round(max(self.worst) * 1000, 1),
                "failures": self.failures[:5]}


class Lines(Paced):
    def __init__(self, port, token, rate):
        super().__init__(rate)
        self.socket = socket.create_connection((LOOPBACK, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = f"<190>1 2024-05-06T07:08:09.123456+00:00 host {token} web.1 - - at=info path=/articles ".encode()
        self.head += b"measure=the_work_and_not_the_wait " * 3 + b"seq="
        self.size = len(self.head) + 10
        self.sent = 0
        self.threads = [in_background(self.pace, self.rate, self.send)]

    def send(self, due):
        head = b"%d " % self.size + self.head
        self.socket.sendall(b"".join(head + b"%010d" % number for number in range(self.sent, self.sent + due)))
        self.sent += due

    def counted(self):
        return {"sent": self.sent}


class Sink:
    def __init__(self):
        self.lock = threading.Lock()
        self.messages, self.repeats, self.seen = 0, 0, bytearray()
        in_background(accept_for_ever, listen(), self.serve)

    def serve(self, connection):
        data = b""
        while piece := connection.recv(262144):
            data = self.take(data + piece)

    def take(self, data):
        """Counts the whole frames at the front and returns the rest."""
        at, numbers, messages = 0, [], 0
        while head := _HEAD.match(data, at):
            end = head.end() + int(head[1])
            if end > len(data):
                break
            messages += 1
            if (found := data.rfind(b"seq=", head.end(), end)) >= 0:
                numbers.append(int(data[found + 4:found + 14]))
            at = end
        with self.lock:
            self.messages += messages
            for number in numbers:
                self.note(number)
        return data[at:]

    def note(self, number):
        if number >= len(self.seen):
            self.seen.extend(bytes(number + 1_000_000 - len(self.seen)))
        self.repeats += self.seen[number]
        self.seen[number] = 1

    def counted(self):
        with self.lock:
            return {"messages": self.messages, "distinct": self.seen.count(1), "repeats": self.repeats}

    def finish(self):
        return self.counted()


def main(kind, *arguments):
    part = {"backend": Backend, "requests": Requests, "lines": Lines, "sink": Sink}[kind](*arguments)
    for line in sys.stdin:
        print(json.dumps(part.finish() if line.strip() == "finish" else part.counted()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
