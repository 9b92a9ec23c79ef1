"""Journeys through the web interface: a real manager and virtual systems, and a real Chromium that is driven from Node.js.

The browser verifies HTTPS as a person's does: the estate's root is in its profile, and no error of a certificate is overlooked."""

import json
import os
import pathlib

from api_client import Client
from estate import BIN, Failed, run

HERE = pathlib.Path(__file__).resolve().parent

PASSWORD = "Correct-Horse-Battery-77"


def trust_in_browser(home, *roots):
    """Chromium reads the roots of its user from an NSS database."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    run("certutil", "-d", f"sql:{database}", "-N", "--empty-password")
    for number, root in enumerate(roots):
        run("certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", f"root {number}", "-i", root)


def travel(world, journey, root=None, roots=(), **more):
    """Runs one file of journeys against the manager of a world. The browser trusts `root` (the manager's if not said), and `roots` besides."""
    home = world.folder / "home"
    if not home.exists():
        trust_in_browser(home, root or world.folder / "manager" / "ca.pem", *roots)
    packages = run(HERE.parent.parent / "tools" / "install_npm.sh", "tests/support/journeys").stdout.strip()
    work = world.folder / "journeys"
    work.mkdir(exist_ok=True)
    # Modules are looked for above the file that asks for them.
    for file in (HERE / "journeys").glob("*.mjs"):
        (work / file.name).write_text(file.read_text())
    if not (work / "node_modules").exists():
        (work / "node_modules").symlink_to(f"{packages}/node_modules")
    settings = {"url": f"https://{world.manager_host}:{world.port(443)}", "host": world.manager_host, "address": world.manager_address,
                "folder": str(world.folder), "home": str(home), "net": world.net, "offset": world.offset, "countersign": str(BIN / "countersign"),
                "surroundings": {**world.cli_surroundings(), "PATH": os.environ["PATH"], "HOME": str(world.folder)}, **more}
    done = run("node", work / journey, check=False, env={"JOURNEY_SETTINGS": json.dumps(settings), "HOME": str(home)}, timeout=400)
    if not more.get("quiet"):
        print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        if folder := os.environ.get("COUNTERSIGN_PICTURES"):
            failed = world.folder / "failed.png"
            if failed.exists():
                (pathlib.Path(folder) / "failed.png").write_bytes(failed.read_bytes())
        raise Failed(f"{journey} failed:\n{done.stderr[-6000:]}")
    return done.stdout


def set_up_password(world):
    return world.manager.await_line("set-up password:").split(":", 1)[1].strip()


def prepare_people(world, **people):
    """The administrator with the usual password, and an account for each role; answers role -> password."""
    set_up_administrator(world)
    passwords = {}
    for role, name in people.items():
        once = world.api("account", "add", name, "--role", role)["one_time_password"]
        passwords[role] = f"{PASSWORD}-{name}"
        client = Client(world)
        answer = client.ask("POST", "/api/v1/session", {"user": name, "password": once}, {})
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        answer = client.ask("PUT", "/api/v1/session/password", {"old_password": once, "new_password": passwords[role]}, {"Cookie": cookie})
        assert answer.status == 204, answer
    return passwords


def set_up_administrator(world):
    answer = Client(world).ask("POST", "/api/v1/setup", {"setup_password": set_up_password(world), "new_password": PASSWORD}, {})
    assert answer.status == 204, answer


def token(world):
    return (world.folder / "manager" / "token").read_text().strip()


def call_of(unit):
    """What a system says when it boots, to the external manager that it was told."""
    return ('<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><PostEvent><Identification>'
            f"<SystemName>Lobby</SystemName><MACAddress>{unit['mac']}</MACAddress><IPAddress>{unit['address']}</IPAddress>"
            f"<ProductType>TANDBERG Codec</ProductType><SWVersion>TC4.1.2</SWVersion><SerialNumber>{unit['serial']}</SerialNumber>"
            "</Identification><Event>Boot</Event></PostEvent></env:Body></env:Envelope>")
