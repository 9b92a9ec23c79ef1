"""A headless Chromium, driven over WebDriver (W3C): plain HTTP and JSON to Debian's chromedriver.

The manager's name resolves to its address inside this browser only. A browser of its own knows no private root: openssl verifies
the certificate first, and the browser is told to believe exactly that key."""

import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

from estate import PATIENCE, Child, Failed, run, wait_for

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Session(Child):
    """A program in a session of its own, which ends with everything that it started."""

    def __init__(self, name, command, log):
        super().__init__(name, ["setsid", *command], log)

    def kill(self):
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.getsid(int(entry.name)) == self.process.pid:
                    os.kill(int(entry.name), signal.SIGKILL)
            except ProcessLookupError:
                pass
        super().kill()

    def stop(self):
        self.kill()


class Browser:
    def __init__(self, world, width=1280, height=900, dark=False):
        self.world, self.home = world, world.folder / "browser"
        self.home.mkdir(exist_ok=True)
        self.driver = Session("chromedriver", ["env", f"HOME={self.home}", "chromedriver", "--port=0"], world.folder / "chromedriver.log")
        world.children.append(self.driver)
        line = wait_for(lambda: re.search(r"started successfully on port (\d+)", self.driver.text()), "chromedriver is ready", 60)
        self.base = f"http://127.0.0.1:{line[1]}"
        fingerprint = self._key_of_manager()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--window-size={width},{height}",
                   f"--host-resolver-rules=MAP {world.manager_host} {world.manager_address}", "--no-proxy-server",
                   f"--ignore-certificate-errors-spki-list={fingerprint}", f"--user-data-dir={self.home}/profile"]
        if dark:
            options.append("--force-dark-mode")
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": options}, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def _key_of_manager(self):
        shown = run("openssl", "s_client", "-connect", f"{self.world.manager_address}:{self.world.port(443)}", "-CAfile",
                    self.world.folder / "manager" / "ca.pem", "-verify_return_error", "-verify_hostname", self.world.manager_host, stdin="").stdout
        key = run("openssl", "x509", "-noout", "-pubkey", stdin=shown).stdout
        body = base64.b64decode("".join(line for line in key.splitlines() if not line.startswith("-")))
        digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=body, capture_output=True, check=True).stdout
        return base64.b64encode(digest).decode()

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"},
                                         method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            raise Failed(f"{method} {path}: {refused.read().decode()[:800]}") from None

    def _do(self, method, path, body=None):
        return self._ask(method, f"/session/{self.session}{path}", body)

    def open(self, path="/"):
        self._do("POST", "/url", {"url": f"https://{self.world.manager_host}:{self.world.port(443)}{path}"})

    def script(self, code, *arguments):
        return self._do("POST", "/execute/sync", {"script": code, "args": list(arguments)})

    def find(self, selector):
        return self._do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def shown(self, selector):
        """Can a person see it?"""
        return self.script("const one = document.querySelector(arguments[0]); return !!one && one.checkVisibility();", selector)

    def await_shown(self, selector):
        wait_for(lambda: self.shown(selector), f"{selector} is shown; the page says: {self.text()}", 20)

    def text(self, selector="body"):
        """As it is rendered: without what is hidden."""
        return self.script("return document.querySelector(arguments[0]).innerText", selector)

    def type(self, selector, text):
        self._do("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self._do("POST", f"/element/{self.find(selector)}/click", {})

    def resize(self, width, height=900):
        self._do("POST", "/window/rect", {"width": width, "height": height})

    def complaints(self):
        """What the browser's console holds against the page."""
        return [entry["message"] for entry in self._do("POST", "/se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, file):
        pathlib.Path(file).write_bytes(base64.b64decode(self._do("GET", "/screenshot")))

    def close(self):
        self._do("DELETE", "")
        self.driver.stop()
