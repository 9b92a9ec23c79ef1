#!/usr/bin/env python3
"""The agent as a small program and as a large estate, as ratios to what was promised and to the physical limit.

    COUNTERSIGN_BIN=build/release/bin bench/appliance.py [COUNT...]

One system: size of the stripped program, resident memory after 30 requests over HTTPS, time from start to the first HTTPS answer with a certificate that
exists, each over its limit (below 1 is good). Estates of COUNT systems (default 1000 and 5000): first boot against the signatures
and verifications that it cannot do without (openssl speed, same cores, same run), later boots, memory and open files each."""

import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from estate import BIN, World  # noqa: E402

SIZE_LIMIT, MEMORY_LIMIT, START_LIMIT = 5_000_000, 15 * 1024, 0.2
ROUNDS = 5
REQUESTS = 30


def resident(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


def stripped_size(world):
    copy = world.folder / "stripped"
    subprocess.run(["strip", "-o", copy, BIN / "countersign-device"], check=True)
    return copy.stat().st_size


def first_answer(world):
    """Seconds until one HTTPS request was answered, asked for again and again from the moment of the start."""
    world.add_estate([{"family": "c-series", "settings": {"service.https.mode": "on"}}], name="one")
    command = [BIN / "countersign-device", "--estate", world.folder / "one.toml", "--data", world.folder / "one", "--port-offset", world.offset]
    url = f"https://{world.net}.1:{world.port(443)}/"
    times, memory = [], 0
    for number in range(ROUNDS + 1):
        begun = time.monotonic()
        device = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while subprocess.run(["curl", "-sk", "-o", "/dev/null", "--max-time", "5", url], check=False).returncode != 0:
                if time.monotonic() - begun > 20:
                    raise SystemExit("no answer within 20 s")
            if number:  # the first makes the certificate
                times.append(time.monotonic() - begun)
            for _ in range(REQUESTS):  # what it needs in daily work is back in memory
                subprocess.run(["curl", "-sk", "-o", "/dev/null", "--max-time", "5", url], check=True)
            memory = resident(device.pid)
        finally:
            device.terminate()
            device.wait()
    return statistics.median(times), memory


def raw_rates():
    """Signatures and verifications a second with P-256 on all cores."""
    out = subprocess.run(["openssl", "speed", "-seconds", "1", "-multi", str(os.cpu_count()), "ecdsap256"], capture_output=True, text=True,
                         check=True).stdout
    sign, verify = re.search(r"256 bits ecdsa \(nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)", out).groups()
    return float(sign), float(verify)


def boot(world, count, data):
    log = open(world.folder / f"log{count}", "ab")
    begun = time.monotonic()
    device = subprocess.Popen([str(part) for part in (BIN / "countersign-device", "--count", count, "--mix", "c-series=60,mcu=40", "--data", data,
                                                      "--port-offset", world.offset, "--base-address", f"{world.net}.1")],
                              stdout=subprocess.PIPE, stderr=log, text=True)
    line = device.stdout.readline().strip()
    taken = time.monotonic() - begun
    if not line.startswith("ready:"):
        raise SystemExit(f"not ready: {line}")
    files, memory = len(os.listdir(f"/proc/{device.pid}/fd")), resident(device.pid)
    device.terminate()
    device.wait()
    return taken, files, memory, line


def row(what, value, ratio):
    print(f"{what:<58} {value:>22} {ratio:>8.2f}", flush=True)


def main():
    counts = [int(text) for text in sys.argv[1:]] or [1000, 5000]
    print(f"{'what':<58} {'measured':>22} {'ratio':>8}")
    with World("bench") as world:
        size = stripped_size(world)
        row("stripped program, of 5 MB", f"{size / 1e6:.2f} MB", size / SIZE_LIMIT)
        seconds, memory = first_answer(world)
        row("start to first HTTPS answer, of 200 ms", f"{seconds * 1000:.0f} ms", seconds / START_LIMIT)
        row("resident memory of one system, of 15 MiB", f"{memory / 1024:.1f} MiB", memory / MEMORY_LIMIT)
        sign, verify = raw_rates()
        for count in counts:
            data = world.folder / f"estate{count}"
            taken, files, first_memory, line = boot(world, count, data)
            # A key (as dear as a signature), the request's signature and its check, the certificate's signature.
            limit = count * (3 / sign + 1 / verify)
            row(f"{count} systems, first boot, over raw keys and signatures", f"{taken:.2f} s", taken / limit)
            again, _, memory_again, _ = boot(world, count, data)
            row(f"{count} systems, later boot, of the first", f"{again:.2f} s", again / taken)
            row(f"{count} systems, KiB for each beyond the first, of one alone", f"{(memory_again - memory) / count:.1f} KiB",
                (memory_again - memory) / count / memory)
            row(f"{count} systems, open files for each", f"{files} ({line.partition(', ')[2] or 'own listeners'})", files / count)
            shutil.rmtree(data)


if __name__ == "__main__":
    main()
