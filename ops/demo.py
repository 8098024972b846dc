#!/usr/bin/env python3
"""The quickstart's second half: one sluiced, a sample app behind its router, and three places where the lines arrive.

The app and the receivers are small Python servers, the same ones that the end-to-end tests use. Everything is on free
loopback ports and in a temporary folder, and ends with this program.
"""
import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

from frames import frame  # noqa: E402
from node import Node, end_with_parent, syslog_line  # noqa: E402
from peers import Backend, Certificates, HttpReceiver, SyslogReceiver  # noqa: E402

APP = "shop"
HOST = "shop.localhost"
TERMINAL = sys.stdout.isatty()
ONCE_COUNT = 25
ARRIVAL_SECONDS = 20


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if TERMINAL else text


def say(text=""):
    print(text, flush=True)


class Stage:
    """Everything that runs during the show. `close()` stops it and returns sluiced's exit status."""

    def __init__(self, programs, log):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-quickstart-"))
        self.programs = programs
        self.node = self.tail = None
        authority = Certificates(self.folder / "certificates")
        self.backends = [Backend("web.1"), Backend("web.2")]
        self.https = HttpReceiver(authority.server_context())
        self.syslog = SyslogReceiver()
        Path(log).unlink(missing_ok=True)
        self.node = Node(programs, self.folder / "data", start=False, log=log, settings={
            "drains.allow_cidrs": "127.0.0.0/8", "drains.ca_file": authority.ca})
        del self.node.settings["process.shards"]

    def start(self):
        self.node.start()
        backends = [word for b in self.backends for word in ("--backend", f"{b.name}={b.address}")]
        self.sluice("apps", "create", APP, "--domain", HOST, *backends)
        self.sluice("drains", "add", self.https.url, "-a", APP)
        self.sluice("drains", "add", self.syslog.url, "-a", APP)
        self.token = self.node.make_token(APP, "app")
        self.tail = TailOutput(self.programs, self.node)
        self.worker = socket.create_connection(("127.0.0.1", self.node.port("ingress.syslog")))

    def sluice(self, *arguments):
        say(paint(2, "      $ sluice " + " ".join(arguments)))
        done = self.node.cli(*arguments)
        if done.returncode:
            raise RuntimeError(f"sluice {' '.join(arguments)}: {done.stderr.decode().strip()}")

    # What an app does: it answers a request, and writes lines of its own.

    def request(self, path):
        """Returns the status, and the name of the process that answered."""
        before = [len(backend.seen) for backend in self.backends]
        status = self.node.request(HOST, path).status
        names = [backend.name for backend, seen in zip(self.backends, before) if len(backend.seen) > seen]
        return status, names[0] if names else "web.1"

    def log_by_http(self, text, process="web.1"):
        answer = self.node.post_logs(self.token, [syslog_line(text, process, time=now())])
        if answer.status != 204:
            raise RuntimeError(f"POST /logs: {answer}")

    def log_by_syslog(self, text):
        self.worker.sendall(frame(syslog_line(text, "worker.1", self.token, time=now())))

    def close(self):
        status = self.node.stop() if self.node and self.node.process else None
        if self.tail:
            self.tail.close()
        for peer in [*self.backends, self.https, self.syslog]:
            peer.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status


class TailOutput:
    """A running `sluice tail`, whose lines are kept."""

    def __init__(self, programs, node):
        self.lines = []
        self._process = subprocess.Popen(
            [str(programs / "sluice"), "tail", "-a", APP, "-n", "1500", "--color", "always" if TERMINAL else "never"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=node.cli_environment(),
            preexec_fn=end_with_parent)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def close(self):
        self._process.terminate()
        self._process.wait()


def now():
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


# --- the show that goes on until Ctrl-C

def explain(stage):
    node, sluice = stage.node, stage.programs / "sluice"
    router = f"http://127.0.0.1:{node.port('router.http')}"
    say()
    say(f"{paint(1, 'What you see.')} Requests go through the router to a sample app with two backends. Each request leaves one")
    say("router line in the app's channel; the app adds lines of its own, by POST /logs and by TCP syslog. Every line is")
    say("stored once, and read by three readers that do not wait for each other:")
    say()
    say(f"  {paint(36, 'tail  ')} what `sluice tail` prints: time, source and process, text")
    say(f"  {paint(35, 'https ')} what an HTTPS drain posts to a receiver, as octet-counted frames")
    say(f"  {paint(33, 'syslog')} what a syslog drain writes to a receiver, over TCP")
    say()
    say(f"{paint(1, 'What to try')}, in another terminal:")
    say()
    say(f"  export SLUICE_URL={node.url()} SLUICE_API_KEY={node.key}")
    say(f"  curl -i -H 'Host: {HOST}' {router}/hello          # or http://{HOST}:{node.port('router.http')}/ in a browser")
    say(f"  {sluice} tail -a {APP} --filter 'source=heroku proc=router status>=500'")
    say(f"  echo 'hello from my shell' | {sluice} send -a {APP}")
    say(f"  {sluice} drains list -a {APP}")
    say(f"  {sluice} status")
    say(f"  curl -s http://127.0.0.1:{node.port('admin.listen')}/metrics | grep -v '^#' | head -30")
    say()
    say("Ctrl-C ends everything. From now on, as it happens:")
    say()


def show_new(stage, shown):
    width = shutil.get_terminal_size((160, 24)).columns - 8 if TERMINAL else 400
    raw = lambda lines: [line.raw.decode(errors="replace").rstrip("\n")[:width] for line in lines]
    for name, colour, lines in (("tail  ", 36, stage.tail.lines), ("https ", 35, raw(stage.https.lines())),
                                ("syslog", 33, raw(stage.syslog.lines()))):
        for line in lines[shown[name]:]:
            say(f"{paint(colour, name)} {line}")
        shown[name] = len(lines)


def perform(stage):
    explain(stage)
    shown = {"tail  ": 0, "https ": 0, "syslog": 0}
    chance = random.Random(1)
    number = 0
    while True:
        number += 1
        path = chance.choice(["/", "/cart", "/products/42", f"/search?q={number}", "/status/404", "/slow?0.3"])
        status, process = stage.request(path)
        stage.log_by_http(f"served {path} with {status} to visitor {chance.randrange(1000)}", process)
        if number % 3 == 0:
            stage.log_by_syslog(f"job {number // 3} done, {chance.randrange(5, 90)} mails sent")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            show_new(stage, shown)
            if stage.node.process.poll() is not None:
                raise RuntimeError("sluiced ended by itself")
            time.sleep(0.05)


# --- the check that ends by itself

def verify(stage):
    """Sends lines of each kind and counts each at each place. True when every line arrived everywhere, once."""
    began = time.monotonic()
    kinds = {"router lines": [], "app lines by POST /logs": [], "app lines by TCP syslog": []}
    for number in range(ONCE_COUNT):
        status, _ = stage.request(f"/once/{number:03}")
        if status != 200:
            raise RuntimeError(f"the sample app's request was answered {status}")
        kinds["router lines"].append(f'path="/once/{number:03}"')
        stage.log_by_http(f"http line {number:03}.")
        kinds["app lines by POST /logs"].append(f"http line {number:03}.")
        stage.log_by_syslog(f"syslog line {number:03}.")
        kinds["app lines by TCP syslog"].append(f"syslog line {number:03}.")
    places = {"tail": lambda: list(stage.tail.lines),
              "HTTPS drain": lambda: [line.text.decode() for line in stage.https.lines()],
              "syslog drain": lambda: [line.text.decode() for line in stage.syslog.lines()]}
    total = sum(map(len, kinds.values()))
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while any(len(lines()) < total for lines in places.values()) and time.monotonic() < deadline:
        time.sleep(0.02)
    took = time.monotonic() - began
    time.sleep(0.3)  # a duplicate would come now
    return summary(kinds, {name: lines() for name, lines in places.items()}, took) and balanced(stage, total)


def summary(kinds, places, took):
    good = True
    say()
    say(f"  {'':26}{'sent':>6}" + "".join(f"{name:>14}" for name in places))
    for kind, marks in kinds.items():
        row = f"  {kind:26}{len(marks):>6}"
        for lines in places.values():
            once = sum(sum(mark in line for line in lines) == 1 for mark in marks)
            good = good and once == len(marks)
            row += paint(32 if once == len(marks) else 31, f"{once:>14}")
        say(row)
    total = sum(map(len, kinds.values()))
    for name, lines in places.items():
        if len(lines) != total:
            good = False
            say(f"  {name}: {len(lines)} lines instead of {total}")
    say()
    say(f"  {'every line arrived once, in' if good else 'NOT every line arrived once within'} {took:.1f} s")
    return good


def settled_drains(stage, seconds=5.0):
    """The drains once nothing is pending, or after that time: a syslog receiver confirms lines by keeping the
    connection for a second."""
    until = time.monotonic() + seconds
    while True:
        drains = stage.node.must("GET", f"/v3/channels/{APP}/drains")["items"]
        if not any(drain["stats"]["pending_lines"] for drain in drains) or time.monotonic() > until:
            return drains
        time.sleep(0.1)


def balanced(stage, total):
    """offered = filtered + delivered + dropped + pending, for each drain, and everything delivered."""
    good = True
    for drain in settled_drains(stage):
        stats = drain["stats"]
        right = stats["offered"] == stats["delivered"] == total and not stats["dropped"] and not stats["pending_lines"]
        good = good and right
        say(f"  {drain['url'].split(':')[0]:6} drain: offered {stats['offered']}, filtered {stats['filtered']}, delivered "
            f"{stats['delivered']}, dropped {sum(stats['dropped'].values())}, pending {stats['pending_lines']}"
            + ("" if right else "   <- wrong"))
    return good


def run(options):
    stage = Stage(options.programs, options.log)
    good = False
    try:
        stage.start()
        good = verify(stage) if options.once else perform(stage)
    except KeyboardInterrupt:
        good = not options.once
        say("\nStopping.")
    except (RuntimeError, OSError, AssertionError, subprocess.SubprocessError) as error:
        say(paint(31, f"quickstart: {error}"))
        say(f"sluiced's own log: {options.log}")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = stage.close()
    if status != 0:
        say(paint(31, f"sluiced ended with {status}; its own log: {options.log}"))
        good = False
    if options.once:
        say(paint("1;32", "quickstart: all good") if good else paint("1;31", "quickstart: FAILED"))
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--once", action="store_true")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
