#include "t.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve.h"

enum { PATIENCE_MS = 20, LONG_PATIENCE_MS = 2000, TURNS_MAX = 1000 };

struct fix {
	uv_loop_t loop;
	struct serve *serve;
	int fd;           /* of who asks */
	uint64_t busy_ms; /* with who has come */
	bool opened, over;
	enum serve_event how;
};

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	struct fix *f = arg;

	f->opened = true;
	if (r->event == SERVE_OPENED) {
		uv_sleep((unsigned)f->busy_ms);
		return SERVE_WAIT;
	}
	f->over = true;
	f->how = r->event;
	return SERVE_REFUSE;
}

static void start_with(struct fix *f, uint64_t patience_ms, uint64_t busy_ms)
{
	struct sockaddr_storage at;
	struct sockaddr_in any;

	*f = (struct fix){ .fd = socket(AF_INET, SOCK_STREAM, 0),
		.busy_ms = busy_ms };
	uv_loop_init(&f->loop);
	uv_ip4_addr("127.0.0.1", 0, &any);
	assert_int_equal(
		serve_open(&f->serve, &f->loop, (struct sockaddr *)&any,
			patience_ms, on_request, f),
		0);
	assert_int_equal(serve_address(f->serve, &at), 0);
	assert_int_equal(connect(f->fd, (struct sockaddr *)&at,
				 sizeof(struct sockaddr_in)),
		0);
	t_run_until(&f->loop, &f->opened, TURNS_MAX);
}

static void start(struct fix *f)
{
	start_with(f, PATIENCE_MS, 0);
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

static void on_other(uv_timer_t *timer)
{
	uv_sleep(5);
	uv_update_time(timer->loop);
}

/* Likewise, and another timer is due that sets the loop's clock. */
static void test_while_timers_were_due(void **state)
{
	uv_timer_t other;
	struct fix f;

	(void)state;
	start(&f);
	uv_timer_init(&f.loop, &other);
	uv_timer_start(&other, on_other, PATIENCE_MS + 5, 0);
	assert_int_equal(write(f.fd, "puppet1\n", 8), 8);
	uv_sleep(3 * PATIENCE_MS);
	t_run_until(&f.loop, &f.over, TURNS_MAX);
	uv_close((uv_handle_t *)&other, NULL);
	stop(&f);
	assert_int_equal(f.how, SERVE_MORE);
}

/* As long in the turn in which it has come: its time begins after that. */
static void test_patience_begins_late(void **state)
{
	struct fix f;

	(void)state;
	start_with(&f, LONG_PATIENCE_MS, LONG_PATIENCE_MS + 1);
	for (int turns = 0; turns < 4; turns++) {
		uv_run(&f.loop, UV_RUN_NOWAIT);
		uv_sleep(2);
	}
	assert_false(f.over);
	assert_int_equal(write(f.fd, "puppet1\n", 8), 8);
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
		cmocka_unit_test(test_while_timers_were_due),
		cmocka_unit_test(test_patience_begins_late),
		cmocka_unit_test(test_nothing_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
