#!/usr/bin/env python3
"""All attacks at once on one node: how much memory it holds, how long its turns last, and whether it stops in time.

sluiced runs on one core, all load on the other. The attacks of attacks.py run together, beside connections that make
the node hold as much as it lets them: half heads, half bodies, half response heads, parked requests, answers that
nobody reads. SIGTERM comes while they go on.

usage: siege.py --programs DIR [--seconds 20] [NAME...]      names: only these attacks
"""
import argparse
import multiprocessing
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import attacks  # finds the modules that follow
from attackers import ATTACKS, Attack
from node import Node, syslog_line
from opponents import SilentDns
from peers import Backend, basic
from frames import frame

LOOPBACK = "127.0.0.1"
MIB = 1 << 20
BUDGET, RESERVE, DEADLINE = 64 * MIB, 128 * MIB, 10
LONGEST_TURN_MS = 20
SLOWEST_MS = 500  # when a queue of connections overflows, a client tries again after a second, three, seven


class HalfHeadBackend:
    """Answers each request with a response head that does not end."""

    def __init__(self):
        self.listener = socket.create_server((LOOPBACK, 0), backlog=256)
        self.address = f"{LOOPBACK}:{self.listener.getsockname()[1]}"
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.settimeout(0.5)
            self.held.append(connection)
            with suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 7000) for n in range(140)))
            if len(self.held) > 250:
                self.held.pop(0).close()


def serve_attackers(answer):
    """The backends of the attackers' apps, in a process of their own: they are kept busy too."""
    answer.send({"attacker": Backend().address, "halfheads": HalfHeadBackend().address})
    threading.Event().wait()


class Hoard(Attack):
    """Holds connections, each with as much unfinished or unread data as the node takes; one more of each kind a turn."""

    most = 600

    def prepare(self):
        self.token = self.node.make_channel("hoard")
        self.held = []
        self.kinds = [self.half_head, self.half_log_body, self.half_api_body, self.half_body, self.to_half_heads, self.parked,
                      self.deaf]

    def worst(self):
        for kind in self.kinds:
            listener, data = kind()
            with suppress(OSError):
                connection = socket.create_connection((LOOPBACK, self.node.port(listener)), timeout=0.3)
                self.held.append(connection)
                connection.sendall(data)
        while len(self.held) > self.most:
            self.held.pop(0).close()

    def half_head(self):
        return "router.http", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 7000) for n in range(14))

    def half_log_body(self):
        head = (f"POST /logs HTTP/1.1\r\nHost: h\r\nAuthorization: {basic('token', self.token)}\r\n"
                f"Content-Type: application/logplex-1\r\nContent-Length: 8000000\r\n\r\n")
        return "ingress.http", head.encode() + frame(syslog_line("x" * 9000)) * 300

    def half_api_body(self):
        head = (f"POST /v3/keys HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.node.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        return "api.listen", head.encode() + b" " * 900_000

    def half_body(self):
        return "router.http", (b"POST /echo HTTP/1.1\r\nHost: attacker.test\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 500_000)

    def to_half_heads(self):
        return "router.http", b"GET / HTTP/1.1\r\nHost: halfheads.test\r\n\r\n"

    def parked(self):
        return "router.http", b"POST / HTTP/1.1\r\nHost: dead.test\r\nContent-Length: 100000\r\n\r\n" + b"x" * 90_000

    def deaf(self):
        head = f"GET /v3/channels/hoard/logs?tail=true&num=1500 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.node.key}\r\n\r\n"
        return "api.listen", head.encode()


# They share a channel that has room for few drains: the one that must have its own comes first.
KINDS = {"Changes": ATTACKS["Changes"], **ATTACKS, "Hoard": Hoard}


def go_first(process):
    """Gives the process's session priority over whatever else the machine does, where the kernel groups by session."""
    with suppress(OSError), open(f"/proc/{process.pid}/autogroup", "w", encoding="ascii") as group:
        group.write("-19")


def resident(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def keep_at_it(attack):
    while True:
        began = time.monotonic()
        with suppress(OSError):
            attack.worst()
        time.sleep(max(0.0, began + attack.pace - time.monotonic()))


class Siege:
    def __init__(self, options, stack):
        self.options = options
        folder = Path(tempfile.mkdtemp(prefix="sluice-siege-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        dns = SilentDns()
        stack.callback(dns.close)
        self.node = Node(options.programs, folder / "node", start=False, settings={
            "process.shards": 1, "fabric.memory_budget": BUDGET, "process.memory_reserve": RESERVE,
            "process.shutdown_deadline": f"{DEADLINE}s", "process.dns_servers": dns.address})
        plain = self.node.command
        self.node.command = lambda: ["taskset", "-c", str(options.cpu), *plain()]
        self.node.start(seconds=60)
        stack.callback(self.node.kill)
        go_first(self.node.process)
        backend = Backend()
        stack.callback(backend.close)
        self.node.make_app("neighbour", [backend])
        addresses, there = multiprocessing.Pipe()
        served = multiprocessing.Process(target=serve_attackers, args=(there,), daemon=True)
        served.start()
        stack.callback(served.kill)
        for name, address in {**addresses.recv(), "dead": f"{LOOPBACK}:9"}.items():
            self.node.must("PUT", f"/v3/apps/{name}", {"domains": [f"{name}.test"],
                                                       "backends": [{"name": "web.1", "address": address}]})
        self.attackers = [self.attacker(kind) for kind in KINDS.values() if not options.names or kind.__name__ in options.names]
        stack.callback(self.end)

    def attacker(self, kind):
        attack = kind(self.node)
        attack.prepare()
        return multiprocessing.Process(target=keep_at_it, args=(attack,), daemon=True)

    def end(self):
        for process in self.attackers:
            if process.pid:
                process.kill()
                process.join()

    def run(self):
        for process in self.attackers:
            process.start()
        os.nice(-15)
        highest, failed, asked, slowest, until = 0, 0, 0, 0, time.monotonic() + self.options.seconds
        while time.monotonic() < until:
            highest = max(highest, resident(self.node.process))
            asked += 1
            began = time.monotonic()
            try:
                failed += self.node.request("neighbour.test", "/echo?x", timeout=10).status != 200
            except OSError:
                failed += 1
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        turn = attacks.longest_turn(self.node)
        began = time.monotonic()
        status = self.node.stop(DEADLINE + 60)
        return [("resident memory, MiB", highest / MIB, (BUDGET + RESERVE) * 1.1 / MIB),
                ("longest turn, ms of CPU", turn, LONGEST_TURN_MS),
                ("a stop, s", time.monotonic() - began, DEADLINE + 1),
                ("exit status of the stop", status, 0),
                (f"failed of {asked} requests of a neighbour, each on a new connection", failed, 0),
                ("the slowest of them, ms", slowest * 1000, SLOWEST_MS)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("names", nargs="*", choices=[[], *KINDS], default=[])
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.load_cpu})
    with ExitStack() as stack:
        siege = Siege(options, stack)
        rows = siege.run()
        complaints = re.findall(r"^.*(?:a turn of a shard|Sanitizer|terminate).*$", siege.node.log_path.read_text(errors="replace"),
                                re.M)
    print("| Under all attacks at once | measured | bound | |\n|---|---|---|---|")
    for what, measured, bound in rows:
        print(f"| {what} | {measured:.4g} | {bound:.4g} | {'ok' if measured <= bound else 'NO'} |")
    for line in complaints[:5]:
        print(line)
    return 0 if all(measured <= bound for _, measured, bound in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
