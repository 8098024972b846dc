"""The real programs under test: a sluiced on free ports with a data directory of its own, and calls to its API."""
import ctypes
import http.client
import json
import os
import signal
import subprocess
import urllib.parse
from pathlib import Path

from frames import frame
from peers import basic, wait_for

LISTENERS = ("router.http", "ingress.http", "ingress.syslog", "api.listen", "admin.listen")


_libc = ctypes.CDLL(None)


def end_with_parent():
    """For Popen's preexec_fn: the child is in a session of its own, so that Ctrl-C is the parent's to handle, and is
    killed when the parent dies without having stopped it."""
    os.setsid()
    pr_set_pdeathsig = 1
    _libc.prctl(pr_set_pdeathsig, signal.SIGKILL)


class Answer:
    """What a server said: status, headers with lower-case names, body."""

    def __init__(self, response, body):
        self.status = response.status
        self.reason = response.reason
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def call(port, method, path, body=None, headers=None, timeout=15.0):
    """One request on a connection of its own to a loopback port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


class Node:
    """A running sluiced. Settings are given as {"section.key": value}; the listeners are on free loopback ports."""

    def __init__(self, programs, data_dir, settings=None, start=True, log=None):
        self.programs = Path(programs)
        self.data_dir = Path(data_dir)
        self.log_path = Path(log) if log else self.data_dir.with_name(self.data_dir.name + ".log")
        self.settings = {name: "127.0.0.1:0" for name in LISTENERS}
        self.settings.update({"process.shards": 2, "drains.allow_cidrs": "127.0.0.0/8", "fabric.memory_budget": "64MiB"})
        self.settings.update(settings or {})
        self.arguments = []
        self.environment = {}
        self.process = None
        self.ports = {}
        self.key = ""
        if start:
            self.start()

    # --- the process

    def command(self):
        sets = [argument for name, value in self.settings.items() for argument in ("--set", f"{name}={value}")]
        return [str(self.programs / "sluiced"), "--data-dir", str(self.data_dir), *self.arguments, *sets]

    def start(self, seconds=20.0):
        ports_file = self.data_dir / "ports.json"
        ports_file.unlink(missing_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.environment}, preexec_fn=end_with_parent)
        try:
            wait_for("sluiced writes ports.json", lambda: self._died() or ports_file.exists(), seconds)
            self.ports = json.loads(ports_file.read_text())
            wait_for("sluiced is ready", lambda: self._died() or self._ready(), seconds)
        except BaseException:
            self.kill()
            raise
        self.key = (self.data_dir / "api-key").read_text().strip()

    def _died(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"sluiced ended with {self.process.returncode}: {self.log_tail()}")
        return False

    def _ready(self):
        try:
            return self.admin("/readyz").status == 200
        except OSError:
            return False

    def stop(self, seconds=30.0):
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def log_tail(self, size=2000):
        return self.log_path.read_bytes()[-size:].decode(errors="replace") if self.log_path.exists() else ""

    @property
    def sanitized(self):
        """Whether a sanitizer is built in: such programs are slow, and keep memory that they have freed."""
        return b"__asan_init" in (self.programs / "sluiced").read_bytes()

    def resident_bytes(self):
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    # --- its doors

    def port(self, name):
        return self.ports[name]

    def url(self):
        return f"http://127.0.0.1:{self.port('api.listen')}"

    def admin(self, path):
        return call(self.port("admin.listen"), "GET", path)

    def api(self, method, path, body=None, headers=None, key=None):
        """A call with the API key; a body that is not bytes goes as JSON."""
        sent = {"Authorization": f"Bearer {self.key if key is None else key}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent.update(headers or {})
        return call(self.port("api.listen"), method, path, body, sent)

    def must(self, method, path, body=None, expect=(200, 201, 204)):
        """The JSON of a call that has to work."""
        answer = self.api(method, path, body)
        if answer.status not in expect:
            raise AssertionError(f"{method} {path}: {answer}")
        return answer.json if answer.body else None

    def request(self, host, path="/", method="GET", body=None, headers=None, timeout=15.0):
        """A request through the router."""
        return call(self.port("router.http"), method, path, body, {"Host": host, **(headers or {})}, timeout)

    def post_logs(self, token, lines, headers=None, body=None):
        """POST /logs with these lines (bytes) as frames."""
        body = b"".join(frame(line) for line in lines) if body is None else body
        sent = {"Authorization": basic("token", token), "Content-Type": "application/logplex-1",
                "Logplex-Msg-Count": str(len(lines)), **(headers or {})}
        return call(self.port("ingress.http"), "POST", "/logs", body, {k: v for k, v in sent.items() if v is not None})

    # --- what tests need again and again

    def make_app(self, name, backends=(), domains=()):
        return self.must("PUT", f"/v3/apps/{name}", {
            "domains": list(domains) or [f"{name}.test"],
            "backends": [{"name": f"web.{n}", "address": b.address} for n, b in enumerate(backends, 1)]})

    def make_channel(self, name, source="app"):
        """A channel with one token, which is returned."""
        self.must("PUT", f"/v3/channels/{name}", {"tokens": [source]})
        return self.must("GET", f"/v3/channels/{name}")["tokens"][source]

    def make_token(self, channel, source="app"):
        return self.must("POST", f"/v3/channels/{channel}/tokens", {"name": source})["token"]

    def add_drain(self, url, channel=None, **options):
        where = f"/v3/channels/{channel}/drains" if channel else "/v3/drains"
        return self.must("POST", where, {"url": url, **options})

    def drain(self, drain, channel=None):
        where = f"/v3/channels/{channel}/drains" if channel else "/v3/drains"
        return self.must("GET", f"{where}/{drain['id']}")

    def logs(self, channel, **query):
        """The channel's history as lines of text."""
        path = f"/v3/channels/{channel}/logs?{urllib.parse.urlencode(query)}"
        answer = self.api("GET", path, headers={"Accept": "text/plain"})
        if answer.status != 200:
            raise AssertionError(f"GET {path}: {answer}")
        return answer.body.decode().splitlines()

    def cli(self, *arguments, stdin=None, seconds=20.0):
        """Runs sluice against this node and returns the finished process."""
        return subprocess.run([str(self.programs / "sluice"), *arguments], input=stdin, capture_output=True,
                              timeout=seconds, env=self.cli_environment())

    def cli_environment(self):
        return {**os.environ, "SLUICE_URL": self.url(), "SLUICE_API_KEY": self.key}


def syslog_line(text, proc="web.1", app="app", pri=190, time="2024-05-06T07:08:09.123456+00:00", host="host"):
    """A line as a client writes it, without frame; the text goes as it is."""
    text = text if isinstance(text, bytes) else text.encode()
    return f"<{pri}>1 {time} {host} {app} {proc} - - ".encode() + text
