#!/usr/bin/env python3
"""How the manager serves its web interface: policy, caching, compression, deep links. What people do in it: tests/journeys."""

import gzip
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from api_client import Client  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World("page").__enter__()
        cls.world.start_dns()
        cls.world.start_manager()
        cls.client = Client(cls.world)
        cls.first = cls.client.ask("GET", "/")

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def raw(self, path, **fields):
        api = self.client.connect()
        try:
            api.request("GET", path, headers={name.replace("_", "-"): value for name, value in fields.items()})
            answer = api.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            api.close()

    def assets(self):
        return re.findall(r'(?:src|href)="(/assets/[^"]+)"', self.first.body)

    def test_nothing_comes_from_elsewhere_and_nothing_inline_runs(self):
        policy = self.first.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
            self.assertIn(part, policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotRegex(self.first.body, r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=")
        self.assertNotRegex(self.first.body, r'(?:src|href)="https?:')
        self.assertEqual(self.first.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("<noscript>", self.first.body)

    def test_places_of_the_interface_are_deep_links_and_other_paths_are_not_there(self):
        for place in ("/systems", "/systems/1/evidence", "/log-in"):
            answer = self.client.ask("GET", place)
            self.assertEqual((answer.status, answer.body), (200, self.first.body), place)
        for path in ("/assets/nothing.js", "/favicon.ico", "/index.php", "/api/nothing"):
            answer = self.client.ask("GET", path)
            self.assertEqual((answer.status, answer.type), (404, "application/problem+json"), path)
        self.assertEqual(self.client.ask("GET", "/api/v1/nothing").status, 401)
        self.assertEqual(self.client.ask("POST", "/systems", "x").status, 404)

    def test_files_with_a_hash_in_their_name_are_kept_and_the_first_page_is_asked_for_again(self):
        self.assertGreaterEqual(len(self.assets()), 2)
        for path in self.assets():
            status, fields, _ = self.raw(path)
            self.assertEqual(status, 200, path)
            self.assertIn("immutable", fields["Cache-Control"], path)
        self.assertEqual(self.first.headers["Cache-Control"], "no-cache")
        status, fields, body = self.raw("/", If_None_Match=self.first.headers["ETag"])
        self.assertEqual((status, body), (304, b""))
        self.assertEqual(fields["ETag"], self.first.headers["ETag"])
        self.assertEqual(self.raw("/", If_None_Match='"another"')[0], 200)

    def test_who_takes_compressed_files_gets_them(self):
        path = self.assets()[0]
        _, fields, plain = self.raw(path, Accept_Encoding="identity")
        self.assertNotIn("Content-Encoding", fields)
        _, zipped, small = self.raw(path, Accept_Encoding="gzip, deflate")
        self.assertEqual((zipped["Content-Encoding"], gzip.decompress(small)), ("gzip", plain))
        _, brotli, smaller = self.raw(path, Accept_Encoding="gzip, deflate, br")
        self.assertEqual(brotli["Content-Encoding"], "br")
        self.assertLess(len(smaller), len(small))
        self.assertEqual(len({fields["ETag"], zipped["ETag"], brotli["ETag"]}), 3)
        _, refused, _ = self.raw(path, Accept_Encoding="br;q=0, gzip")
        self.assertEqual(refused["Content-Encoding"], "gzip")


if __name__ == "__main__":
    main()
