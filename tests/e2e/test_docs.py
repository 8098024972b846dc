"""The pages in ops/docs: their commands run, and print what the pages say.

A fenced block `sh` is run, all blocks of a page in one shell, one after the other. A block `text` right behind it shows
lines that it prints, in their order; `…` stands for anything. A node runs for each page, but for those that start their
own. All ports are free ones, which replace those of the page. Links lead somewhere.
"""
import contextlib
import os
import re
import signal
import subprocess
import unittest

import case
from case import PROGRAMS, ROOT
from peers import PATIENCE, free_port

PORTS = {"8080": "router.http", "8601": "ingress.http", "6001": "ingress.syslog", "8001": "api.listen", "9601": "admin.listen"}
OTHER_PORTS = ("5000", "7001", "8002", "8081", "9602")
GUIDE = sorted(path for path in (ROOT / "ops/docs").glob("*.md") if path.name != "README.md")
PAGES = {path.name: path for path in (ROOT / "README.md", *GUIDE)}
START_NODES = {"several-nodes.md"}
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
    return re.sub(r"(127\.0\.0\.1[: ]|-[pP] |--port )(" + "|".join(ports) + r")\b", lambda found: found[1] + ports[found[2]], text)


def shell_of(page, ports):
    """One script for all blocks."""
    patient = "sleep() { for _ in {0..%d}; do command sleep \"$1\"; done; }" % int(PATIENCE)
    script = ["set -euo pipefail", patient, "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for number, (commands, _) in enumerate(page.blocks):
        script += [f"echo '{MARK}{number}'", commands]
    return at_ports("\n".join(script), ports)


def shown(line):
    return re.compile(".*".join(re.escape(piece) for piece in line.split("…")))


class DocsTest(case.PipelineCase):
    with_node = False

    def run_page(self, name):
        page = Page(PAGES[name])
        ports = {name: str(free_port()) for name in (*PORTS, *OTHER_PORTS)}
        folder = self.folder / f"{name}-work"
        folder.mkdir()
        environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": str(folder), "NO_COLOR": "1"}
        if name not in START_NODES:
            node = self.new_node()
            ports.update({default: str(node.port(setting)) for default, setting in PORTS.items()})
            (folder / "sluice-data").symlink_to(node.data_dir)
            environment.update(SLUICE_API_KEY=node.key, SLUICE_URL=node.url())
        status, out = self.run_shell(shell_of(page, ports), folder, environment)
        self.assertEqual(status, 0, f"{name}:\n{out}")
        printed = re.split(f"^{MARK}\\d+\n", out, flags=re.M)[1:]
        for (commands, lines), output in zip(page.blocks, printed):
            left = iter(output.splitlines())
            for line in lines:
                self.assertTrue(any(shown(at_ports(line, ports)).search(got) for got in left),
                                f"{name}: not printed, or not in this order: {line!r}\n{commands}printed:\n{output}")

    def run_shell(self, script, folder, environment):
        """The exit status and what was printed; whatever it started is gone afterwards."""
        with open(folder / "output", "w+") as output:
            shell = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                     stdout=output, stderr=output, start_new_session=True)
            try:
                status = shell.wait(60 * PATIENCE)
            except subprocess.TimeoutExpired:
                status = "too long"
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)
                shell.wait()
            return status, (folder / "output").read_text()


def anchors_of(path):
    """What GitHub calls a page's headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class LinksTest(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        for page in (ROOT / "README.md", *(ROOT / "ops/docs").glob("*.md")):
            for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", page.read_text()):
                path = (page.parent / target).resolve() if target else page
                self.assertTrue(path.exists(), f"{page.name}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors_of(path), f"{page.name}: {target}#{anchor}")


def test_of(name):
    return lambda self: self.run_page(name)


for name, path in PAGES.items():
    if Page(path).blocks:
        setattr(DocsTest, f"test_{path.stem.replace('-', '_')}", test_of(name))


if __name__ == "__main__":
    unittest.main()
