#!/usr/bin/env python3
"""The shell scripts are sound (shellcheck), explain themselves, refuse wrong usage, and leave no child behind."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from checks import ROOT, finish, name, repository_files

problems = []


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


scripts = [path for path in repository_files() if path.suffix == ".sh" or path.read_bytes()[:19] == b"#!/usr/bin/env bash"]
told = run("shellcheck", "-x", "-f", "gcc", *scripts)
problems += [line.replace(str(ROOT) + "/", "") for line in told.stdout.splitlines()]
problems += [f"{name(path)}: not executable" for path in scripts
             if not os.access(path, os.X_OK) and path.read_bytes().startswith(b"#!")]

for script in ("./run", "./test"):
    if run(script, "--help").returncode != 0 or "--help" not in run(script, "--help").stdout:
        problems.append(f"{script} --help explains nothing")
for wrong in (["./run", "--port-offset", "99999"], ["./run", "--port-offset", "x"], ["./run", "--data"], ["./run", "elsewhere"],
              ["./test", "--fuzz", "soon"], ["./test", "--asan", "--tsan"], ["./test", "--filter"],
              ["tools/install.sh", "no-such-group"], ["tools/install.sh"]):
    if run(*wrong).returncode != 64:
        problems.append(f"{' '.join(wrong)}: must be refused with exit code 64")


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    except OSError:
        return False


def wait_for(condition):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


PARENT = """set -euo pipefail
. tools/children.sh
children_init "$1/log"
child_start first sleep 600; echo "$child" >>"$1/pids"
child_start second bash -c 'echo words of the child; exec sleep 600'; echo "$child" >>"$1/pids"
{last}
children_wait
"""


def children(last, signals=()):
    """Starts a script with two children that would never end; returns its exit code, what it said, and the children left."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pids = folder / "pids"
        parent = subprocess.Popen(["bash", "-c", PARENT.replace("{last}", last), "parent", folder], cwd=ROOT, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started = wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        if not started:
            problems.append("tools/children.sh: the children did not start")
        for which in signals:
            parent.send_signal(which)
        try:
            said = parent.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            parent.kill()
            said = parent.communicate()[1] + "(did not end)"
        left = [pid for pid in map(int, pids.read_text().split()) if alive(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return parent.returncode, said, left


for label, last, signals, expected in (
        ("stopped by TERM", "", (signal.SIGTERM,), 143),
        ("stopped by HUP", "", (signal.SIGHUP,), 129),
        ("that ends by itself", "exit 3", (), 3),
        ("with an error", "false", (), 1),
        ("whose child fails", "child_start third bash -c 'echo broken; exit 7'", (), 7)):
    status, said, left = children(last, signals)
    if status != expected:
        problems.append(f"tools/children.sh: a script {label} ended with {status}, not {expected}: {said}")
    if left:
        problems.append(f"tools/children.sh: a script {label} left {len(left)} children behind")
    if "third" in last and "broken" not in said:
        problems.append(f"tools/children.sh: a child that failed is not named with its last words: {said}")
finish(problems)
