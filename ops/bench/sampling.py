"""Where a row's microseconds go: samples of the system's CPU clock while it works, shared out over kernel and program."""
import re
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

HERTZ = 1999
MOST_FUNCTIONS = 12
# What a function of ours or of a library works for; the first that fits.
PARTS = (
    ("router: heads", r"http1::"),
    ("router: exchange, connections, pool", r"Exchange|ClientConnection|BackendConnection|ProxyShard|Upstream|HotSocket|AppRoutes|RoutingTable"),
    ("router line", r"router_line|RouterLine"),
    ("ingress", r"Syslog(Connection|Server)|Intake|FrameSplitter|parse_syslog|ConfigSnapshot|Uuid::parse"),
    ("fabric: append, read, retention", r"encode_record|ShardLog|ChannelLog|FabricShard|Subscription|Segment|Outbox"),
    ("drains: rendering and sending", r"FrameRing|DrainRunner|Encoder|render|Transport|SharedBody|Filter|LineView"),
    ("shard's turn", r"Shard::|Poller|Wheel|Deadline|io_context|scheduler|epoll_reactor"),
    ("copying, comparing, clock", r"mem(cpy|move|set|cmp|chr)|clock_gettime|vdso"),
    ("heap", r"malloc|free|operator (new|delete)"),
)


class Profile:
    """Samples a process from `with` to its end; then table() says what it did."""

    def __init__(self, pid):
        self._file = Path(tempfile.mkstemp(prefix="bench-", suffix=".perf")[1])
        self._command = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(HERTZ), "-g", "-p", str(pid), "-o", str(self._file)]

    def __enter__(self):
        self._record = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)  # until perf has begun
        return self

    def __exit__(self, *_):
        self._record.send_signal(2)
        self._record.wait()

    def table(self, title, cpu_us):
        """Markdown: microseconds of `cpu_us` per unit, by part, and the functions of ours that take most."""
        parts, functions = self._counted()
        total = sum(parts.values())
        if not total:
            return f"{title}: perf took no samples\n"
        lines = [f"{title}: {cpu_us:.2f} us, {total:,} samples", "", "| where | us | share |", "|---|---|---|"]
        lines += [f"| {part} | {cpu_us * count / total:.2f} | {count / total:.0%} |" for part, count in parts.most_common()
                  if count / total >= 0.005]
        tops = [f"`{name}` {count / total:.1%}" for name, count in functions.most_common(MOST_FUNCTIONS)]
        return "\n".join(lines) + "\n\nMost of ours: " + ", ".join(tops) + ".\n"

    def _counted(self):
        script = subprocess.run(["perf", "script", "-i", str(self._file), "-F", "ip,sym"], capture_output=True, text=True).stdout
        self._file.unlink()
        parts, functions = Counter(), Counter()
        for stack in filter(None, (block.split("\n") for block in script.split("\n\n"))):
            frames = [line.split(None, 1) for line in stack if line.strip()]
            if frames:
                part, function = place(frames)
                parts[part] += 1
                if function:
                    functions[function] += 1
        return parts, functions


def place(frames):
    """Of a stack, innermost frame first: the part it belongs to, and the function if that is not the kernel's."""
    address, name = frames[0][0], frames[0][1] if len(frames[0]) > 1 else "[unknown]"
    if address.startswith("ffffffff"):
        calls = [match.group(1) for frame in frames[1:] if len(frame) > 1 and (match := re.match(r"__x64_sys_(\w+)", frame[1]))]
        return (f"kernel: {calls[0]}" if calls else "kernel: interrupts and the rest"), None
    short = re.sub(r"\(.*|<.*|sluice::|\[clone.*", "", name).strip() or name
    return next((part for part, pattern in PARTS if re.search(pattern, name)), "other functions"), short
