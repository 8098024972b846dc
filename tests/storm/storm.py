"""One storm: nodes on one Redis, neighbours that do nothing wrong, and opponents of every kind around them.

`Storm.run()` gives the findings, one sentence each; an empty list means that every promise was kept. The seed decides
what each actor does, not when the machine lets it.
"""
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import neighbours
import opponents
from node import Node
from peers import Backend, HttpReceiver, PATIENCE, SyslogReceiver
from test_redis import Redis

SHUTDOWN_SECONDS = 10
MEMORY_BUDGET_MIB = 64
MEMORY_RESERVE_MIB = 128
SPARE_DESCRIPTORS = 12  # what a node may hold more at the end than at the beginning: store, drains, Kafka
REPORTS = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|invariant|terminate called")
OPPONENTS = (opponents.Silent, opponents.HalfHeads, opponents.SlowBodies, opponents.Deaf, opponents.Pipeliner,
             opponents.Garbage)


class Storm:
    def __init__(self, programs, folder, seed, seconds, nodes=2, environment=None):
        self.programs, self.folder, self.seed, self.seconds = Path(programs), Path(folder), seed, seconds
        self.environment = environment or (lambda storm: {})
        self.findings, self.closing = [], []
        self.redis = self.using(Redis(self.folder / "redis"))
        self.dns = self.using(opponents.SilentDns())
        self.backend = self.using(Backend())
        self.receivers = [self.using(kind()) for kind in (HttpReceiver, SyslogReceiver, HttpReceiver, SyslogReceiver)]
        self.bad = [self.using(opponents.HostileServer(f"{seed} {n}")) for n in range(3)]
        self.nodes = [self.node(number) for number in range(nodes)]

    def using(self, peer):
        self.closing.append(peer)
        return peer

    def close(self):
        for node in getattr(self, "nodes", []):
            node.kill()
        for peer in reversed(self.closing):
            peer.close()

    def node(self, number):
        # Who is not root counts descriptors of processes only that may be dumped.
        settings = {"process.core_dumps": "true",
                    "store.url": self.redis.url, "store.reconnect_max": "300ms", "drains.backoff_max": "300ms",
                    "process.shutdown_deadline": f"{SHUTDOWN_SECONDS}s", "router.request_head_timeout": "5s",
                    "router.quarantine": "200ms", "fabric.memory_budget": f"{MEMORY_BUDGET_MIB}MiB",
                    "drains.max_global": 20}
        if self.knows("process.dns_servers"):
            settings["process.dns_servers"] = self.dns.address
        node = Node(self.programs, self.folder / f"node{number}", settings, start=False)
        node.environment = self.environment(self)
        node.start(seconds=40)
        return node

    def knows(self, setting):
        import subprocess
        text = subprocess.run([self.programs / "sluiced", "--help-settings"], capture_output=True, text=True).stdout
        return f"\n{setting}\n" in "\n" + text

    # --- the storm

    def run(self):
        self.begin()
        began = time.monotonic()
        for share, act in ((0.4, self.restart_one), (0.6, self.look_at_memory), (1.0, lambda: None)):
            time.sleep(max(0.0, began + self.seconds * share - time.monotonic()))
            act()
        self.end()
        return self.findings

    def begin(self):
        steady, quiet = self.nodes[0], self.nodes[-1]
        self.tenants = [neighbours.Neighbour("steady", steady, self.backend, self.receivers[:2]),
                        neighbours.Neighbour("quiet", quiet, self.backend, self.receivers[2:])]
        self.wait_until_known()
        self.descriptors = [self.open_descriptors(node) for node in self.nodes]
        targets = [bad.address for bad in self.bad]
        self.visitors = [neighbours.Visitor(self.seed, tenant, steady) for tenant in self.tenants]
        self.watchers = [neighbours.Watcher(self.seed, steady)]
        self.writers = [neighbours.Writer(f"{self.seed} {tenant.name}", tenant, self.nodes) for tenant in self.tenants]
        self.changers = [neighbours.Changer(f"{self.seed} {n}", f"storm{n}", self.nodes, targets) for n in range(2)]
        self.opponents = [kind(f"{self.seed} {n}", node) for kind in OPPONENTS for n, node in enumerate(self.nodes)]
        for actor in self.actors():
            actor.start()

    def actors(self):
        return [*self.visitors, *self.watchers, *self.writers, *self.changers, *self.opponents]

    def wait_until_known(self):
        """The neighbours' apps are served by every node."""
        for node in self.nodes:
            for tenant in self.tenants:
                neighbours.wait_for(f"{tenant.name} on a node", lambda n=node, t=tenant:
                                    n.request(f"{t.name}.test", "/echo?x").status == 200, seconds=20)

    def restart_one(self):
        """A stop in the middle of everything: in time, with status 0; then the node comes back."""
        node = self.nodes[-1]
        began = time.monotonic()
        node.process.send_signal(signal.SIGTERM)
        try:
            status = node.process.wait((SHUTDOWN_SECONDS + 1) * (PATIENCE if node.sanitized else 1) + 10)
        except Exception:
            self.find(f"a node did not end within {time.monotonic() - began:.1f} s of SIGTERM")
            node.kill()
            return node.start(seconds=60)
        seconds = time.monotonic() - began
        if status != 0:
            self.find(f"a node that was told to stop ended with {status}: {node.log_tail()}")
        if seconds > SHUTDOWN_SECONDS + 1 + (PATIENCE if node.sanitized else 1):
            self.find(f"a stop took {seconds:.1f} s with a deadline of {SHUTDOWN_SECONDS} s")
        return node.start(seconds=60)

    def look_at_memory(self):
        """Resident memory under attack, of programs without a sanitizer's own."""
        most = (MEMORY_BUDGET_MIB + MEMORY_RESERVE_MIB) * 1.1
        for node in self.nodes:
            resident = node.resident_bytes() / (1 << 20)
            if resident > most and not node.sanitized:
                self.find(f"a node holds {resident:.0f} MiB, more than {most:.0f} MiB")

    def end(self):
        for actor in self.actors():
            actor.stop()
        for changer in self.changers:
            changer.remove_everything(self.nodes[0])
            self.expect_none(changer.odd, "changes were answered as no change should be")
        for visitor in self.visitors:
            self.expect_none(visitor.failures, f"requests for {visitor.neighbour.name} failed")
        for watcher in self.watchers:
            self.expect_none(watcher.failures, "the operator was turned away")
        self.check_lines()
        self.check_ledgers()
        self.check_descriptors()
        self.stop_all()
        self.check_logs()

    # --- what is promised

    def find(self, sentence):
        self.findings.append(sentence)

    def expect_none(self, things, sentence):
        if things:
            self.find(f"{sentence} ({len(things)}): {neighbours.as_text(things)}")

    def check_lines(self):
        """Every accepted line reached each receiver of its tenant."""
        for tenant in self.tenants:
            if not tenant.accepted:
                self.find(f"no line of {tenant.name} was accepted")
            for receiver, missing in zip(tenant.receivers, neighbours.wait_for_lines(tenant)):
                self.expect_none(missing, f"of {len(tenant.accepted)} lines of {tenant.name}, {receiver.url} lacks some")

    def check_ledgers(self):
        """offered = filtered + delivered + dropped + pending, of each drain on each node."""
        for node in self.nodes:
            for channel, drain in neighbours.drains_of(node):
                stats = drain["stats"]
                told = (stats["filtered"] + stats["delivered"] + sum(stats["dropped"].values()) + stats["pending_lines"])
                if stats["offered"] != told:
                    self.find(f"the ledger of a drain of {channel} does not add up: {stats}")

    def check_descriptors(self):
        """What opponents and removed drains held is given back."""
        for node, before in zip(self.nodes, self.descriptors):
            with suppress(TimeoutError):
                neighbours.wait_for("descriptors are closed", lambda n=node, b=before:
                                    self.open_descriptors(n) <= b + SPARE_DESCRIPTORS, seconds=10)
            now = self.open_descriptors(node)
            if now > before + SPARE_DESCRIPTORS:
                self.find(f"a node has {now} descriptors open, {before} before the storm")

    def stop_all(self):
        for node in self.nodes:
            with suppress(ProcessLookupError):
                status = node.stop(seconds=(SHUTDOWN_SECONDS + 1) * PATIENCE + 20)
                if status != 0:
                    self.find(f"a node ended with {status}: {node.log_tail()}")

    def check_logs(self):
        for node in self.nodes:
            text = node.log_path.read_text(errors="replace")
            if found := REPORTS.search(text):
                self.find(f"the log of a node says: {text[max(0, found.start() - 200):found.end() + 3000]}")

    def open_descriptors(self, node):
        return len(os.listdir(f"/proc/{node.process.pid}/fd"))
