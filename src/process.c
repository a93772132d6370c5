#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
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
	limit.rlim_cur = limit.rlim_max < PROCESS_FILES_MAX ? limit.rlim_max
							    : PROCESS_FILES_MAX;
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

/*
 * Only what may be called by a signal: no log_error(); nor exit(), which would
 * have libuv wait for threads that are not there.
 */
static void on_abort(int number)
{
	static const char line[] =
		"error start text=\"no memory, threads or descriptors\"\n";
	ssize_t n = write(STDERR_FILENO, line, sizeof(line) - 1);

	(void)n;
	(void)number;
	_exit(1);
}

static void on_event(uv_poll_t *handle, int status, int events)
{
	(void)handle;
	(void)status;
	(void)events;
}

/* Shows libuv the highest descriptor that there can be. */
static int fill_table(uv_loop_t *loop)
{
	static uv_poll_t highest;
	struct rlimit limit;
	int any = eventfd(0, EFD_CLOEXEC), fd = -1, rc = 0;

	if (any >= 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		fd = fcntl(any, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - 1);
	if (fd < 0)
		rc = uv_translate_sys_error(errno);
	if (any >= 0)
		close(any);
	if (rc == 0)
		rc = uv_poll_init(loop, &highest, fd);
	if (rc == 0) {
		rc = uv_poll_start(&highest, UV_READABLE, on_event);
		uv_close((uv_handle_t *)&highest, NULL);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static void do_nothing(uv_work_t *work)
{
	(void)work;
}

/* They start with the first piece of work. */
static int start_threads(uv_loop_t *loop)
{
	static uv_work_t work;

	return uv_queue_work(loop, &work, do_nothing, NULL);
}

static int provide(uv_loop_t *loop)
{
	int rc = fill_table(loop);

	if (rc == 0)
		rc = start_threads(loop);
	uv_run(loop, UV_RUN_DEFAULT);
	if (rc != 0)
		uv_loop_close(loop);
	return rc;
}

int process_open_loop(uv_loop_t *loop)
{
	void (*before)(int) = signal(SIGABRT, on_abort);
	int rc = uv_loop_init(loop);

	if (rc == 0)
		rc = provide(loop);
	signal(SIGABRT, before);
	return rc;
}
