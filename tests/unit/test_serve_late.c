#include "t.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve.h"

enum { PATIENCE_MS = 20, TURNS_MAX = 1000 };

struct fix {
	uv_loop_t loop;
	struct serve *serve;
	int fd; /* of who asks */
	bool opened, over;
	enum serve_event how;
};

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	struct fix *f = arg;

	f->opened = true;
	if (r->event == SERVE_OPENED)
		return SERVE_WAIT;
	f->over = true;
	f->how = r->event;
	return SERVE_REFUSE;
}

static void start(struct fix *f)
{
	struct sockaddr_storage at;
	struct sockaddr_in any;

	*f = (struct fix){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	uv_loop_init(&f->loop);
	uv_ip4_addr("127.0.0.1", 0, &any);
	assert_int_equal(
		serve_open(&f->serve, &f->loop, (struct sockaddr *)&any,
			PATIENCE_MS, on_request, f),
		0);
	assert_int_equal(serve_address(f->serve, &at), 0);
	assert_int_equal(connect(f->fd, (struct sockaddr *)&at,
				 sizeof(struct sockaddr_in)),
		0);
	t_run_until(&f->loop, &f->opened, TURNS_MAX);
}

static void stop(struct fix *f)
{
	t_run_until(&f->loop, &f->over, TURNS_MAX);
	serve_close(f->serve);
	t_loop_close(&f->loop);
	close(f->fd);
}

/* It was there in time: the loop has come late, not the line. */
static void test_while_the_loop_was_busy(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(write(f.fd, "puppet1\n", 8), 8);
	uv_sleep(3 * PATIENCE_MS);
	stop(&f);
	assert_int_equal(f.how, SERVE_MORE);
}

static void test_nothing_came(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	uv_sleep(3 * PATIENCE_MS);
	stop(&f);
	assert_int_equal(f.how, SERVE_LATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_while_the_loop_was_busy),
		cmocka_unit_test(test_nothing_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
