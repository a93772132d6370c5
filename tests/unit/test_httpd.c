/* The HTTP server on a loop: requests and replies. */
#include "httpd_fix.h"

static void each_method(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	expect(&f, "GET /a HTTP/1.1\r\n\r\n", GOOD POLICY "\r\nxxx");
	assert_string_equal(f.path, "/a");
	expect(&f, "HEAD / HTTP/1.0\r\n\r\n", GOOD POLICY "\r\n");
	expect(&f, "OPTIONS / HTTP/1.0\r\n\r\n",
		GOOD "Allow: GET, HEAD, OPTIONS\r\n" POLICY "\r\nxxx");
	expect(&f, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain"
		"\r\nContent-Length: 23\r\n" FIXED
		"Allow: GET, HEAD, OPTIONS\r\n\r\n405 Method Not Allowed\n");
	assert_int_equal(f.asked[HTTPD_FIRST], 3);
	stop(&f);
}

static const struct {
	const char *request, *first;
} wrong[] = {
	{ "\x16\x03\x01", "HTTP/1.1 400 Bad Request\r\n" },
	{ "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
		"HTTP/1.1 413 Content Too Large\r\n" },
	{ "GET / HTTP/3.0\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n" },
};

static void wrong_ones(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char *text = ask_for(&f, wrong[i].request);

		if (strncmp(text, wrong[i].first, strlen(wrong[i].first)) != 0)
			fail_msg("%s", text);
		free(text);
	}
	assert_int_equal(f.asked[HTTPD_FIRST], 0);
	stop(&f);
}

static void in_pieces(void **state)
{
	static const size_t steps[] = { 1, 2, 7, 100, 0 };
	struct fix f;

	(void)state;
	start(&f);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct peer p = { .way = PEER_TALKS,
			.text = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
			.step = steps[i] };
		char *text = exchange(&f, &p);

		assert_non_null(strstr(text, "\r\n\r\nxxx"));
		free(text);
	}
	stop(&f);
}

/* A head of the largest size, and one byte more. */
static void large_heads(void **state)
{
	static char request[HTTPREQ_HEAD_MAX + 2];
	struct fix f;
	char *text;

	(void)state;
	start(&f);
	for (size_t more = 0; more <= 1; more++) {
		memset(request, 'x', sizeof(request));
		memcpy(request, "GET / HTTP/1.1\r\nX: ", 19);
		strcpy(request + HTTPREQ_HEAD_MAX + more - 4, "\r\n\r\n");
		text = ask_for(&f, request);
		assert_non_null(strstr(text, more ? " 431 " : " 200 "));
		free(text);
	}
	stop(&f);
}

static void who_stops_early(void **state)
{
	struct peer nothing = { .way = PEER_ENDS, .text = "" };
	struct peer half = { .way = PEER_ENDS, .text = "GET / HT" };
	struct fix f;
	char *text;

	(void)state;
	start(&f);
	text = exchange(&f, &nothing);
	assert_string_equal(text, "");
	free(text);
	text = exchange(&f, &half);
	assert_non_null(strstr(text, " 400 "));
	free(text);
	stop(&f);
}

static void strangers(void **state)
{
	struct fix f;
	char *text;

	(void)state;
	start(&f);
	f.lets_in = 0;
	text = ask_for(&f, "GET / HTTP/1.1\r\n\r\n");
	assert_string_equal(text, "");
	assert_int_equal(f.asked[HTTPD_FIRST], 0);
	free(text);
	stop(&f);
}

static void no_memory(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	f.body_len = SIZE_MAX;
	expect(&f, "GET / HTTP/1.1\r\n\r\n",
		"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/"
		"plain\r\nContent-Length: 26\r\n" FIXED
		"\r\n500 Internal Server Error\n");
	stop(&f);
}

/* More than the socket holds; at once, and after it was put off. */
static void large_replies(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	f.body_len = BIG;
	for (int later = 0; later <= 1; later++) {
		char *text;

		f.reply_at = later ? HTTPD_AGAIN : HTTPD_FIRST;
		text = ask_for(&f, "GET / HTTP/1.1\r\n\r\n");
		assert_non_null(strstr(text, "Content-Length: 5242880\r\n"));
		assert_int_equal(
			strlen(strstr(text, "\r\n\r\n")), (size_t)BIG + 4);
		free(text);
	}
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_method),
		cmocka_unit_test(wrong_ones),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(large_heads),
		cmocka_unit_test(who_stops_early),
		cmocka_unit_test(strangers),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(large_replies),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests_name("httpd", tests, NULL, NULL);
}
