"""Sluice and its peers: how each is started for a kind of work, with the configuration that does that work cheapest.

A system has `name`, `does(work)`, and `start(work)`, which returns once it serves on `work.port`. Work is the same when:
  proxy   HTTP/1.1 keep-alive on both sides; X-Request-Id, X-Forwarded-For, -Proto and -Port added; with `log_port`, one
          line per request (method, path, host, request id, client, connect and service times, status, bytes) to it
  syslog  octet-counted RFC 5424 in, every message to each of `out_ports` over TCP, its app name and text kept
  http    the same in, POST batches to `out_ports[0]`
  tails   idle sessions that follow a log
"""
import http.client
import json
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from measure import LOOPBACK, Failed, Process, accepts, free_port, wait_until


@dataclass
class Work:
    kind: str
    origin: int = 0
    log_port: int = 0
    out_ports: list = field(default_factory=list)
    channels: int = 0
    port: int = field(default_factory=free_port)


class System:
    """One run of one program in a folder of its own."""

    name = ""
    kinds = ()
    logs = True  # a line for each request that it proxies

    def __init__(self, cpus):
        self._cpus = cpus

    def does(self, work):
        return work.kind in self.kinds

    def start(self, work):
        self.folder = Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self.process = Process(self._cpus, self.command(work), self.folder / "log", env=self.environment())
        try:
            wait_until(f"{self.name} listens", lambda: accepts(work.port) or not self.process.alive())
            if not self.process.alive():
                raise Failed(f"{self.name} ended")
            self.set_up(work)
        except Exception as reason:
            log = (self.folder / "log").read_text(errors="replace")[-2000:]
            self.stop()
            raise Failed(f"{self.name} did not start ({reason}):\n{log}") from None

    def environment(self):
        return None

    def set_up(self, work):
        pass

    def feed_options(self):
        """More options for load.feed."""
        return {}

    def account(self):
        """What the system itself says about lines and requests so far; empty where it says nothing."""
        return {}

    def idle_options(self, work):
        return {"port": work.port}

    def stop(self):
        self.process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class running:
    """A system that serves this work, for as long as the `with` lasts."""

    def __init__(self, system, work):
        self._system, self._work = system, work

    def __enter__(self):
        self._system.start(self._work)
        return self._system

    def __exit__(self, *_):
        self._system.stop()


class Sluice(System):
    """`under`: words of a command that runs the program; {folder} is its folder. `settings`: more than the usual ones.
    `own_drains`: each channel has a drain to each receiver, instead of one global drain to each."""

    kinds = ("proxy", "syslog", "http", "tails")

    def __init__(self, cpus, programs, shards=1, filters="", budget="48MiB", name="sluice", settings=None, under=(),
                 own_drains=False):
        super().__init__(cpus)
        self.name, self._programs, self._shards, self._filter, self._budget = name, programs, shards, filters, budget
        self._settings, self._under, self._own_drains = settings or {}, under, own_drains

    def command(self, work):
        settings = {"process.shards": self._shards, "fabric.memory_budget": self._budget, "ingress.http": "",
                    "api.listen": f"{LOOPBACK}:0", "admin.listen": f"{LOOPBACK}:0", "drains.allow_cidrs": "127.0.0.0/8",
                    "router.http": "", "ingress.syslog": "", **self._settings}
        settings[{"proxy": "router.http", "tails": "api.listen"}.get(work.kind, "ingress.syslog")] = f"{LOOPBACK}:{work.port}"
        return [*(word.format(folder=self.folder) for word in self._under), self._programs / "sluiced", "--data-dir", self.folder / "data",
                *(word for key, value in settings.items() for word in ("--set", f"{key}={value}"))]

    def set_up(self, work):
        wait_until("sluiced writes its ports", (self.folder / "data/ports.json").exists)
        ports = json.loads((self.folder / "data/ports.json").read_text())
        self._api, self._admin = ports["api.listen"], ports["admin.listen"]
        self._key = (self.folder / "data/api-key").read_text().strip()
        if work.kind == "proxy":
            self._call("PUT", "/v3/apps/app", {"domains": ["app.test"],
                                               "backends": [{"name": "web.1", "address": f"{LOOPBACK}:{work.origin}"}]})
            if work.log_port:
                self._add_drain(f"syslog://{LOOPBACK}:{work.log_port}")
            return
        channels = ["tailed"] if work.kind == "tails" else [f"channel-{i}" for i in range(work.channels)]
        with ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(self._add_channel, channels))
        (self.folder / "names").write_text("".join(token + "\n" for token in tokens))
        if self._own_drains:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda channel: self._add_drains_of(channel, work.out_ports), channels))
            return
        for port in work.out_ports:
            self._add_drain(f"http://{LOOPBACK}:{port}/logs" if work.kind == "http" else f"syslog://{LOOPBACK}:{port}")

    def feed_options(self):
        return {"names": self.folder / "names"}

    ACCOUNT = {"routed": "sluice_router_requests_total", "offered": "sluice_drain_lines_offered_total",
               "delivered": "sluice_drain_lines_delivered_total", "dropped": "sluice_drain_lines_dropped_total",
               "refused": "sluice_fabric_lines_refused_total", "pending": "sluice_drain_pending_lines"}

    def _metrics(self):
        connection = http.client.HTTPConnection(LOOPBACK, self._admin, timeout=30)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return page

    def account(self):
        page = self._metrics()
        return {name: sum(int(float(value)) for value in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", page, re.M))
                for name, metric in self.ACCOUNT.items()}

    def idle_options(self, work):
        if work.kind != "tails":
            return {"port": work.port}
        return {"port": work.port, "path": "/v3/channels/tailed/logs?tail=1", "stream": 1,
                "header": f"Authorization: Bearer {self._key}"}

    def _add_channel(self, name):
        return self._call("PUT", f"/v3/channels/{name}", {"tokens": ["app"]})["tokens"]["app"]

    def _add_drain(self, url):
        self._call("POST", "/v3/drains", {"url": url, **({"filter": self._filter} if self._filter else {})})

    def _add_drains_of(self, channel, ports):
        for port in ports:
            self._call("POST", f"/v3/channels/{channel}/drains", {"url": f"syslog://{LOOPBACK}:{port}"})

    def turns(self):
        """The histogram of turns so far: upper bounds in seconds and how many took no longer."""
        page = self._metrics()
        return {float(bound): int(float(count))
                for bound, count in re.findall(r'^sluice_shard_turn_seconds_bucket\{.*le="([^"]+)".*\} (\S+)$', page, re.M)}

    def _call(self, method, path, body):
        connection = http.client.HTTPConnection(LOOPBACK, self._api, timeout=30)
        connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {self._key}",
                                                            "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text)


class Haproxy(System):
    """One thread, pooled connections; its log in a memory ring that is drained over TCP, its cheapest way."""

    kinds = ("proxy",)
    LOG = ("at=info method=%HM path=\"%HU\" host=%[var(txn.host)] request_id=%ID fwd=\"%ci\" dyno=%s connect=%Tc service=%Tr "
           "status=%ST bytes=%B protocol=http")

    def __init__(self, cpus, logs=True):
        super().__init__(cpus)
        self.name, self.logs = "haproxy-ring" if logs else "haproxy-nolog", logs

    def command(self, work):
        logs = self.logs and work.log_port
        ring = f"""
ring lines
  format rfc5424
  maxlen 2000
  size 4194304
  timeout connect 5s
  timeout server 10s
  server receiver {LOOPBACK}:{work.log_port} log-proto octet-count
""" if logs else ""
        (self.folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 9000
  {"log ring@lines local0 info" if logs else ""}
{ring}
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
  option http-keep-alive
  http-reuse always
frontend front
  bind {LOOPBACK}:{work.port} backlog 4096
  {"log global" if logs else ""}
  option forwardfor
  unique-id-format %{{+X}}o\\ %ci%cp%fi%fp%Ts%rt%pid
  unique-id-header X-Request-Id
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-var(txn.host) req.hdr(host)
  log-format '{self.LOG}'
  default_backend web
backend web
  server web.1 {LOOPBACK}:{work.origin} pool-max-conn 1000
""")
        return ["haproxy", "-db", "-f", self.folder / "haproxy.cfg"]


class Rsyslog(System):
    name = "rsyslog"
    kinds = ("syslog",)

    def command(self, work):
        actions = "\n".join(
            f'  action(type="omfwd" target="{LOOPBACK}" port="{port}" protocol="tcp" TCP_Framing="octet-counted" '
            f'template="RSYSLOG_SyslogProtocol23Format")' for port in work.out_ports)
        (self.folder / "rsyslog.conf").write_text(f"""
global(workDirectory="{self.folder}" maxMessageSize="16k")
module(load="imptcp" threads="1")
input(type="imptcp" address="{LOOPBACK}" port="{work.port}" ruleset="relay" supportOctetCountedFraming="on")
ruleset(name="relay" queue.type="FixedArray" queue.size="200000" queue.dequeueBatchSize="4096"
        queue.timeoutEnqueue="60000" queue.workerThreads="1") {{
{actions}
}}
""")
        return ["rsyslogd", "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid"]


class SyslogNg(System):
    """Debian cannot install it beside rsyslog, so it is unpacked into a folder (`root`) and run from there."""

    name = "syslog-ng"
    kinds = ("syslog", "http")

    def __init__(self, cpus, root):
        super().__init__(cpus)
        self._root = Path(root)

    def does(self, work):
        return super().does(work) and (self._root / "usr/sbin/syslog-ng").exists()

    def environment(self):
        return {**os.environ, "LD_LIBRARY_PATH": str(self._root / "usr/lib/syslog-ng")}

    def command(self, work):
        send = self._batches if work.kind == "http" else self._messages
        destinations, names = zip(*(send(number, port) for number, port in enumerate(work.out_ports)))
        (self.folder / "syslog-ng.conf").write_text(f"""
@version: 3.35
options {{ use-dns(no); dns-cache(no); keep-hostname(yes); chain-hostnames(no); stats-freq(0); log-msg-size(16384); threaded(yes); }};
source s {{ syslog(ip({LOOPBACK}) transport("tcp") port({work.port}) max-connections(64) log-iw-size(64000) log-fetch-limit(1000)); }};
{"".join(destinations)}
log {{ source(s); {" ".join(f"destination({name});" for name in names)} flags(flow-control); }};
""")
        modules = next(iter(sorted((self._root / "usr/lib/syslog-ng").glob("3.*"))), None)
        return [self._root / "usr/sbin/syslog-ng", "-F", "--no-caps", "-f", self.folder / "syslog-ng.conf",
                "-R", self.folder / "persist", "-c", self.folder / "control", "-p", self.folder / "pid",
                *(("--module-path", modules) if modules else ())]

    @staticmethod
    def _batches(number, port):
        return f"""
destination d{number} {{ http(url("http://{LOOPBACK}:{port}/logs") method("POST") workers(1) batch-lines(1000)
  batch-timeout(100) log-fifo-size(200000) headers("Content-Type: application/logplex-1")
  body("<${{PRI}}>1 ${{ISODATE}} ${{HOST}} ${{PROGRAM}} ${{PID}} - - ${{MESSAGE}}\\n")); }};
""", f"d{number}"

    @staticmethod
    def _messages(number, port):
        return f"""
destination d{number} {{ syslog("{LOOPBACK}" transport("tcp") port({port}) log-fifo-size(200000) flush-lines(1000)); }};
""", f"d{number}"
