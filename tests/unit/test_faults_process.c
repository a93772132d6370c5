/*
 * Memory fails, and libuv aborts for it: while a loop is opened that is said
 * and ends the process with 1; afterwards there is nothing to abort for.
 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "log.h"
#include "process.h"

enum { OPENED = 10, ALL_THERE };

/* In a process of its own: how it ends when that allocation fails. */
static int open_without(unsigned long number)
{
	uv_loop_t loop;
	int status, rc;
	pid_t pid = fork();

	if (pid == 0) {
		failing_arm(FAILING_ALL, number, 1);
		rc = process_open_loop(&loop);
		failing_disarm();
		if (failing_so_far() == 0)
			_exit(ALL_THERE);
		_exit(rc == 0 ? OPENED : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_start(void **state)
{
	int ended, refused = 0, n = 0;

	(void)state;
	while ((ended = open_without((unsigned long)n + 1)) != ALL_THERE) {
		assert_true(ended == 1 || ended == OPENED);
		refused += ended == 1;
		n++;
	}
	print_message("%d allocations, %d of them needed\n", n, refused);
	assert_true(refused > 0);
}

static int top(int fd)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_cur <= PROCESS_FILES_MAX);
	return fcntl(fd, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - 1);
}

static void on_event(uv_poll_t *handle, int status, int events)
{
	(void)events;
	assert_int_equal(status, 0);
	uv_close((uv_handle_t *)handle, NULL);
}

static void work(uv_work_t *req)
{
	*(bool *)req->data = true;
}

/* The highest descriptor that there can be, and the first piece of work. */
static void test_later(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC), highest;
	uv_loop_t loop;
	uv_poll_t poll;
	uv_work_t req;
	bool worked = false;

	(void)state;
	process_prepare();
	assert_int_equal(process_open_loop(&loop), 0);
	highest = top(fd);
	assert_true(highest > fd);
	assert_int_equal(top(fd), -1);
	assert_int_equal(errno, EMFILE);
	req.data = &worked;
	failing_arm(FAILING_ALL, 1, ULONG_MAX);
	assert_int_equal(uv_poll_init(&loop, &poll, highest), 0);
	assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_event), 0);
	assert_int_equal(uv_queue_work(&loop, &req, work, NULL), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	failing_disarm();
	assert_true(worked);
	t_loop_close(&loop);
	close(highest);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_later),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("faults_process", tests, NULL, NULL);
}
