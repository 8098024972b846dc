#!/usr/bin/env python3
"""What the neighbours of an attacker notice: p99 of their requests and of their drain's deliveries.

sluiced runs on one core, all load on the other. For each attack there are two runs: one in which the attacker does its
worst, and one in which it makes as many harmless requests at the same pace; the ratio of the two is what the attack
costs its neighbours, without what any load would cost them. The table shows medians of the rounds. The longest turn of
a shard is read from the histogram in /metrics.

usage: attacks.py --programs DIR [--rounds 3] [--seconds 8] [NAME...]      names: see --help
"""
import argparse
import http.client
import json
import multiprocessing
import os
import re
import shutil
import socket
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/storm")]

import opponents  # noqa: E402
from node import Node, syslog_line  # noqa: E402
from peers import Backend, SyslogReceiver, basic, wait_for  # noqa: E402
from frames import frame  # noqa: E402

LOOPBACK = "127.0.0.1"
VICTIM_PACE = 0.01


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


# --- the neighbour, in a process of its own


def watch_requests(port, seconds, answer):
    """Seconds of each request of the neighbour's app, over one kept connection."""
    os.nice(-10)
    connection = socket.create_connection((LOOPBACK, port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        connection.sendall(b"GET /echo?x HTTP/1.1\r\nHost: neighbour.test\r\n\r\n")
        data = b""
        while not data.endswith(b"\r\n\r\nx"):
            piece = connection.recv(65536)
            data += piece
            if not piece or not data.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"a neighbour's request failed: {data!r}")
        times.append(time.monotonic() - began)
        time.sleep(max(0.0, began + VICTIM_PACE - time.monotonic()))
    answer.send(times)


def watch_deliveries(port, token, url_port, seconds, answer):
    """Seconds from a line's last byte in to its frame at the receiver, which listens in this process."""
    os.nice(-10)
    answer.send(None)
    listener = socket.create_server((LOOPBACK, url_port))
    sender = socket.create_connection((LOOPBACK, port), timeout=60)
    sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.settimeout(60)
    receiver, times, until, number, data = None, [], time.monotonic() + seconds, 0, b""
    while time.monotonic() < until:
        number += 1
        text = b"number=%09d." % number
        began = time.monotonic()
        sender.sendall(frame(syslog_line(text, app=token)))
        if receiver is None:
            receiver, _ = listener.accept()
            receiver.settimeout(60)
        while text not in data:
            data = data[-200:] + receiver.recv(65536)
        if number > 1:
            times.append(time.monotonic() - began)
        time.sleep(max(0.0, began + 2 * VICTIM_PACE - time.monotonic()))
    answer.send(times)


def in_process(work, *arguments):
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=work, args=(*arguments, there), daemon=True)
    process.start()
    return process, here


# --- attacks: what the attacker does once, and what harmless thing stands beside it


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
        with suppress(OSError):
            self.get("/v3/healthcheck")

    def get(self, path, headers=None):
        connection = http.client.HTTPConnection(LOOPBACK, self.node.port("api.listen"), timeout=3)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", path, headers=headers or {})
            connection.getresponse().read()
        connection.close()

    def fill(self, channel, line, count):
        token = self.node.make_channel(channel)
        for _ in range(count // 50):
            self.node.post_logs(token, [syslog_line(line)] * 50)
        return token

    def limited_key(self, channel, *scopes):
        made = self.node.must("POST", "/v3/keys", {"name": "attacker", "scopes": list(scopes), "channels": [channel]})
        return made["key"]


class Filters(Attack):
    """Searches a history with the dearest filters."""

    TERMS = ("text~[!-~]{0,200}x", "text~(.*a){12}", r"text~\pL{1,100}\pN", "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8")

    def prepare(self):
        self.fill("attacker", "a=1 " * 2000, 1500)
        self.headers = {"Authorization": f"Bearer {self.limited_key('attacker', 'logs:read')}"}

    def worst(self):
        self.worst.__func__.turn = getattr(self.worst.__func__, "turn", -1) + 1
        term = self.TERMS[self.worst.__func__.turn % len(self.TERMS)]
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
            with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port(listener)), timeout=0.2) as flood:
                flood.sendall(b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n" * 3000)
                flood.recv(1 << 20)


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

    def worst(self):
        with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port("router.http")), timeout=0.5) as upload:
            upload.sendall(b"POST /echo HTTP/1.1\r\nHost: attacker.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                           + b"1\r\na\r\n" * 40000 + b"0\r\n\r\n")
            upload.recv(65536)

    def harmless(self):
        with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port("router.http")), timeout=0.5) as upload:
            upload.sendall(b"POST /echo HTTP/1.1\r\nHost: attacker.test\r\nContent-Length: 240000\r\n\r\n" + b"a" * 240000)
            upload.recv(65536)


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

    def prepare(self):
        self.body = json.dumps({"tokens": [f"token-{n}" for n in range(30000)]}).encode()
        self.small = json.dumps({"tokens": ["app"]}).encode()

    def worst(self):
        with suppress(OSError):
            self.node.api("PUT", "/v3/channels/attacker", self.body, {"Content-Type": "application/json"})

    def harmless(self):
        with suppress(OSError):
            self.node.api("PUT", "/v3/channels/attacker", self.small, {"Content-Type": "application/json"})


class Garbage(Attack):
    """Frames that are none, and tiny ones."""

    def worst(self):
        with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port("ingress.syslog")), timeout=1) as sender:
            sender.sendall(b"1 x" * 100000)


ATTACKS = {kind.__name__: kind for kind in
           (Filters, DrainFilters, Pipelining, Silence, HalfHeads, TinyChunks, DeadNames, ManyTokens, Garbage)}


def keep_at_it(attack, harmless, seconds, answer):
    act = attack.harmless if harmless else attack.worst
    until = time.monotonic() + seconds
    acts = 0
    while time.monotonic() < until:
        began = time.monotonic()
        act()
        acts += 1
        time.sleep(max(0.0, began + attack.pace - time.monotonic()))
    answer.send(acts)


# --- one run


class Run:
    def __init__(self, options, kind, harmless):
        self.options, self.kind, self.harmless = options, kind, harmless

    def measure(self):
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="sluice-attack-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            backend = Backend()
            stack.callback(backend.close)
            dns = opponents.SilentDns()
            stack.callback(dns.close)
            node = self.node(folder, dns)
            stack.callback(node.kill)
            return self.of(node, backend)

    def node(self, folder, dns):
        settings = {"process.shards": 1, "fabric.memory_budget": "64MiB"}
        if b"process.dns_servers" in (self.options.programs / "sluiced").read_bytes():
            settings["process.dns_servers"] = dns.address
        node = Node(self.options.programs, folder / "node", settings, start=False)
        plain = node.command
        node.command = lambda: ["taskset", "-c", str(self.options.cpu), *plain()]
        node.start(seconds=60)
        return node

    def of(self, node, backend):
        for name in ("neighbour", "attacker"):
            node.make_app(name, [backend])
        token = node.make_token("neighbour")
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        node.add_drain(f"syslog://{LOOPBACK}:{port}", "neighbour", filter="source=app")
        attack = self.kind(node)
        attack.prepare()
        seconds = self.options.seconds
        parts = [in_process(keep_at_it, attack, self.harmless, seconds + 1)]
        time.sleep(0.5)
        parts.append(in_process(watch_requests, node.port("router.http"), seconds))
        parts.append(in_process(watch_deliveries, node.port("ingress.syslog"), token, port, seconds))
        parts[2][1].recv()
        acts, requests, deliveries = (pipe.recv() if pipe.poll(seconds + 90) else [] for _, pipe in parts)
        for process, _ in parts:
            process.kill()
        return {"acts": acts or 0, "requests": percentile(requests, 0.99) * 1000,
                "deliveries": percentile(deliveries, 0.99) * 1000, "turn": longest_turn(node)}


def longest_turn(node):
    """The upper bound, in ms, of the highest bucket of the histogram that has a turn."""
    counts = {}
    for bound, count in re.findall(r'sluice_shard_turn_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\S+)', node.admin("/metrics").body.decode()):
        counts[float(bound)] = counts.get(float(bound), 0) + float(count)
    total = max(counts.values(), default=0)
    return min((bound * 1000 for bound, count in counts.items() if count >= total), default=float("nan"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="attacks: " + ", ".join(ATTACKS))
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("names", nargs="*", choices=[[], *ATTACKS], default=[])
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.load_cpu})
    print("| Attack | acts | requests p99 ms: attack, harmless | ratio | deliveries p99 ms: attack, harmless | ratio "
          "| longest turn ms | |\n|---|---|---|---|---|---|---|---|", flush=True)
    bad = 0
    for name in options.names or ATTACKS:
        rounds = [(Run(options, ATTACKS[name], False).measure(), Run(options, ATTACKS[name], True).measure())
                  for _ in range(options.rounds)]
        bad += report(name, rounds)
    return 1 if bad else 0


def report(name, rounds):
    worst, harmless = ({key: statistics.median(r[side][key] for r in rounds) for key in rounds[0][0]} for side in (0, 1))
    good = worst["turn"] <= 20 and all(worst[what] <= max(1.2 * harmless[what], harmless[what] + 2)
                                       for what in ("requests", "deliveries"))
    cells = [f"{worst[what]:.2f}, {harmless[what]:.2f} | {worst[what] / harmless[what]:.2f}" for what in ("requests", "deliveries")]
    print(f"| {name} | {worst['acts']:.0f}/{harmless['acts']:.0f} | {cells[0]} | {cells[1]} | {worst['turn']:g} "
          f"| {'ok' if good else 'NO'} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
