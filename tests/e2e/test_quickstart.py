"""What README's first command shows, with the programs under test."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from case import PROGRAMS, ROOT


class QuickstartTest(unittest.TestCase):
    def test_every_line_arrives_everywhere_and_every_account_adds_up(self):
        with tempfile.TemporaryDirectory(prefix="sluice-quickstart-") as folder:
            done = subprocess.run([sys.executable, "-B", ROOT / "ops/demo.py", "--programs", PROGRAMS, "--log",
                                   Path(folder) / "log", "--once"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("every line arrived once", done.stdout)


if __name__ == "__main__":
    unittest.main()
