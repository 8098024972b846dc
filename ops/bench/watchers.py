"""The neighbours of an attacker, each in a process of its own: what their requests and deliveries take.

Both ends of what is measured are in one process, which runs before everything else on its core (SCHED_FIFO): what an
attacker's own work takes from the core of the load must not look like the node's delay.
"""
import gc
import multiprocessing
import os
import select
import socket
import time
from contextlib import suppress

from frames import frame
from node import syslog_line

LOOPBACK = "127.0.0.1"
PACE = 0.01  # seconds from request to request; lines come half as often
PATIENCE = 60


def come_first():
    """True when this process now runs before all ordinary ones."""
    gc.collect()
    gc.disable()
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        return True
    with suppress(OSError):
        os.nice(-10)
    return False


def listen():
    return socket.create_server((LOOPBACK, 0), backlog=64)


def connect(port):
    connection = socket.create_connection((LOOPBACK, port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Echo:
    """The neighbour's backend: answers a request on any of its connections, within the process that asks."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"

    def __init__(self, listener):
        self._listener, self._connections = listener, []

    def request_of(self, client):
        """Sends a request through `client` and returns when its answer is there."""
        client.sendall(b"GET / HTTP/1.1\r\nHost: neighbour.test\r\n\r\n")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            ready, _, _ = select.select([client, self._listener, *self._connections], [], [], PATIENCE)
            if client in ready:
                return self._check(client)
            self._serve(ready)
        raise RuntimeError("a neighbour's request had no answer")

    def _serve(self, ready):
        for each in ready:
            if each is self._listener:
                connection, _ = each.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections.append(connection)
            elif each.recv(65536):
                each.sendall(self.ANSWER)
            else:
                self._connections.remove(each)
                each.close()

    @staticmethod
    def _check(client):
        data = b""
        while not data.endswith(b"\r\n\r\nx"):
            piece = client.recv(65536)
            data += piece
            if not piece or not data.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"a neighbour's request failed: {data!r}")


def watch_requests(port, backend, seconds, answer):
    """Seconds of each request of the neighbour's app, over one kept connection."""
    come_first()
    client, echo = connect(port), Echo(backend)
    echo.request_of(client)
    times, until = [], time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        echo.request_of(client)
        times.append(time.monotonic() - began)
        time.sleep(max(0.0, began + PACE - time.monotonic()))
    answer.send(times)


def watch_deliveries(port, token, listener, seconds, answer):
    """Seconds from a line's last byte in to its frame at the receiver."""
    come_first()
    sender = connect(port)
    listener.settimeout(PATIENCE)
    receiver, times, number, data = None, [], 0, b""
    until = time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        number += 1
        text = b"number=%09d." % number
        sender.sendall(frame(syslog_line(text, app=token)))
        if receiver is None:
            receiver, _ = listener.accept()
            receiver.settimeout(PATIENCE)
        while text not in data:
            data = data[-200:] + receiver.recv(65536)
        if number > 1:
            times.append(time.monotonic() - began)
        time.sleep(max(0.0, began + 2 * PACE - time.monotonic()))
    answer.send(times)


class Watched:
    """A function in a process of its own; result() is what it sent, or `missing` when it ended without a word."""

    def __init__(self, work, *arguments):
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=work, args=(*arguments, there), daemon=True)
        self._process.start()
        there.close()

    def result(self, seconds, missing):
        try:
            return self._here.recv() if self._here.poll(seconds) else missing
        except EOFError:
            return missing

    def end(self):
        self._process.kill()
        self._process.join()
