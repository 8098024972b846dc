"""Several nodes on one Redis under random changes and hostile clients, backends, receivers and name servers, with a stop
in the middle; and the same with a planted fault, which has to be found.

    SLUICE_STORM_SECONDS   how long a storm lasts (20; a minute and more by ./ops/dev storm)
    SLUICE_STORM_SEED      what its actors do; printed, and chosen by the clock when it is not given
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests/support"), str(ROOT / "tests/e2e")]

from storm import Storm  # noqa: E402

PROGRAMS = Path(os.environ.get("SLUICE_PROGRAMS", ROOT / "build/dev/bin"))
SECONDS = float(os.environ.get("SLUICE_STORM_SECONDS", "20"))
SEED = os.environ.get("SLUICE_STORM_SEED", str(int(time.time())))


class StormCase(unittest.TestCase):
    def storm(self, seconds=SECONDS, environment=None):
        """The findings of one storm."""
        print(f"SLUICE_STORM_SEED={SEED} SLUICE_STORM_SECONDS={seconds:g}", file=sys.stderr, flush=True)
        folder = Path(tempfile.mkdtemp(prefix="sluice-storm-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        storm = Storm(PROGRAMS, folder, SEED, seconds, environment=environment)
        self.addCleanup(storm.close)
        return storm.run()


class StormTest(StormCase):
    def test_every_promise_is_kept(self):
        findings = self.storm()
        self.assertEqual(findings, [], "\n\n".join(findings))


@unittest.skipIf(b"__asan_init" in (PROGRAMS / "sluiced").read_bytes() or b"__tsan_init" in (PROGRAMS / "sluiced").read_bytes(),
                 "a sanitizer's runtime must be the first library, so that nothing can be preloaded")
class PlantedFaultTest(StormCase):
    """Shows that the checks of a storm can fail."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="sluice-fault-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.library = cls.folder / "fault.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", cls.library, HERE / "fault.c", "-ldl"],
                       check=True)

    def findings_with(self, fault):
        def environment(storm):
            syslog = storm.receivers[1]  # takes what is written to it, and confirms by TCP alone
            return {"LD_PRELOAD": str(self.library), "STORM_FAULT": fault, "STORM_PORT": str(syslog.port)}
        return self.storm(seconds=8, environment=environment)

    def test_a_lost_line_is_found(self):
        findings = self.findings_with("lose_line")
        self.assertTrue(any("lacks some" in finding for finding in findings), findings)

    def test_a_leaked_descriptor_is_found(self):
        findings = self.findings_with("leak_descriptor")
        self.assertTrue(any("descriptors open" in finding for finding in findings), findings)


if __name__ == "__main__":
    unittest.main()
