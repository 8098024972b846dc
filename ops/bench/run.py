#!/usr/bin/env python3
"""Runs Sluice and its peers on the same work, one after the other in each round, and prints medians, ranges and ratios.

Every round runs each system once, in an order that turns around with each round, so that a slow drift of the machine
meets all alike. A ratio is taken within a round; the table shows the median of these ratios and their range. The system
is pinned to one core and the load to the other; what counts is the system's own CPU time per unit of work.
"""
import argparse
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import line
from measure import BROWSER_HEAD, Failed, Sink, Table, Tool, pinned, wait_until, wrk
from sampling import Profile
from systems import Haproxy, Rsyslog, Sluice, SyslogNg, Work, running


@dataclass
class Goal:
    """One line of the result: a figure of `row`, `system` against `reference`, and what it should be."""
    title: str
    row: str
    system: str
    reference: str
    figure: str
    must: float
    aim: float


class Bench:
    def __init__(self, options):
        self.options = options
        self.table = Table()
        self.goals = []

    def tool(self, name, **arguments):
        return Tool(self.options.load_cpu, self.options.programs / f"load.{name}", **arguments)

    def sink(self, **arguments):
        return closing(Sink(self.options.load_cpu, self.options.programs / "load.sink", **arguments))

    def sluice(self, **arguments):
        return Sluice(arguments.pop("cpus", self.options.cpu), self.options.programs, **arguments)

    def rounds(self, systems, measure):
        for number in range(self.options.rounds):
            for system in systems if number % 2 == 0 else systems[::-1]:
                measure(system, number)

    def goal(self, *arguments):
        self.goals.append(Goal(*arguments))

    # A proxied request and its log line.

    def proxy(self):
        cases = [("proxy 128 B", "/p?q=1", 64, {}), ("proxy 16 KiB", "/16k", 64, {}),
                 ("proxy browser", "/p?q=1", 64, BROWSER_HEAD), ("proxy latency", "/p?q=1", 1, {})]
        systems = [Haproxy(self.options.cpu), self.sluice()]
        with closing(self.tool("origin")) as origin:
            port = int(origin.hear()[0])
            self.rounds(systems, lambda system, number: self._proxy_once(system, number, port, cases))
        for row, must, aim in (("proxy 128 B", 0.80, 0.68), ("proxy 16 KiB", 0.75, 0.63), ("proxy browser", 0.75, 0.63)):
            self.goal(f"{row}, CPU per request", row, "sluice", "haproxy-ring", "cpu_us", must, aim)
        self.goal("one connection, median latency", "proxy latency", "sluice", "haproxy-ring", "p50_us", 1.0, 0.9)
        self.goal("64 connections, p99", "proxy 128 B", "sluice", "haproxy-ring", "p99_us", 1.0, 0.9)

    def _proxy_once(self, system, number, origin, cases):
        with self.sink(tcp=1) as sink:
            work = Work("proxy", origin=origin, log_port=sink.ports[0])
            with running(system, work):
                wrk(self.options.load_cpu, work.port, "/warm", 64, 1)
                for row, path, connections, head in cases:
                    self._proxy_case(system, work, sink, number, row, path, connections, head)

    def _proxy_case(self, system, work, sink, number, row, path, connections, head):
        lines, account, cpu = sink.wait_until_quiet()["messages"], system.account(), system.process.cpu_seconds()
        load = wrk(self.options.load_cpu, work.port, path, connections, self.options.seconds, head)
        sink.wait_until_quiet()
        cpu = system.process.cpu_seconds() - cpu
        wait_until("the last lines are delivered", lambda: not system.account().get("pending"), 10, must=False)
        lines, said = sink.wait_until_quiet()["messages"] - lines, change(account, system.account())
        # wrk counts no answers that came after its deadline; their lines are there all the same.
        done = said.get("routed") or max(load["requests"], lines)
        self.table.add(row, system.name, number, cpu_us=cpu / done * 1e6, p50_us=load["p50_us"], p99_us=load["p99_us"],
                       requests=done, errors=load["errors"], lost=max(0, done - lines) if system.logs else 0, **losses(said),
                       memory_mb=system.process.memory() / 1e6)

    # What the log line alone costs.

    def line(self):
        line.measure(self, self.options.rounds, self.options.pairs, self.options.requests)
        line.count_instructions(self)

    # Syslog in, syslog or HTTP out.

    def pipeline(self):
        rsyslog = Rsyslog(self.options.cpu)
        self._relay("fan 1", "syslog", 1, self.options.lines, [rsyslog, self.sluice()], 0.40, 0.28)
        self._relay("fan 10", "syslog", 10, self.options.lines_fan, [rsyslog, self.sluice()], 0.22, 0.14)
        filtered = self.sluice(filters="text~seq", name="sluice")
        self._relay("fan 10 filtered", "syslog", 10, self.options.lines_fan, [rsyslog, filtered], 0.30, 0.20)
        for row in ("fan 1", "fan 10", "fan 10 filtered"):
            self.goal(f"{row}, peak memory", row, "sluice", "rsyslog", "peak_mb", 0.7, 0.5)
        syslog_ng = SyslogNg(self.options.cpu, self.options.syslog_ng)
        if not (self.options.syslog_ng and syslog_ng.does(Work("http"))):
            print("  (HTTP batches against syslog-ng: left out, its files are missing; see ops/bench/README.md)")
            return
        self._relay("HTTP batches", "http", 1, self.options.lines, [syslog_ng, self.sluice()], 0.35, 0.20)

    def trickle(self):
        self._relay("trickle", "syslog", 10, 20_000 * self.options.seconds * 3, [Rsyslog(self.options.cpu), self.sluice()],
                    0.5, 0.3, rate=20_000)

    # Every channel with ten drains of its own.

    def drains(self):
        """1,000 channels x 10 drains = 10,000 connections, all made while 100,000 lines/s come in."""
        system = self.sluice(own_drains=True, budget="256MiB", settings={"drains.max_per_channel": 10})
        self.rounds([system], self._drains_once)
        self.goal("ten drains of each channel, CPU per delivery", "drains", "sluice", "", "cpu_us", 1.0, 0.9)
        self.goal("ten drains of each channel, connections made", "drains", "sluice", "", "connects", 10_000, 10_000)

    def _drains_once(self, system, number):
        lines, fan = self.options.lines_drains, 10
        with self.sink(lines=lines, tcp=fan) as sink:
            work = Work("syslog", out_ports=sink.ports, channels=1000)
            with running(system, work):
                with closing(self.tool("feed", port=work.port, lines=lines, rate=100_000, **system.feed_options())) as feed:
                    feed.hear()
                    cpu, began = system.process.cpu_seconds(), time.monotonic()
                    feed.tell()
                    counted = sink.wait_for(lines * fan)
                    taken = time.monotonic() - began
                cpu, turns = system.process.cpu_seconds() - cpu, system.turns()
                self.table.add("drains", system.name, number, cpu_us=cpu / (lines * fan) * 1e6, lines_s=lines / taken,
                               connects=counted["accepted"], lost=lines * fan - counted["distinct"], repeats=counted["repeats"],
                               turn_ms=1000 * min(b for b, count in turns.items() if count >= max(turns.values())),
                               peak_mb=system.process.peak_memory() / 1e6, **losses(system.account()))

    def _relay(self, row, kind, fan, lines, systems, must, aim, rate=0):
        self.rounds(systems, lambda system, number: self._relay_once(system, number, row, kind, fan, lines, rate))
        self.goal(f"{row}, CPU per message", row, systems[-1].name, systems[0].name, "cpu_us", must, aim)

    def _relay_once(self, system, number, row, kind, fan, lines, rate=0):
        with self.sink(lines=lines, **{"http" if kind == "http" else "tcp": fan}) as sink:
            work = Work(kind, out_ports=sink.ports, channels=1000)
            with running(system, work):
                options = {"port": work.port, "lines": lines, "rate": rate, **system.feed_options()}
                with closing(self.tool("feed", **options)) as feed:
                    feed.hear()
                    cpu, began = system.process.cpu_seconds(), time.monotonic()
                    feed.tell()
                    counted = sink.wait_for(lines * fan)
                    taken = time.monotonic() - began
                cpu = system.process.cpu_seconds() - cpu
                said = system.account()
                self.table.add(row, system.name, number, cpu_us=cpu / lines * 1e6, lines_s=lines / taken,
                               peak_mb=system.process.peak_memory() / 1e6, lost=lines * fan - counted["distinct"], **losses(said),
                               repeats=counted["repeats"], unreadable=counted["unreadable"])

    # Memory of what is idle.

    def idle(self):
        with closing(self.tool("origin")) as origin:
            port = int(origin.hear()[0])
            systems = [(Haproxy(self.options.cpu), Work("proxy", origin=port)), (self.sluice(), Work("proxy", origin=port))]
            self.rounds(systems, lambda pair, number: self._idle_once(*pair, number, "idle connections"))
        self.rounds([self.sluice()], lambda system, number: self._idle_once(system, Work("tails"), number, "idle tails"))
        self.goal("idle client connection, bytes", "idle connections", "sluice", "haproxy-ring", "bytes_each", 0.3, 0.1)
        self.goal("idle tail session, KiB", "idle tails", "sluice", "", "kib_each", 8, 4)

    def _idle_once(self, system, work, number, row):
        with running(system, work), ExitStack() as stack:
            count = self.options.idle
            options = system.idle_options(work)
            if work.kind == "proxy":
                wrk(self.options.load_cpu, work.port, "/warm", 64, 1)  # an app's log at its full length is no connection's
            stack.enter_context(closing(self.tool("idle", count=200, **options))).hear()
            time.sleep(0.5)
            before = system.process.memory()
            opened = int(stack.enter_context(closing(self.tool("idle", count=count, **options))).hear()[0])
            time.sleep(0.5)
            each = (system.process.memory() - before) / max(opened, 1)
            self.table.add(row, system.name, number, bytes_each=each, kib_each=each / 1024, opened=opened, lost=count - opened)

    # Two shards beside one. The load shares the cores, so only CPU per unit says anything.

    def shards(self):
        both = f"{self.options.cpu},{self.options.load_cpu}"
        one = self.sluice(name="one shard")
        two = self.sluice(name="two shards", shards=2, cpus=both)
        with closing(self.tool("origin")) as origin:
            port = int(origin.hear()[0])
            cases = [("shards, requests", "/p?q=1", 64, {})]
            self.rounds([one, two], lambda system, number: self._proxy_once(system, number, port, cases))
        self.rounds([one, two], lambda system, number: self._relay_once(system, number, "shards, messages", "syslog", 1,
                                                                        self.options.lines))
        self.goal("two shards, CPU per request", "shards, requests", "two shards", "one shard", "cpu_us", 1.10, 1.05)
        self.goal("two shards, CPU per message", "shards, messages", "two shards", "one shard", "cpu_us", 1.45, 1.3)

    # The peers among themselves: what another runner of the same work must find too.

    def peers(self):
        cases = [("peers, 128 B", "/p?q=1", 64, {}), ("peers, 16 KiB", "/16k", 64, {}), ("peers, browser", "/p?q=1", 64, BROWSER_HEAD)]
        with closing(self.tool("origin")) as origin:
            port = int(origin.hear()[0])
            self.rounds([Haproxy(self.options.cpu, logs=False), Haproxy(self.options.cpu)],
                        lambda system, number: self._proxy_once(system, number, port, cases))
        for row, *_ in cases:
            self.goal(f"{row}: HAProxy with its log against without", row, "haproxy-ring", "haproxy-nolog", "cpu_us", math.inf, math.inf)
        both = [SyslogNg(self.options.cpu, self.options.syslog_ng), Rsyslog(self.options.cpu)]
        for row, fan, lines in (("peers, fan 1", 1, self.options.lines), ("peers, fan 10", 10, self.options.lines_fan)):
            self._relay(row, "syslog", fan, lines, both, math.inf, math.inf)

    # Where the time goes, of one proxied request and of one message to ten receivers.

    def profile(self):
        tables = [self._profile_proxy(), self._profile_fan()]
        print("\n" + "\n".join(tables))
        if self.options.table:
            self.options.table.with_name("profile.md").write_text("\n".join(tables))

    def _profile_proxy(self):
        with closing(self.tool("origin")) as origin, self.sink(tcp=1) as sink:
            work = Work("proxy", origin=int(origin.hear()[0]), log_port=sink.ports[0])
            with running(self.sluice(), work) as system:
                wrk(self.options.load_cpu, work.port, "/warm", 64, 1)
                cpu = system.process.cpu_seconds()
                with Profile(system.process.pid()) as profile:
                    load = wrk(self.options.load_cpu, work.port, "/p?q=1", 64, self.options.seconds * 2)
                cpu = system.process.cpu_seconds() - cpu
        return profile.table("A request of 128 B with its line", cpu / load["requests"] * 1e6)

    def _profile_fan(self):
        lines = self.options.lines_fan * 2
        with self.sink(lines=lines, tcp=10) as sink:
            work = Work("syslog", out_ports=sink.ports, channels=1000)
            with running(self.sluice(), work) as system:
                with closing(self.tool("feed", port=work.port, lines=lines, rate=0, **system.feed_options())) as feed:
                    feed.hear()
                    cpu = system.process.cpu_seconds()
                    with Profile(system.process.pid()) as profile:
                        feed.tell()
                        sink.wait_for(lines * 10)
                cpu = system.process.cpu_seconds() - cpu
        return profile.table("A message to ten receivers", cpu / lines * 1e6)

    # What came out.

    def report(self):
        """The table as Markdown, as it stands in README.md."""
        lines = [f"{date.today()}, {machine()}; `./ops/dev bench`, "
                 f"{self.options.rounds} rounds: medians of the ratios within a round and their range.", "",
                 "| Work | Sluice | peer | ratio | Must | Aim | |", "|---|---|---|---|---|---|---|"]
        lines += filter(None, [self._goal_line(goal) for goal in self.goals])
        lines += [*self._log_line_lines(), self._lost_line()]
        return "\n".join(lines) + "\n"

    def _goal_line(self, goal):
        mine = self.table.median(goal.row, goal.system, goal.figure)
        if mine is None:
            return None
        peer = self.table.median(goal.row, goal.reference, goal.figure)
        values = self.table.ratios(goal.row, goal.system, goal.reference, goal.figure) if goal.reference else \
            list(self.table.by_round(goal.row, goal.system, goal.figure).values())
        shown = f"{mine:,.2f}", "" if peer is None else f"{peer:,.2f}"
        return result_line(goal.title, *shown, values, goal.must, goal.aim)

    def _log_line_lines(self):
        own = [value for v in self.table.values for value in v.get("own_us_of_pairs", ())]
        if not own:
            return []
        value, low, high = line.median_and_confidence(own)
        told = [f"{self.table.median('log line', name, 'cpu_us'):,.2f}" for name in line.WAYS]
        lines = [f"| the log line's own part, us: with a drain minus without ({len(own)} pairs, 95 % confidence) | {told[0]} | {told[1]} "
                 f"| {value:.2f} [{low:.2f}..{high:.2f}] | 0.8 | 0.4 | {verdict(value, 0.8, 0.4)} |"]
        for row, figure, title in (("log line, counted", "instructions", "instructions of the program"),
                                   ("log line", "sends", "`sendto` a request")):
            a, b = (self.table.median(row, name, figure) for name in line.WAYS)
            if a and b:
                lines.append(f"| the same, {title} | {a:,.2f} | {b:,.2f} | {a - b:,.2f} | | | |")
        return lines

    def _lost_line(self):
        """What the receivers missed, and what the system itself gave up, as far as it says so."""
        lost = {}
        for value in self.table.values:
            counts = lost.setdefault(f"{value['system']}, {value['row']}", [0, 0])
            counts[0] += value.get("lost", 0)
            counts[1] += value.get("given_up", 0)
        lost = {name: counts for name, counts in lost.items() if any(counts)}
        ours = sum(count for name, (count, _) in lost.items() if not name.startswith(PEERS))
        told = "; ".join(f"{name}: {count:,} ({given_up:,} by its own account)" for name, (count, given_up) in lost.items())
        return f"| lines lost in all rows | {ours:,} | | {told} | 0 | 0 | {'missed' if ours else 'aim'} |"


def change(before, after):
    return {name: after[name] - before.get(name, 0) for name in after}


def losses(said):
    """Of a system's own account: lines that it gave up, and lines that it still holds."""
    return {"given_up": int(said["dropped"]), "unsent": int(said["pending"])} if said else {}


def verdict(value, must, aim):
    return "aim" if value <= aim else "must" if value <= must else "missed"


def result_line(title, mine, peer, values, must, aim):
    values = sorted(values)
    value = statistics.median(values)
    wanted = f"{must} | {aim} | {verdict(value, must, aim)}" if math.isfinite(must) else " | |"
    return f"| {title} | {mine} | {peer} | {value:.2f} [{values[0]:.2f}..{values[-1]:.2f}] | {wanted} |"


def machine():
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.M)
    return f"{os.cpu_count()} cores of {model.group(1) if model else platform.machine()}, Linux {platform.release()}"


PARTS = ("proxy", "line", "pipeline", "trickle", "idle", "shards")
PEERS = ("haproxy", "rsyslog", "syslog-ng")
ON_REQUEST = ("profile", "peers", "drains")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="ops/dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)} (default: all of them), {', '.join(ON_REQUEST)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of load per measurement of the proxy")
    parser.add_argument("--lines", type=int, default=1_000_000, help="per measurement with one receiver")
    parser.add_argument("--lines-fan", type=int, default=300_000, help="per measurement with ten receivers")
    parser.add_argument("--lines-drains", type=int, default=1_500_000, help="per measurement of `drains`")
    parser.add_argument("--idle", type=int, default=4000, help="idle connections, idle tails")
    parser.add_argument("--pairs", type=int, default=20, help="of turns in a round of `line`")
    parser.add_argument("--requests", type=int, default=12_000, help="in a turn of `line`")
    parser.add_argument("--busy", type=int, default=0, help="processes that only compute on the same cores: is anything lost then?")
    parser.add_argument("--cpu", default="0", help="core of the measured system")
    parser.add_argument("--load-cpu", default="1", help="core of the load")
    parser.add_argument("--programs", type=Path, required=True, help="folder with sluiced and the load makers")
    parser.add_argument("--syslog-ng", default="", help="folder into which syslog-ng's packages were unpacked")
    parser.add_argument("--json", type=Path, help="write every measurement into this file")
    parser.add_argument("--table", type=Path, help="write the table into this file too")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS) - set(ON_REQUEST)
    if unknown:
        parser.error(f"no part named {', '.join(sorted(unknown))}")
    return options


def main():
    options = parse(sys.argv[1:])
    bench = Bench(options)
    failures = []
    strangers = [subprocess.Popen(pinned(f"{options.cpu},{options.load_cpu}", sys.executable, "-c", "while True: pass"))
                 for _ in range(options.busy)]
    try:
        for part in options.parts or PARTS:
            print(f"{part}:", flush=True)
            try:
                getattr(bench, part)()
            except Failed as failure:  # the other parts are worth having
                failures.append(f"{part}: {failure}")
                print(f"  {failures[-1]}", flush=True)
    finally:
        for stranger in strangers:
            stranger.kill()
        if options.json:
            options.json.write_text(json.dumps(bench.table.values, indent=1) + "\n")
        if bench.table.values:
            table = bench.report()
            print("\n" + table)
            if options.table:
                options.table.write_text(table)
    if failures:
        sys.exit("bench: not everything was measured\n" + "\n".join(failures))


if __name__ == "__main__":
    main()
