"""A wall clock that can be set, for one process; what only goes forward goes
on as it does.
"""

import os
import struct
import subprocess

SOURCE = """\
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long *off_s;

__attribute__((constructor)) static void open_offset(void)
{
	int fd = open(getenv("WALL_CLOCK"), O_RDONLY | O_CLOEXEC);

	off_s = mmap(NULL, sizeof(*off_s), PROT_READ, MAP_SHARED, fd, 0);
	if (off_s == MAP_FAILED)
		_exit(70);
	close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ts->tv_sec += off_s != NULL ? *off_s : 0;
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}
"""


class WallClock:
    """`env` is for the process that is to have it."""

    def __init__(self, folder):
        source, library = folder / "wallclock.c", folder / "wallclock.so"
        source.write_text(SOURCE)
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o",
                        library, source], check=True)
        self.path = folder / "wallclock"
        self.path.write_bytes(bytes(8))
        self.env = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(self.path),
                    "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.wrap = ["env", *("%s=%s" % item for item in self.env.items())]

    def set(self, seconds):
        """So much ahead of the machine's, all at once."""
        with open(self.path, "r+b", buffering=0) as file:
            file.write(struct.pack("l", seconds))
