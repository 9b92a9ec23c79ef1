#!/usr/bin/python3
"""A hook that manages nginx servers of this machine (docs/driver-sdk.md).

One JSON document comes on standard input, one goes to standard output. Each server has a folder below FOLDER, named as the system's
address, with certificate.pem, key.pem, http.conf (empty: no plain HTTP), tls.conf and nginx.conf, which includes them. Everything is replaced
whole, tried with `nginx -t`, and put back when nginx does not take it. Doing the same again changes nothing."""

import base64
import hashlib
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "servers"


class Refused(Exception):
    """What the server does not take, in its own words."""


class Server:
    def __init__(self, address):
        # The name of a folder comes from the document: only an address will do.
        self.folder = FOLDER / str(ipaddress.ip_address(address))
        if not (self.folder / "nginx.conf").is_file():
            raise Refused(f"there is no server in {self.folder}")

    def nginx(self, *more):
        return subprocess.run(["nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf", *more],
                              capture_output=True, text=True)

    def text(self, name):
        return (self.folder / name).read_text()

    def replace(self, files):
        """All of the files or none."""
        old = {name: self.text(name) for name in files}
        if old == files:
            return
        self.write(files)
        tried = self.nginx("-t")
        if tried.returncode != 0:
            self.write(old)
            raise Refused(tried.stderr.strip().splitlines()[0])
        self.nginx("-s", "reload")

    def write(self, files):
        for name, text in files.items():
            new = self.folder / (name + ".new")
            new.unlink(missing_ok=True)
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.rename(self.folder / name)

    def read(self):
        version = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr
        pem = re.search("-----BEGIN CERTIFICATE-----(.*?)-----END", self.text("certificate.pem"), re.S)
        fingerprint = hashlib.sha256(base64.b64decode(pem.group(1))).hexdigest()
        protocols = re.search(r"ssl_protocols (.*);", self.text("tls.conf")).group(1)
        return {"facts": {"system.software": re.search(r"nginx/(\S+)", version).group(1), "system.product_id": "nginx",
                          "certificate.fingerprint": fingerprint},
                "settings": {"service.http.mode": "on" if self.text("http.conf").strip() else "off", "web.tls.versions": protocols}}

    def apply(self, settings):
        files = {}
        for one in settings:
            if one["canonical"] == "service.http.mode":
                files["http.conf"] = self.text("http.conf.on") if one["value"] == "on" else ""
            elif one["canonical"] == "web.tls.versions":
                files["tls.conf"] = f"ssl_protocols {one['value']};\n"
            else:
                raise Refused(f"{one['canonical']} is nothing that this hook sets")
        self.replace(files)
        return {}

    def install_certificate(self, certificate, key):
        self.replace({"certificate.pem": certificate, "key.pem": key})
        return {}


def main():
    document = json.load(sys.stdin)
    try:
        server = Server(document["system"]["address"])
        if document["action"] == "read":
            answer = server.read()
        elif document["action"] == "apply":
            answer = server.apply(document["settings"])
        elif document["action"] == "install_certificate":
            answer = server.install_certificate(document["certificate"], document["key"])
        else:
            answer = {"problems": [f"there is no action {document['action']}"]}
    except Refused as refused:
        answer = {"problems": [str(refused)]}
    json.dump(answer, sys.stdout)


main()
