"""Ends of the pipeline that are not Sluice: a backend, an HTTP(S) receiver, a syslog receiver, certificates.

Each listens on a free loopback port, runs on threads of its own, and keeps what it got. `close()` stops it.
"""
import base64
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from frames import parse_line, split_frames


# How much longer than on an idle machine something may take: builds with sanitizers set it higher.
PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "3"))


def wait_for(what, predicate, seconds=10.0):
    """Polls until predicate() is true and returns its value; says what never came. `what`: words, or what makes them."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(0.01)


class Certificates:
    """A certificate authority and server certificates, made with the openssl program in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                      "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")

    def server(self, name="server", san="IP:127.0.0.1,DNS:localhost", usage="serverAuth"):
        """(certificate file, key file) for a server with these names, signed by the authority."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={san}\nextendedKeyUsage={usage}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "30", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def server_context(self, name="server", san="IP:127.0.0.1,DNS:localhost"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server(name, san))
        return context

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")


_kept_ports = []


def free_port():
    """A loopback port where nobody listens. Until this process ends, the kernel gives it to no listener and to no connection
    that asks for any port; who asks for this one, with SO_REUSEADDR as servers do, can listen there, also again later."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    _kept_ports.append(kept)
    return kept.getsockname()[1]


class RawServer:
    """Listens on a free loopback port and gives each connection to `serve()`, on a thread of its own."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        raise NotImplementedError


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a peer that goes away in the middle is part of the tests


class HttpPeer:
    """An HTTP/1.1 server on a free port; what it answers is up to the handler class."""

    def __init__(self, handler, tls=None, port=0):
        self._server = _QuietServer(("127.0.0.1", port), handler)
        self._server.peer = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _PeerHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._read_chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _read_chunk(self):
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if "Content-Length" not in dict(headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _BackendHandler(_PeerHandler):
    def do_GET(self):
        body = self.read_body()
        self.server.peer.seen.append((self.command, self.path, dict(self.headers), body))
        path, _, query = self.path.partition("?")
        if path == "/echo":
            return self.answer(200, body or query.encode())
        if path == "/headers":
            return self.answer(200, json.dumps([[n.lower(), v] for n, v in self.headers.items()]).encode())
        if path == "/chunked":
            return self._chunked([b"first ", b"second ", b"third"])
        if path == "/cut":
            return self._cut()
        if path == "/drop":
            return self._close()
        if path == "/big":
            return self.answer(200, b"x" * int(query))
        if path == "/slow":
            self.server.peer.released.wait(float(query))
        if path.startswith("/status/"):
            return self.answer(int(path.split("/")[2]), b"as you wish\n")
        return self.answer(200, f"hello from {self.server.peer.name}\n".encode())

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

    def do_HEAD(self):
        self.server.peer.seen.append((self.command, self.path, dict(self.headers), b""))
        self.answer(200, b"", [("Content-Length", "1234")])

    def _chunked(self, pieces):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces + [b""]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def _cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self._close()

    def _close(self):
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class Backend(HttpPeer):
    """An application. Paths: /echo, /headers, /chunked, /cut, /drop, /big?N, /slow?SECONDS, /status/N; others greet."""

    def __init__(self, name="web.1"):
        self.name = name
        self.seen = []
        self.released = threading.Event()
        super().__init__(_BackendHandler)

    def close(self):
        self.released.set()
        super().close()


@dataclass
class Delivery:
    """One request that an HTTP drain sent. `lines` are parsed; `headers` has lower-case names."""
    path: str
    headers: dict
    names: list
    body: bytes
    status: int
    lines: list = field(default_factory=list)


class _ReceiverHandler(_PeerHandler):
    def do_POST(self):
        body = self.read_body()
        peer = self.server.peer
        status = peer.next_status()
        frames, rest = split_frames(body)
        lines = [parse_line(frame, structured_data=False) for frame in frames]
        if rest:
            peer.errors.append(f"{len(rest)} bytes after the last frame")
        headers = {name.lower(): value for name, value in self.headers.items()}
        peer.deliveries.append(Delivery(self.path, headers, list(self.headers.keys()), body, status, lines))
        self.answer(status, b"", peer.extra_headers)


class HttpReceiver(HttpPeer):
    """What an HTTP(S) drain posts to. `statuses` are answered one after the other, then 204."""

    def __init__(self, tls=None, port=0):
        self.deliveries = []
        self.errors = []
        self.statuses = []
        self.extra_headers = []
        self._lock = threading.Lock()
        self.tls = tls
        super().__init__(_ReceiverHandler, tls, port)

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}/logs"

    def next_status(self):
        with self._lock:
            return self.statuses.pop(0) if self.statuses else 204

    def lines(self):
        """Every line of a delivery that was confirmed."""
        return [line for d in list(self.deliveries) if d.status < 300 for line in d.lines]

    def texts(self):
        return [line.text for line in self.lines()]


class SyslogReceiver:
    """What a syslog drain writes to, over TCP or TLS. `stall()` stops reading, `drop()` resets every connection."""

    def __init__(self, tls=None, port=0):
        self.tls = tls
        self.errors = []
        self.connections = 0
        self._frames = []
        self._open = []
        self._reading = threading.Event()
        self._reading.set()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'syslog+tls' if self.tls else 'syslog'}://127.0.0.1:{self.port}"

    def lines(self):
        return [parse_line(frame, structured_data=True) for frame in list(self._frames)]

    def texts(self):
        return [line.text for line in self.lines()]

    def stall(self):
        self._reading.clear()

    def resume(self):
        self._reading.set()

    def drop(self):
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        self._open = []

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self._reading.set()
        self.drop()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            self._read_frames(connection)
        except (OSError, ValueError) as error:
            self.errors.append(str(error))

    def _read_frames(self, connection):
        rest = b""
        while self._reading.wait():
            data = connection.recv(65536)
            if not data:
                return
            frames, rest = split_frames(rest + data)
            self._frames.extend(frames)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
