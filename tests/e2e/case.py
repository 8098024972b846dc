"""What the end-to-end tests share: a temporary folder, a node per class, peers that are closed at the end."""
import os
import re
import shutil
import socket
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import node as node_module  # noqa: E402
import peers  # noqa: E402
from peers import wait_for  # noqa: E402,F401

PROGRAMS = Path(os.environ.get("SLUICE_PROGRAMS", ROOT / "build/dev/bin"))
_FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


def fields_of(router_line):
    """The key=value fields of a router line, without quotes, in order."""
    text = router_line.split(": ", 1)[1]
    return {key: value.strip('"') for key, value in _FIELD.findall(text)}


class PipelineCase(unittest.TestCase):
    """One node for the whole class, with `settings`; a test that needs its own calls self.new_node()."""

    settings = {}
    with_node = True

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls._nodes = 0
        if cls.with_node:
            cls.node = cls._start(cls.settings)
            cls.addClassCleanup(cls.node.kill)

    @classmethod
    def _start(cls, settings, start=True):
        cls._nodes += 1
        return node_module.Node(PROGRAMS, cls.folder / f"node{cls._nodes}", settings, start=start)

    def run(self, result=None):
        """Shows the own logs of the nodes when a test fails."""
        before = len(result.failures) + len(result.errors) if result else 0
        self.started = [self.node] if self.with_node else []
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            for node in self.started:
                print(f"--- own log of {node.data_dir.name}, after {self.id()}\n{node.log_tail()}---", file=sys.stderr)

    def new_node(self, start=True, **settings):
        """A node of this test's own; settings with __ for the dot: router__first_byte_timeout="1s"."""
        node = self._start({name.replace("__", ".", 1): value for name, value in settings.items()}, start)
        self.addCleanup(node.kill)
        self.started.append(node)
        return node

    def using(self, peer):
        """A peer that is closed when the test ends."""
        self.addCleanup(peer.close)
        return peer

    def away(self, kind):
        """The url of a receiver that is not there, and what brings it."""
        port = peers.free_port()
        receiver = kind(port=port)
        receiver.close()
        return receiver.url, lambda: self.using(kind(port=port))

    def channel_name(self):
        """A name of its own for each test, so that they can share a node."""
        return self.id().rsplit(".", 1)[1].replace("_", "-")[:60]

    def certificates(self):
        cls = type(self)
        if not hasattr(cls, "_certificates"):
            cls._certificates = peers.Certificates(cls.folder / "certificates")
        return cls._certificates

    # --- talking to the node

    def raw(self, listener, data, node=None, seconds=5.0, half_close=False):
        """Sends bytes to a listener and returns everything until the other side closes or says nothing for a while."""
        with socket.create_connection(("127.0.0.1", (node or self.node).port(listener)), timeout=seconds) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def wait_for_lines(self, channel, count, node=None, **query):
        """The channel's history once it has at least this many lines."""
        node = node or self.node
        query.setdefault("num", 1500)
        return wait_for(f"{count} lines in {channel}",
                        lambda: (lambda got: got if len(got) >= count else None)(node.logs(channel, **query)))

    def router_line(self, app, node=None):
        """The fields of an app's newest router line, waiting until there is one."""
        return fields_of(self.wait_for_lines(app, 1, node, ps="router")[-1])

    def assert_holds_less(self, node, most, before=0):
        """Resident memory, of programs without a sanitizer's own."""
        if not node.sanitized:
            self.assertLess(node.resident_bytes() - before, most)

    def assert_balanced(self, drain):
        stats = drain["stats"]
        dropped = sum(stats["dropped"].values())
        self.assertEqual(stats["offered"], stats["filtered"] + stats["delivered"] + dropped + stats["pending_lines"], stats)


def read_all(connection):
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return data
