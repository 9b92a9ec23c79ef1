"""What the guide tests share: running one, and saying which step is done."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))


def step(text):
    """A step of the guide, in its own numbering, for whoever reads the log."""
    print(f"  {text}", flush=True)


def main():
    unittest.main(verbosity=2)
