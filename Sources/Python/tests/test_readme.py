"""The program in the package's README."""

import os
import subprocess
import sys
import tempfile
import unittest

import torch
from worker import HERE


class ReadmeTests(unittest.TestCase):
    """The README's program, as it stands there."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(os.path.join(HERE, "..", "README.md"), encoding="utf-8") as file:
            self.text = file.read().split("```python\n")[1].split("```")[0]
        with open(os.path.join(self.folder, "train.py"), "w", encoding="utf-8") as file:
            file.write(self.text)

    def check(self):
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
        return subprocess.run(
            [sys.executable, "train.py", "--check", "--data", "site"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def test_it_trains_each_stage_in_thirty_lines(self):
        self.assertLessEqual(len(self.text.splitlines()), 30)
        os.mkdir(os.path.join(self.folder, "site"))
        for name, values in (
            ("images", torch.randn(100, 1, 28, 28)),
            ("labels", torch.randint(0, 10, (100,))),
        ):
            torch.save(values, os.path.join(self.folder, "site", f"{name}.pt"))
        said = self.check()
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertIn("client 0 trains on 80, holds 20 out", said.stdout)
        for stage in (1, 2, 3):
            self.assertIn(f"stage {stage}: ", said.stdout)

    def test_what_is_wrong_is_told(self):
        said = self.check()
        self.assertEqual(said.returncode, 1)
        self.assertIn("images.pt", said.stdout + said.stderr)
