"""Days that pass in a moment, for the real programs over real sockets: the manager, the time server, the workbench and openssl run under libfaketime, and
virtual systems have their clock dialled. Only the clock on the wall moves; waiting takes as long as ever."""

import os
import pathlib

LIBRARIES = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
DAY = 86400


class TimeTravel:
    """`with TimeTravel(world) as time:` after the manager was started. Ends with the clock as it is."""

    def __init__(self, world):
        self.world, self.days = world, 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in self.environment():
            os.environ.pop(name, None)

    def environment(self):
        return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": f"{int(self.days * DAY):+d}", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1"}

    def to(self, days):
        """The manager stops, so many days after the begin it starts again, and begins with what is due by then."""
        if days <= self.days:
            raise ValueError("time goes forward")
        self.world.manager.stop()
        self.days = days
        for name in self.environment():
            os.environ.pop(name, None)
        self.world.control("fault", "*", f"clock:+{int(days * DAY)}s")
        for child in (self.world.manager, self.world.ntp):
            child.env.update(self.environment())
        self.world.ntp.kill()
        self.world.ntp.start()
        os.environ.update(self.environment())
        self.world.restart_manager()
