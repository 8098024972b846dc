"""How something is measured: pinned processes, their CPU time and memory, rounds that alternate, ratios within a round."""
import math
import os
import re
import signal
import socket
import statistics
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
LOOPBACK = "127.0.0.1"
BROWSER_HEAD = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0 (a common browser's head)",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd", "Accept-Language": "en-GB,en;q=0.7,fr;q=0.3", "DNT": "1",
    "Cache-Control": "no-cache", "Upgrade-Insecure-Requests": "1", "Referer": "https://app.test/shop/hats?page=2&by=price",
    "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Priority": "u=0, i",
    "Cookie": "sid=" + "0f1e2d3c4b5a6978" * 8 + "; theme=light; consent=all; visitor=GA1.2.987654321.1700000000",
}


class Failed(Exception):
    """A system or a tool did not do what the measurement needs."""


def pinned(cpus, *command):
    return ["taskset", "-c", str(cpus), *map(str, command)]


_kept_ports = []


def free_port():
    """A loopback port where nobody listens. Until this process ends, the kernel gives it to no listener and to no connection
    that asks for any port; who asks for this one, with SO_REUSEADDR as servers do, can listen there."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind((LOOPBACK, 0))
    _kept_ports.append(kept)
    return kept.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_until(what, condition, seconds=30, must=True):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            if not must:
                return
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def take_priority(pid):
    """Gives a process in a session of its own the priority that the kernel's automatic groups give to ours: programs of
    other sessions are not what is measured (`echo -19 >/proc/self/autogroup`, then ./ops/dev)."""
    with suppress(OSError, ValueError):
        Path(f"/proc/{pid}/autogroup").write_text(Path("/proc/self/autogroup").read_text().rsplit(maxsplit=1)[1])


class Process:
    """A measured program and its children: a session of its own, on the cores that are given to it."""

    def __init__(self, cpus, command, log, env=None):
        self.log = Path(log)
        with open(self.log, "wb") as output:
            self._process = subprocess.Popen(pinned(cpus, *command), stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output, env=env, start_new_session=True)
        take_priority(self._process.pid)

    def _members(self):
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rsplit(") ", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == self._process.pid:
                yield int(name), fields

    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def cpu_nanoseconds(self):
        """User's and system's time from the kernel's own clock, much finer than the ticks in /proc."""
        total = 0
        for pid, _ in self._members():
            try:
                total += time.clock_gettime_ns(~pid << 3 | 2)
            except OSError:  # ended meanwhile
                continue
        return total

    def cpu_seconds(self):
        return self.cpu_nanoseconds() / 1e9

    def memory(self):
        """Resident bytes now."""
        return sum(int(fields[21]) for _, fields in self._members()) * PAGE

    def peak_memory(self):
        peak = 0
        for pid, _ in self._members():
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            peak += int(found.group(1)) * 1024 if found else 0
        return peak

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        for pid, _ in self._members():
            os.kill(pid, signal.SIGKILL)
        self._process.wait()


class Tool:
    """One of our load makers: talks in lines over its input and output."""

    def __init__(self, cpus, program, **options):
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen(pinned(cpus, program, *arguments), stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def tell(self, line=""):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self):
        line = self._process.stdout.readline()
        if not line:
            raise Failed(f"{self._process.args[3]} ended")
        return line.split()

    def close(self):
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


class Sink:
    """load.sink and what it has counted."""

    NAMES = ("messages", "distinct", "repeats", "unreadable", "bytes", "requests", "accepted")

    def __init__(self, cpus, program, **options):
        self._tool = Tool(cpus, program, **options)
        self.ports = list(map(int, self._tool.hear()))

    def counted(self):
        self._tool.tell("report")
        return dict(zip(self.NAMES, map(int, self._tool.hear())))

    def wait_for(self, messages, quiet=5, limit=300):
        """Until so many came, or none for `quiet` seconds."""
        began = changed = time.monotonic()
        last = -1
        while True:
            counted, now = self.counted(), time.monotonic()
            if counted["messages"] != last:
                last, changed = counted["messages"], now
            if last >= messages or now - changed > quiet or now - began > limit:
                return counted
            time.sleep(0.02)

    def wait_until_quiet(self, quiet=0.3, limit=10):
        """Until nothing came for a moment: how long that takes on crowded cores is the machine's affair."""
        return self.wait_for(math.inf, quiet, limit)

    def close(self):
        self._tool.close()


def wrk(cpus, port, path, connections, seconds, head=()):
    """One thread of wrk. Latencies in microseconds."""
    headers = [word for name, value in dict(head).items() for word in ("-H", f"{name}: {value}")]
    done = subprocess.run(pinned(cpus, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", "Host: app.test",
                                 *headers, f"http://{LOOPBACK}:{port}{path}"), capture_output=True, text=True, check=True).stdout
    unit = {"us": 1, "ms": 1e3, "s": 1e6}
    latency = {p: float(value) * unit[u] for p, value, u in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", done, re.M)}
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", done)))
    return {"requests": int(re.search(r"(\d+) requests in", done).group(1)), "errors": errors,
            "p50_us": latency["50"], "p99_us": latency["99"]}


class Table:
    """Measurements by row, system and round; ratios are taken within a round."""

    def __init__(self):
        self.values = []

    def add(self, row, system, number, **figures):
        self.values.append({"row": row, "system": system, "round": number, **figures})
        shown = "  ".join(f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value:,}"
                          for name, value in figures.items())
        print(f"  round {number + 1}  {row:<18} {system:<14} {shown}", flush=True)

    def by_round(self, row, system, figure):
        return {v["round"]: v[figure] for v in self.values if v["row"] == row and v["system"] == system and figure in v}

    def total(self, row, system, figure):
        return sum(self.by_round(row, system, figure).values())

    def median(self, row, system, figure):
        values = list(self.by_round(row, system, figure).values())
        return statistics.median(values) if values else None

    def ratios(self, row, system, reference, figure):
        mine, other = self.by_round(row, system, figure), self.by_round(row, reference, figure)
        return [mine[r] / other[r] for r in mine if other.get(r)]
