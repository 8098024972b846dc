#!/usr/bin/env python3
"""Compiles headers alone, several at once: each includes what it needs.

usage: headers.py ROOT BUILD JOBS [HEADER...]      exit status 0, or 1 with what the compiler said

Without names: all headers of router, drains and logplex. A header is compiled with the flags of a source in its folder, or
in the folder above, without precompiled headers. It passes again without a run while compiler, flags, its text and that
of the project's headers that it includes are the same. What passed is remembered under $XDG_CACHE_HOME/sluice/headers
(~/.cache by default).
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
UNWANTED = re.compile(r" (-Winvalid-pch|-include \S+/cmake_pch\.hxx|-M[DTF]\S*( \S+\.[od])?|-o \S+|-c \S+)(?= |$)")


def flags_by_folder(root: Path, build: Path) -> dict[Path, list[str]]:
    flags: dict[Path, list[str]] = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = Path(entry["file"])
        if source.parent not in flags and source.is_relative_to(root) and "tests" not in source.parts:
            words = shlex.split(UNWANTED.sub("", entry["command"]))
            flags[source.parent] = words[next(i for i, word in enumerate(words) if re.search(r"\+\+[-\d.]*$", word)):]
    return flags


class Checker:
    def __init__(self, root: Path, build: Path):
        self.root, self.build = root, build
        self.flags = flags_by_folder(root, build)
        self.passed = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sluice" / "headers"
        self.passed.mkdir(parents=True, exist_ok=True)
        self.versions: dict[str, str] = {}

    def command(self, header: Path) -> list[str]:
        for folder in header.parents:
            if folder in self.flags:
                return [*self.flags[folder], "-fsyntax-only", "-x", "c++", "-"]
        raise RuntimeError(f"{header}: no source near it is compiled")

    def version(self, compiler: str) -> str:
        if compiler not in self.versions:
            self.versions[compiler] = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
        return self.versions[compiler]

    def with_its_includes(self, header: Path) -> list[Path]:
        found, left = {header}, [header]
        while left:
            for name in INCLUDE.findall(left.pop().read_text(encoding="utf-8")):
                path = self.root / name
                if path not in found and path.is_file():
                    found.add(path)
                    left.append(path)
        return sorted(found)

    def check(self, header: Path) -> tuple[str, str]:
        """("known" | "passed" | "failed", output)"""
        command = self.command(header)
        digest = hashlib.sha256((self.version(command[0]) + " ".join(command).replace(str(self.root), "")).encode())
        for path in self.with_its_includes(header):
            digest.update(f"{path.relative_to(self.root)}\n".encode() + path.read_bytes())
        mark = self.passed / digest.hexdigest()
        if mark.exists():
            return "known", ""
        text = f'#include "{header.relative_to(self.root)}"\n'
        run = subprocess.run(command, input=text, capture_output=True, text=True, cwd=self.build)
        if run.returncode != 0:
            return "failed", run.stderr
        mark.touch()
        return "passed", ""


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    names = sys.argv[4:]
    headers = [(root / name).resolve() for name in names] or sorted(
        path for top in ("router", "drains", "logplex") for path in (root / top).rglob("*.hpp"))
    checker = Checker(root, build)
    counts = {"known": 0, "passed": 0, "failed": 0}
    with concurrent.futures.ThreadPoolExecutor(int(sys.argv[3])) as pool:
        for header, (outcome, output) in zip(headers, pool.map(checker.check, headers)):
            counts[outcome] += 1
            if outcome == "failed":
                print(f"failed {header.relative_to(root)}\n{output}", end="", flush=True)
    print(f"{len(headers)} headers: {counts['known']} unchanged since they passed, {counts['passed']} passed, "
          f"{counts['failed']} failed")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
