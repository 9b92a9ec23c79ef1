"""The workbench as a process, in a folder of its own, with openssl and certtool as other people's eyes."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

PROGRAM = str(pathlib.Path(os.environ["COUNTERSIGN_BIN"]).resolve() / "countersign")


class Done:
    """A finished command: exit code, standard output and error as text."""

    def __init__(self, arguments, completed):
        self.arguments = arguments
        self.code = completed.returncode
        self.out = completed.stdout.decode(errors="replace")
        self.err = completed.stderr.decode(errors="replace")
        self.bytes = completed.stdout

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{' '.join(map(str, self.arguments))}\nexit code {self.code}\n{self.out}\n{self.err}"


class InFolder(unittest.TestCase):
    """Each test has a new folder, where all commands run."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_program(self, *arguments, code=0, stdin=b""):
        """Runs a program; its exit code must be `code` (None: any)."""
        completed = subprocess.run([str(a) for a in arguments], cwd=self.folder, input=stdin, capture_output=True, timeout=120)
        done = Done(arguments, completed)
        if code is not None:
            self.assertEqual(done.code, code, str(done))
        return done

    def countersign(self, *arguments, code=0, stdin=b""):
        return self.run_program(PROGRAM, *arguments, code=code, stdin=stdin)

    def openssl(self, *arguments, code=0, stdin=b""):
        return self.run_program("openssl", *arguments, code=code, stdin=stdin)

    def certtool(self, *arguments, code=0, stdin=b""):
        return self.run_program("certtool", *arguments, code=code, stdin=stdin)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name):
        return (self.folder / name).read_text()

    def mode(self, name):
        return stat.S_IMODE((self.folder / name).stat().st_mode)
