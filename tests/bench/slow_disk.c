/*
 * A disk that takes its time: LD_PRELOAD, and SLOW_DISK names a file of two
 * longs, the milliseconds that each fsync(2) takes more, and how many there
 * have been (preload.py).
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MS, MET, LONGS };

static atomic_long *disk;

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("SLOW_DISK");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = mmap(NULL, sizeof(*disk) * LONGS, PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		_exit(70);
	close(fd);
	disk = at;
}

int fsync(int fd)
{
	long ms = atomic_load(&disk[MS]);
	struct timespec wait = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&wait, NULL);
	atomic_fetch_add(&disk[MET], 1);
	return (int)syscall(SYS_fsync, fd);
}
