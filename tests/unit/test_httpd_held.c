/* The HTTP server on a loop: answers that are put off, and ends. */
#include "httpd_fix.h"

static void put_off(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	f.reply_at = HTTPD_AGAIN;
	f.again = 3;
	expect(&f, "GET /b HTTP/1.1\r\n\r\n", GOOD POLICY "\r\nxxx");
	assert_int_equal(f.asked[HTTPD_FIRST], 1);
	assert_int_equal(f.asked[HTTPD_AGAIN], 3);
	assert_string_equal(f.path, "/b");
	/* And another: the timer has stopped, and runs again. */
	f.again = 5;
	expect(&f, "HEAD /b HTTP/1.1\r\n\r\n", GOOD POLICY "\r\n");
	assert_int_equal(f.asked[HTTPD_AGAIN], 5);
	stop(&f);
}

static void put_off_to_the_end(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	f.reply_at = HTTPD_LAST;
	expect(&f, "GET / HTTP/1.1\r\n\r\n", GOOD POLICY "\r\nxxx");
	assert_int_equal(f.asked[HTTPD_LAST], 1);
	stop(&f);
}

/* Some wait, one leaves, one stays till the server is closed. */
static void leaving(void **state)
{
	static const enum peer_way ways[] = { PEER_TALKS, PEER_HANGUP,
		PEER_RESET, PEER_TALKS };
	struct peer peers[4];
	struct fix f;

	(void)state;
	start(&f);
	f.reply_at = HTTPD_LAST;
	for (size_t i = 0; i < 4; i++) {
		peers[i] = (struct peer){ .way = ways[i],
			.text = "GET / HTTP/1.1\r\n\r\n" };
		open_peer(&f, &peers[i]);
	}
	for (int i = 0; f.asked[HTTPD_AGAIN] < 4 && i < TURNS_MAX; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_true(f.asked[HTTPD_AGAIN] >= 4);
	peer_close(&peers[0]);
	for (int i = 0; i < 100; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	httpd_close(f.httpd);
	f.httpd = NULL;
	t_run_until(&f.loop, &peers[3].done, TURNS_MAX);
	stop(&f);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(peers[i].got.len, 0);
		peer_free(&peers[i]);
	}
}

/* Closed after any number of turns. */
static void close_sweep(void **state)
{
	bool got = false;

	(void)state;
	for (int turns = 0; !got; turns++) {
		struct peer p = { .way = PEER_TALKS,
			.text = "GET / HTTP/1.1\r\n\r\n" };
		struct fix f;

		start(&f);
		f.reply_at = turns % 2 ? HTTPD_AGAIN : HTTPD_FIRST;
		open_peer(&f, &p);
		for (int i = 0; i < turns && !p.done; i++)
			uv_run(&f.loop, UV_RUN_ONCE);
		got = p.done && turns % 2;
		httpd_close(f.httpd);
		f.httpd = NULL;
		t_run_until(&f.loop, &p.done, TURNS_MAX);
		stop(&f);
		peer_free(&p);
	}
}

static void a_port_that_is_taken(void **state)
{
	const struct httpd_handler handler = { let_in, answer, NULL };
	struct httpd *second = NULL;
	char address[ADDR_TEXT_MAX];
	struct fix f;

	(void)state;
	start(&f);
	httpd_address(f.httpd, address);
	assert_int_equal(
		httpd_open(&second, &f.loop, address, &handler), UV_EADDRINUSE);
	assert_int_equal(
		httpd_open(&second, &f.loop, "nonsense", &handler), UV_EINVAL);
	assert_null(second);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_off),
		cmocka_unit_test(put_off_to_the_end),
		cmocka_unit_test(leaving),
		cmocka_unit_test(close_sweep),
		cmocka_unit_test(a_port_that_is_taken),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests_name("httpd held", tests, NULL, NULL);
}
