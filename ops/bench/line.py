"""The log line's own part of a proxied request: what it costs with a drain minus what it costs without one.

The line is made and kept in its channel either way; without a drain it is not sent on. Two processes take turns of
fractions of a second on the same core, with the same number of requests, so that what drifts meets both; a pair of turns
gives one difference. Besides time the instructions of the program (callgrind) and its system calls (perf) are counted.
"""
import math
import re
import shutil
import signal
import statistics
import subprocess
import time
from contextlib import ExitStack, closing

from measure import Failed
from systems import Work, running

WAYS = ("with a drain", "without")
CONNECTIONS = 64
# Under callgrind everything is some fifty times slower: the drain's window too, so that as many lines share a write.
SLOWER = 50
COUNTED_REQUESTS = 6000
CALLS = {"sends": "sendto", "receives": "recvfrom", "epoll_waits": "epoll_wait"}


def median_and_confidence(values, level=0.95):
    """The median, and the values between which that of many more such values would lie (order statistics)."""
    values = sorted(values)
    count, below, k = len(values), 0.0, 0
    while k < count // 2 and (below := below + math.comb(count, k) / 2 ** count) <= (1 - level) / 2:
        k += 1
    k = max(k - 1, 0)
    return statistics.median(values), values[k], values[-1 - k]


class Pair:
    """Sluice twice, with a drain and without one, and one client that asks either."""

    def __init__(self, bench, stack, **options):
        origin = int(stack.enter_context(closing(bench.tool("origin"))).hear()[0])
        self.sink = stack.enter_context(bench.sink(tcp=1))
        self._client = stack.enter_context(closing(bench.tool("client", connections=CONNECTIONS)))
        self.systems = {}
        for name, log_port in zip(WAYS, (self.sink.ports[0], 0)):
            system, work = bench.sluice(name=name, **options), Work("proxy", origin=origin, log_port=log_port)
            stack.enter_context(running(system, work))
            self.systems[name] = system, work
            self.ask(name, 20 * CONNECTIONS)

    def ask(self, name, count):
        """So many requests, and what they left behind: the last lines are sent on within the drain's window."""
        self._client.tell(f"{self.systems[name][1].port} {count}")
        self._client.hear()

    def cpu_us(self, name, count):
        """Of each of so many requests."""
        process = self.systems[name][0].process
        before = process.cpu_nanoseconds()
        self.ask(name, count)
        time.sleep(0.03)
        return (process.cpu_nanoseconds() - before) / count / 1000


def measure(bench, rounds, pairs, requests):
    """Each round has processes of its own, for where a process lies in memory matters too."""
    for number in range(rounds):
        with ExitStack() as stack:
            pair = Pair(bench, stack)
            lines = pair.sink.counted()["messages"]
            found = {name: [] for name in pair.systems}
            for turn in range(pairs):
                for name in list(found) if turn % 2 == 0 else list(found)[::-1]:
                    found[name].append(pair.cpu_us(name, requests))
            lost = pairs * requests - (pair.sink.wait_until_quiet()["messages"] - lines)
            calls = {name: count_calls(pair, name, requests) for name in found}
        for name, figures in found.items():
            bench.table.add("log line", name, number, cpu_us=statistics.median(figures), **calls[name],
                            lost=max(lost, 0) if name == WAYS[0] else 0)
        own = [a - b for a, b in zip(*found.values())]
        median, low, high = median_and_confidence(own)
        bench.table.add("log line", "own part", number, own_us=median, low=low, high=high)
        bench.table.values[-1]["own_us_of_pairs"] = own


def count_calls(pair, name, requests):
    """System calls of a request; nothing where perf cannot count them."""
    names = ",".join(f"syscalls:sys_enter_{call}" for call in CALLS.values())
    pid = pair.systems[name][0].process.pid()
    counter = subprocess.Popen(["perf", "stat", "-x,", "-e", names, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    pair.ask(name, requests)
    time.sleep(0.03)
    counter.send_signal(signal.SIGINT)
    counted = {line.split(",")[2]: line.split(",")[0] for line in counter.communicate()[1].splitlines() if line.count(",") > 2}
    found = {figure: counted.get(f"syscalls:sys_enter_{call}", "") for figure, call in CALLS.items()}
    return {figure: int(count) / requests for figure, count in found.items() if count.isdigit()}


def count_instructions(bench):
    """Instructions of the program, the kernel's left out, of each of so many requests."""
    if not shutil.which("callgrind_control"):
        print("  (instructions: left out, callgrind is missing)")
        return
    with ExitStack() as stack:
        pair = Pair(bench, stack, under=["valgrind", "--tool=callgrind", "-q", "--callgrind-out-file={folder}/counted"],
                    settings={"drains.flush_window": f"{5 * SLOWER}ms"})
        for name in pair.systems:
            pair.ask(name, COUNTED_REQUESTS // 2)
            time.sleep(1)
            count = _instructions(pair, name) / COUNTED_REQUESTS
            bench.table.add("log line, counted", name, 0, instructions=count)


def _instructions(pair, name):
    system = pair.systems[name][0]
    _control("--zero", system.process.pid())
    pair.ask(name, COUNTED_REQUESTS)
    time.sleep(1)
    _control("--dump", system.process.pid())
    dumps = list(system.folder.glob("counted.*"))
    totals = [re.search(r"^(?:totals|summary): (\d+)", dump.read_text(errors="replace"), re.M) for dump in dumps]
    if len(totals) != 1 or not totals[0]:
        raise Failed(f"callgrind wrote no figures ({len(dumps)} files)")
    return int(totals[0].group(1))


def _control(what, pid):
    subprocess.run(["callgrind_control", what, str(pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
