#!/usr/bin/env python3
"""What the neighbours of an attacker notice: p99 of their requests and of their drain's deliveries.

sluiced runs on one core, all load on the other. For each attack there are two runs: one in which the attacker does its
worst, and one in which it makes as many harmless requests at the same pace; the difference of the two is what the
attack costs its neighbours, without what any load would cost them. The table shows medians of the rounds. The row
`calm` has no attacker at all: what the node and the machine do by themselves. The longest turn of a shard is read from
the histogram in /metrics, where turns are measured by the thread's CPU clock.

usage: attacks.py --programs DIR [--rounds 3] [--seconds 8] [NAME...]      names: see --help
"""
import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/storm")]

import opponents  # noqa: E402
import watchers  # noqa: E402
from attackers import ATTACKS, Attack  # noqa: E402
from node import Node  # noqa: E402
from peers import Backend  # noqa: E402

LONGEST_TURN_MS = 20


class Calm(Attack):
    """Nobody."""

    pace = 0.1

    def harmless(self):
        pass

    worst = harmless


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def keep_at_it(attack, harmless, seconds, answer):
    act = attack.harmless if harmless else attack.worst
    until = time.monotonic() + seconds
    acts = 0
    while (began := time.monotonic()) < until:
        act()
        acts += 1
        time.sleep(max(0.0, began + attack.pace - time.monotonic()))
    answer.send(acts)


class Run:
    """One node, one attacker, its two neighbours."""

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
            return self.of(node, backend, stack)

    def node(self, folder, dns):
        settings = {"process.shards": 1, "fabric.memory_budget": "64MiB"}
        if b"process.dns_servers" in (self.options.programs / "sluiced").read_bytes():
            settings["process.dns_servers"] = dns.address
        node = Node(self.options.programs, folder / "node", settings, start=False)
        plain = node.command
        node.command = lambda: ["taskset", "-c", str(self.options.cpu), *plain()]
        node.start(seconds=60)
        # Programs of other sessions on its core are not what is measured.
        with suppress(OSError):
            Path(f"/proc/{node.process.pid}/autogroup").write_text("-19")
        return node

    def of(self, node, backend, stack):
        web, receiver = (stack.enter_context(watchers.listen()) for _ in range(2))
        node.must("PUT", "/v3/apps/neighbour", {"domains": ["neighbour.test"], "backends": [
            {"name": "web.1", "address": "%s:%d" % web.getsockname()}]})
        node.make_app("attacker", [backend])
        token = node.make_token("neighbour")
        node.add_drain("syslog://%s:%d" % receiver.getsockname(), "neighbour", filter="source=app")
        attack = self.kind(node)
        attack.prepare()
        seconds = self.options.seconds
        acts, *times = self.watch(stack, seconds, (
            (keep_at_it, attack, self.harmless, seconds + 1),
            (watchers.watch_requests, node.port("router.http"), web, seconds),
            (watchers.watch_deliveries, node.port("ingress.syslog"), token, receiver, seconds)))
        requests, deliveries = (percentile(each, 0.99) * 1000 for each in times)
        return {"acts": acts or 0, "requests": requests, "deliveries": deliveries, "turn": longest_turn(node)}

    @staticmethod
    def watch(stack, seconds, works):
        running = []
        for work, *arguments in works:
            running.append(watchers.Watched(work, *arguments))
            stack.callback(running[-1].end)
            time.sleep(0.5)
        return [each.result(seconds + 90, []) for each in running]


def longest_turn(node):
    """The upper bound, in ms, of the highest bucket of the histogram that has a turn."""
    counts = {}
    page = node.admin("/metrics").body.decode()
    for bound, count in re.findall(r'sluice_shard_turn_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\S+)', page):
        counts[float(bound)] = counts.get(float(bound), 0) + float(count)
    total = max(counts.values(), default=0)
    return min((bound * 1000 for bound, count in counts.items() if count >= total), default=float("nan"))


def report(name, rounds):
    worst, harmless = ({key: statistics.median(r[side][key] for r in rounds) for key in rounds[0][0]} for side in (0, 1))
    good = worst["turn"] <= LONGEST_TURN_MS and all(worst[what] <= max(1.2 * harmless[what], harmless[what] + 2)
                                                    for what in ("requests", "deliveries"))
    cells = [f"{worst[what]:.2f}, {harmless[what]:.2f} | {worst[what] / harmless[what]:.2f}" for what in ("requests", "deliveries")]
    print(f"| {name} | {worst['acts']:.0f}/{harmless['acts']:.0f} | {cells[0]} | {cells[1]} | {worst['turn']:g} "
          f"| {'ok' if good else 'NO'} |", flush=True)
    return 0 if good else 1


def main():
    kinds = {"Calm": Calm, **ATTACKS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="attacks: " + ", ".join(kinds))
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("names", nargs="*", choices=[[], *kinds], default=[])
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.load_cpu})
    print("| Attack | acts | requests p99 ms: attack, harmless | ratio | deliveries p99 ms: attack, harmless | ratio "
          "| longest turn ms | |\n|---|---|---|---|---|---|---|---|", flush=True)
    bad = 0
    for name in options.names or kinds:
        rounds = [(Run(options, kinds[name], False).measure(), Run(options, kinds[name], True).measure())
                  for _ in range(options.rounds)]
        bad += report(name, rounds)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
