#!/usr/bin/env python3
"""Factory defaults to Level 4 for many virtual systems on one machine, and what the agent costs in memory.

    COUNTERSIGN_BIN=build/release/bin python3 bench/factory_to_level_4.py [COUNT ...]     default: 100 1000

Both ends run on this machine: the systems in one process, the manager in another, a real name server and time server. Measured
from the moment Secure-Only On + Verify Certificates is asked for to the moment the last system is proven at Level 4. Prints the
time, the rate, and the rate as a ratio to the aim of 1,000 systems in 60 s."""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from estate import World, run  # noqa: E402


def memory(process):
    """Resident bytes, and those that the process does not share."""
    text = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines()[1:]}
    return fields["Rss"], fields["Private_Clean"] + fields["Private_Dirty"]


def processor(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def agent_alone():
    with World("memory") as world:
        world.add_estate([{"family": "c-series", "host_name": "one.company.com"}])
        world.start_dns()
        world.start_device()
        return memory(world.device.process)


def measure(count):
    with World(f"bench{count}") as world:
        mcus = count * 4 // 10
        systems = [{"family": "mcu" if number < mcus else "c-series", "host_name": f"s{number}.company.com",
                    "address": f"{world.net.rsplit('.', 1)[0]}.{100 + number // 200}.{number % 200 + 1}"} for number in range(count)]
        began = time.monotonic()
        world.start_all(systems, "--log-level", "warning")
        boot = time.monotonic() - began
        at_factory = memory(world.device.process)
        # One command for each would measure the starting of programs: add them through one connection.
        secret = (world.folder / "manager" / "token").read_text().strip()
        import http.client
        import json
        import ssl
        context = ssl.create_default_context(cafile=str(world.folder / "manager" / "ca.pem"))
        api = http.client.HTTPSConnection(world.manager_host, world.port(443), context=context)
        api._create_connection = lambda address, *rest, **more: __import__("socket").create_connection((world.manager_address, world.port(443)))
        for system in systems:
            body = json.dumps({key: system[key] for key in ("host_name", "address", "family")})
            api.request("POST", "/api/v1/systems", body, {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"})
            answer = api.getresponse()
            answer.read()
            assert answer.status == 201, answer.status
        world.cli("job", "wait", "--timeout", "600")
        before = processor(world.device.process), processor(world.manager.process)
        began = time.monotonic()
        world.cli("secure-only", "set", "verify")
        done = world.cli("enforce", "--wait", "--timeout", "1200", check=False, timeout=1300)
        took = time.monotonic() - began
        used = processor(world.device.process) - before[0], processor(world.manager.process) - before[1]
        at_4 = sum(1 for system in world.systems().values() if system["level"] == 4)
        print(f"{count} systems: first boot with {count} new keys {boot:.1f} s; factory to Level 4 {took:.1f} s, {count / took:.1f} systems/s, "
              f"ratio to the aim {count / took / (1000 / 60):.2f}; {at_4} of {count} at Level 4; processor time agent {used[0]:.1f} s, manager {used[1]:.1f} s")
        after = memory(world.device.process)
        print(f"  agent: {at_factory[0] / 2**20:.1f} MiB resident at factory defaults, {after[0] / 2**20:.1f} MiB at Level 4; "
              f"manager {memory(world.manager.process)[0] / 2**20:.1f} MiB")
        if done.returncode != 0 or at_4 != count:
            print(done.stderr[-500:], world.cli("ticket", "list").stdout[:2000])
        return at_factory


if __name__ == "__main__":
    alone = agent_alone()
    print(f"agent with one system: {alone[0] / 2**20:.1f} MiB resident, {alone[1] / 2**20:.1f} MiB of its own")
    for number in [int(text) for text in sys.argv[1:]] or [100, 1000]:
        many = measure(number)
        print(f"  each further virtual system: {(many[0] - alone[0]) / (number - 1) / 1024:.0f} KiB resident")
