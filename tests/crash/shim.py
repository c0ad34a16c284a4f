"""Disks that fail and clocks that lie, for programs that run under shim.c."""

import enum
import errno
import mmap
import os
import struct

from harness import BIN

LIBRARY = BIN / "waxwing-test-shim.so"
CLOCK, KINDS, ERROR, FIRST, TIMES, SEEN, STRUCK, LOSSY = range(8)
WHERE = 8 * 8
ALWAYS = 1 << 40
SHORT = -1  # an error that is none: half a write, then no space
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "short": SHORT}


class Kind(enum.IntFlag):
    OPEN = 1
    WRITE = 2
    SYNC = 4
    TRUNCATE = 8
    RENAME = 16
    READ = 32
    STAT = 64


class Shim:
    """One page that some programs look at. `under`: the directory whose files may fail."""

    def __init__(self, page, under):
        page.write_bytes(bytes(4096))
        # AddressSanitizer, where the programs are built with it, minds not being the first library.
        sanitizer = [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"]
        self.environment = {"LD_PRELOAD": str(LIBRARY), "WAXWING_SHIM_PAGE": str(page),
                            "WAXWING_SHIM_UNDER": str(under.resolve()),
                            "ASAN_OPTIONS": ":".join(filter(None, sanitizer))}
        with open(page, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 4096)

    def _set(self, field, value):
        struct.pack_into("<q", self.page, field * 8, value)

    def _get(self, field):
        return struct.unpack_from("<q", self.page, field * 8)[0]

    def fail(self, kinds, error, first, times=1, lossy=False):
        """Counts anew from here."""
        self._set(KINDS, 0)
        self._set(ERROR, error)
        self._set(FIRST, first)
        self._set(TIMES, times)
        self._set(SEEN, 0)
        self._set(STRUCK, 0)
        self._set(LOSSY, int(lossy))
        self.page[WHERE:WHERE + 1024] = bytes(1024)
        self._set(KINDS, int(kinds))

    def mend(self):
        self._set(KINDS, 0)

    @property
    def seen(self):
        """How many calls there were that could have failed."""
        return self._get(SEEN)

    @property
    def struck(self):
        return self._get(STRUCK)

    @property
    def where(self):
        """What failed first, "KIND FILE"."""
        kind, _, path = self.page[WHERE:WHERE + 1024].split(b"\0")[0].decode().partition(" ")
        return f"{kind} {os.path.basename(path)}"

    def shift_clock(self, seconds):
        self._set(CLOCK, int(seconds * 1000))
