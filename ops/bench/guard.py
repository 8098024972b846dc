#!/usr/bin/env python3
"""Counts the instructions of the hot paths' parts with callgrind and compares them with ops/bench/instructions.json.

Fails when a part needs more than the tolerance above its figure on record. A change that is worth its instructions
records the new figures with --update, and says why in its commit.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).with_name("instructions.json")
TOLERANCE = 0.05
# The C library picks copying routines by what the processor can do: the same ones for all.
SAME_EVERYWHERE = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-AVX_Fast_Unaligned_Load"}


def count(program):
    """Instructions per operation of each part, by name."""
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        run = subprocess.run(["valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={folder}/out", program],
                             check=True, env={**os.environ, **SAME_EVERYWHERE}, stdout=subprocess.PIPE)
        rounds = int(run.stdout)
        found = {}
        for dump in Path(folder).iterdir():
            text = dump.read_text(errors="replace")
            name = re.search(r"^desc: Trigger: Client Request: (\w+)", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if name and total:
                found[name.group(1)] = int(total.group(1)) / rounds
    if not found:
        sys.exit("guard: callgrind wrote no figures")
    return found


def compare(found, record):
    """True when every part is within the tolerance, and on record."""
    good = found.keys() == record.keys()
    for name in sorted(found.keys() | record.keys()):
        now, then = found.get(name), record.get(name)
        if now is None or then is None:
            print(f"  {name:<22} {'not measured' if now is None else 'not on record'}")
            continue
        change = now / then - 1
        over = change > TOLERANCE
        good = good and not over
        note = "  TOO MANY" if over else "  fewer: record it with --update" if change < -TOLERANCE else ""
        print(f"  {name:<22} {now:>9,.0f}   on record {then:>9,.0f}   {change:+6.1%}{note}")
    return good


def main():
    parser = argparse.ArgumentParser(prog="ops/dev guard", description=__doc__)
    parser.add_argument("program", type=Path, help="bench.instructions of a release build")
    parser.add_argument("--update", action="store_true", help="put today's figures on record")
    options = parser.parse_args()
    found = count(options.program)
    if options.update:
        RECORD.write_text(json.dumps({name: round(value) for name, value in sorted(found.items())}, indent=1) + "\n")
    print("instructions per operation:")
    if not compare(found, json.loads(RECORD.read_text())):
        sys.exit(f"guard: more instructions than on record (tolerance {TOLERANCE:.0%})")


if __name__ == "__main__":
    main()
