#!/usr/bin/env python3
"""Runs clang-tidy over sources, several at once, and remembers which ones passed.

usage: tidy.py ROOT BUILD JOBS MINUTES FILE...      exit status 0, or 1 with what clang-tidy found

MINUTES bounds how long it begins new files, in the order given; 0 is no bound. What it did not reach is named.

A file passes again without a run while everything that its result depends on is the same: clang-tidy's version, the
checks in .clang-tidy, the compile command, and the text of the file and of each header of this project that it includes.
The includes are those that ninja has on record; a file without a record is always checked. What passed is remembered
under $XDG_CACHE_HOME/sluice/tidy (~/.cache by default).
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path


def included_headers(build: Path, root: Path) -> dict[str, list[str]]:
    """The project's own files that each source was compiled from, by the source's path."""
    text = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[str]] = {}
    for block in text.split("\n\n"):
        files = [os.path.normpath(build / line.strip()) for line in block.splitlines()[1:] if line.startswith("    ")]
        own = sorted(path for path in files if path.startswith(str(root) + os.sep))
        if own:
            source = next((path for path in own if path.endswith(".cpp")), None)
            if source is not None:
                found[source] = own
    return found


def file_digest(path: str, known: dict[str, str]) -> str:
    if path not in known:
        known[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return known[path]


def commands_without_pch(build: Path) -> Path:
    """A folder with the compile commands as they are without precompiled headers, which are g++'s: clang refuses them."""
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = re.sub(r" (-Winvalid-pch|-include \S+/cmake_pch\.hxx)(?= )", "", entry["command"])
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(entries))
    return folder


class Checker:
    def __init__(self, root: Path, build: Path, minutes: float):
        self.until = time.monotonic() + minutes * 60 if minutes else float("inf")
        self.root, self.commands_folder = root, commands_without_pch(build)
        self.headers = included_headers(build, root)
        self.commands = {entry["file"]: entry["command"]
                         for entry in json.loads((self.commands_folder / "compile_commands.json").read_text())}
        version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
        self.common = version + (root / ".clang-tidy").read_text()
        self.passed = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sluice" / "tidy"
        self.passed.mkdir(parents=True, exist_ok=True)
        self.digests: dict[str, str] = {}

    def key(self, source: str) -> str | None:
        """What the result depends on; nothing when that is not known."""
        if source not in self.headers or source not in self.commands:
            return None
        digest = hashlib.sha256(self.common.encode())
        digest.update(self.commands[source].replace(str(self.root), "").encode())
        for path in self.headers[source]:
            digest.update(f"{os.path.relpath(path, self.root)} {file_digest(path, self.digests)}\n".encode())
        return digest.hexdigest()

    def check(self, source: str) -> tuple[str, str]:
        """("known" | "passed" | "failed" | "not reached", output)"""
        key = self.key(source)
        if key is not None and (self.passed / key).exists():
            return "known", ""
        if time.monotonic() > self.until:
            return "not reached", "\n"
        run = subprocess.run(["clang-tidy", "-quiet", "-p", str(self.commands_folder), source], capture_output=True, text=True)
        if run.returncode != 0:
            return "failed", run.stdout + run.stderr
        if key is not None:
            (self.passed / key).touch()
        return "passed", ""


def main() -> int:
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    sources = [str((root / name).resolve()) for name in sys.argv[5:]]
    checker = Checker(root, build, float(sys.argv[4]))
    counts = {"known": 0, "passed": 0, "failed": 0, "not reached": 0}
    with concurrent.futures.ThreadPoolExecutor(int(sys.argv[3])) as pool:
        for done, (source, (outcome, output)) in enumerate(
                zip(sources, pool.map(checker.check, sources)), start=1):
            counts[outcome] += 1
            if outcome != "known":
                print(f"[{done}/{len(sources)}] {outcome} {os.path.relpath(source, root)}\n{output}", end="", flush=True)
    print(f"{len(sources)} files: {counts['known']} unchanged since they passed, {counts['passed']} passed, "
          f"{counts['failed']} failed, {counts['not reached']} not reached in the time given")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
