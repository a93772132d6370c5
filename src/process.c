#include "process.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

/* Below the 16 KB of a TLS record, above all that stays. */
enum { PAGES_OF_THEIR_OWN = 12 * 1024 };

/* Room for each listener to be full, so that none starves the others. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * What a probe needs goes back to the system when it ends, and leaves no holes
 * between what stays: the buffers of TLS and of replies get pages of their own.
 * Threads are few and allocate seldom: they need no heaps of their own either.
 */
static void keep_memory_small(void)
{
	mallopt(M_MMAP_THRESHOLD, PAGES_OF_THEIR_OWN);
	mallopt(M_ARENA_MAX, 1);
}

static void seed(void)
{
	unsigned value = 0;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = (unsigned)getpid();
	srandom(value);
	json_object_seed(0);
}

void process_prepare(void)
{
	keep_memory_small();
	seed();
	allow_many_files();
}
