#include "t.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve.h"

static const int *errors; /* what accept4() says next; 0: does its work */

int accept4(int fd, struct sockaddr *restrict sa, socklen_t *restrict len,
	int flags)
{
	int taken;

	if (*errors != 0) {
		errno = *errors++;
		return -1;
	}
	taken = accept(fd, sa, len);
	assert_int_equal(flags, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return taken;
}

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	unsigned *opened = arg;

	*opened += r->event == SERVE_OPENED;
	return SERVE_WAIT;
}

/* Turns of the loop until somebody who waits has been taken. */
static unsigned turns(const int *script)
{
	struct sockaddr_storage at;
	struct sockaddr_in any;
	unsigned opened = 0, n = 0;
	struct serve *serve;
	uv_loop_t loop;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	errors = script;
	uv_loop_init(&loop);
	uv_ip4_addr("127.0.0.1", 0, &any);
	assert_int_equal(serve_open(&serve, &loop, (struct sockaddr *)&any,
				 60000, on_request, &opened),
		0);
	assert_int_equal(serve_address(serve, &at), 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&at, sizeof(struct sockaddr_in)),
		0);
	for (; opened == 0 && n < 100; n++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(opened, 1);
	serve_close(serve);
	t_loop_close(&loop);
	close(fd);
	return n;
}

/* accept(2): the next one may be there already. */
static void test_its_own(void **state)
{
	static const int script[] = { ECONNABORTED, EINTR, ENETDOWN, EPROTO,
		ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
		ENETUNREACH, 0 };

	(void)state;
	assert_int_equal(turns(script), 1);
}

/* It would be the same for the next one, and the next. */
static void test_ours(void **state)
{
	static const int scripts[][2] = { { EMFILE }, { ENFILE }, { ENOMEM },
		{ ENOBUFS }, { EPERM } };

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		assert_true(turns(scripts[i]) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_own),
		cmocka_unit_test(test_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
