"""A wall clock that can be set, for one process; what only goes forward goes
on as it does.
"""

from preload import Preloaded

SOURCE = """\
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


class WallClock(Preloaded):
    def __init__(self, folder):
        source = folder / "wallclock.c"
        source.write_text(SOURCE)
        super().__init__(folder, source, "WALL_CLOCK", 1)

    def set(self, seconds):
        """So much ahead of the machine's, all at once."""
        self.put(0, seconds)
