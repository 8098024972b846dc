"""The pages in ops/docs: their commands run, and print what the pages say.

A fenced block `sh` is run, all blocks of a page in one shell, one after the other. A block `text` right behind it shows
lines that it prints, in their order; `…` stands for anything. The node listens on free ports, which replace the default
ones, and the port of the page's own app is free too.
"""
import os
import re
import subprocess
import unittest
from pathlib import Path

import case
from case import PROGRAMS, ROOT
from kafka import free_ports
from peers import PATIENCE

DOCS = ROOT / "ops/docs"
PORTS = {"8080": "router.http", "8601": "ingress.http", "6001": "ingress.syslog", "8001": "api.listen", "9601": "admin.listen"}
APP_PORT = "5000"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
MARK = "--- block "


class Page:
    """The blocks of a page that are run, and what each is to print."""

    def __init__(self, path):
        self.blocks = []
        end = None
        text = path.read_text()
        for found in BLOCK.finditer(text):
            if found[1] == "sh":
                self.blocks.append((found[2], []))
                end = found.end()
            elif found[1] == "text" and end is not None and not text[end:found.start()].strip():
                self.blocks[-1][1].extend(found[2].splitlines())


def at_ports(text, ports):
    """A page's addresses on this machine become those of the node and of the page's app."""
    return re.sub(r"\b(127\.0\.0\.1(?::| | -P ))(" + "|".join(ports) + r")\b", lambda found: found[1] + ports[found[2]], text)


def shell_of(page, ports):
    """One script for all blocks."""
    patient = "sleep() { for _ in {0..%d}; do command sleep \"$1\"; done; }" % PATIENCE
    script = ["set -euo pipefail", patient, "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for number, (commands, _) in enumerate(page.blocks):
        script += [f"echo '{MARK}{number}'", commands]
    return at_ports("\n".join(script), ports)


def shown(line):
    return re.compile(".*".join(re.escape(piece) for piece in line.split("…")))


class DocsTest(case.PipelineCase):
    with_node = False

    def run_page(self, name):
        page = Page(DOCS / name)
        self.assertGreater(len(page.blocks), 0)
        node = self.new_node()
        folder = node.data_dir.with_name(node.data_dir.name + "-work")
        folder.mkdir()
        (folder / "sluice-data").symlink_to(node.data_dir)
        ports = {default: str(node.port(setting)) for default, setting in PORTS.items()}
        ports[APP_PORT] = str(free_ports(1)[0])
        environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "SLUICE_API_KEY": node.key,
                       "SLUICE_URL": node.url(), "HOME": str(folder), "NO_COLOR": "1"}
        done = subprocess.run(["bash", "-c", shell_of(page, ports)], cwd=folder, env=environment, capture_output=True,
                              text=True, timeout=120)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, f"{name}:\n{said}")
        printed = re.split(f"^{MARK}\\d+\n", done.stdout, flags=re.M)[1:]
        for (commands, lines), output in zip(page.blocks, printed):
            left = iter(output.splitlines())
            for line in lines:
                self.assertTrue(any(shown(at_ports(line, ports)).search(got) for got in left),
                                f"{name}: not printed, or not in this order: {line!r}\n{commands}printed:\n{output}")


def test_of(name):
    return lambda self: self.run_page(name)


for path in sorted(DOCS.glob("*.md")):
    if BLOCK.search(path.read_text()) and Page(path).blocks:
        setattr(DocsTest, f"test_{path.stem.replace('-', '_')}", test_of(path.name))


if __name__ == "__main__":
    unittest.main()
