/* Requests, byte by byte. */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "httpreq.h"

static const struct {
	const char *text;
	enum httpreq_method method;
	const char *path;
	enum httpreq_wants wants;
} good[] = {
	/* As HAProxy writes them: the old check, and others. */
	{ "OPTIONS / HTTP/1.0\r\n\r\n", HTTPREQ_OPTIONS, "/", 0 },
	{ "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", HTTPREQ_OPTIONS, "*", 0 },
	{ "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		HTTPREQ_HEAD, "/", 0 },
	{ "GET / HTTP/1.0\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "GET /server/a.b HTTP/1.1\r\n\r\n", HTTPREQ_GET, "/server/a.b", 0 },
	{ "GET /a%2Fb%c3%A9 HTTP/1.1\r\n\r\n", HTTPREQ_GET, "/a/b\xc3\xa9", 0 },
	{ "GET /?a=%zz HTTP/1.1\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "GET http://x:1/a?b HTTP/1.1\r\n\r\n", HTTPREQ_GET, "/a", 0 },
	{ "GET http://x?a=/metrics HTTP/1.1\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "GET HTTP://x HTTP/1.1\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "\r\nGET / HTTP/1.1\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "BREW /pot HTTP/1.1\r\n\r\n", HTTPREQ_OTHER, "", 0 },
	{ "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", HTTPREQ_OTHER, "",
		0 },
	{ "get / HTTP/1.1\r\n\r\n", HTTPREQ_OTHER, "", 0 },
	{ "CONNECT a:1 HTTP/1.1\r\n\r\n", HTTPREQ_OTHER, "", 0 },
	{ "GET / HTTP/1.1\r\nContent-Length: 00\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "GET / HTTP/1.1\r\nX:\tcaf\xc3\xa9 \r\n\r\n", HTTPREQ_GET, "/", 0 },
	/* What browsers, curl and Prometheus would like to see. */
	{ "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", HTTPREQ_GET, "/", 0 },
	{ "GET / HTTP/1.1\r\naccept:text/html,*/*;q=0.8\r\n\r\n", HTTPREQ_GET,
		"/", HTTPREQ_HTML },
	{ "GET / HTTP/1.1\r\nAccept: a/b;q=1 , TEXT/HTML ; q=0.1\r\n\r\n",
		HTTPREQ_GET, "/", HTTPREQ_HTML },
	{ "GET / HTTP/1.1\r\nAccept: a/b\r\nAccept: text/html\r\n\r\n",
		HTTPREQ_GET, "/", HTTPREQ_HTML },
	{ "GET / HTTP/1.1\r\nAccept: text/html;q=0.00\r\n\r\n", HTTPREQ_GET,
		"/", 0 },
	{ "GET / HTTP/1.1\r\nAccept: text/htmlx, x/text/html,\r\n\r\n",
		HTTPREQ_GET, "/", 0 },
};

static const struct {
	const char *text;
	int code;
} wrong[] = {
	{ "\x16\x03\x01\x02", 400 },
	{ "GET /\r\n", 400 },
	{ "GET / HTTP/1.1\n\n", 400 },
	{ "\nGET", 400 },
	{ "GET  / HTTP/1.1\r\n", 400 },
	{ "GET / HTTP/1.1 \r\n", 400 },
	{ "GET / http/1.1\r\n", 400 },
	{ "GET / HTTP/1.\r\n", 400 },
	{ "GET /a b HTTP/1.1\r\n", 400 },
	{ "GET a HTTP/1.1\r\n", 400 },
	{ "GET * HTTP/1.1\r\n", 400 },
	{ "GET /\x7f HTTP/1.1\r\n", 400 },
	{ "GET /\xc3\xa9 HTTP/1.1\r\n", 400 },
	{ "GET /%0 HTTP/1.1\r\n", 400 },
	{ "GET /%g0 HTTP/1.1\r\n", 400 },
	{ "GET /%00 HTTP/1.1\r\n", 400 },
	{ "G@T / HTTP/1.1\r\n", 400 },
	{ " GET / HTTP/1.1\r\n", 400 },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG", 400 },
	{ "GET / HTTP/1.1\r\n\r\r\n", 400 },
	{ "GET / HTTP/1.1\r\nX : y\r\n", 400 },
	{ "GET / HTTP/1.1\r\n: y\r\n", 400 },
	{ "GET / HTTP/1.1\r\nnonsense\r\n", 400 },
	{ "GET / HTTP/1.1\r\nX: y\r\n z\r\n", 400 },
	{ "GET / HTTP/1.1\r\nX: y\1\r\n", 400 },
	{ "GET / HTTP/1.1\r\nX: y\rz\r\n", 400 },
	{ "GET / HTTP/1.1\r\nX: y\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 400 },
	{ "GET / HTTP/1.1\r\nContent-Length: 0\r\ncontent-length: 0\r\n", 400 },
	{ "GET / HTTP/1.1\r\nContent-Length: +0\r\n", 400 },
	{ "GET / HTTP/1.1\r\nContent-Length: 0, 0\r\n", 400 },
	{ "GET / HTTP/1.1\r\nContent-Length:\r\n", 400 },
	{ "GET / HTTP/1.1\r\nContent-Length: 00000000000000000000\r\n", 400 },
	{ "GET / HTTP/1.1\r\nContent-Length: 0\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n",
		400 },
	{ "GET / HTTP/1.1\r\nContent-Length: 10\r\n\r\n", 413 },
	{ "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413 },
	{ "PRI * HTTP/2.0\r\n", 505 },
	{ "GET / HTTP/0.9\r\n", 505 },
};

/* What is shown ends where the memory ends, for the sanitizer to see. */
static enum httpreq_status parse(
	struct httpreq *r, const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	enum httpreq_status status;

	memcpy(copy, text, len);
	status = httpreq_parse(r, copy, len);
	free(copy);
	return status;
}

/* No part of it is whole, or wrong; what follows changes nothing. */
static void good_ones(void **state)
{
	struct httpreq r;
	char more[512];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		const char *text = good[i].text;
		size_t len = strlen(text);

		for (size_t n = 0; n < len; n++)
			if (parse(&r, text, n) != HTTPREQ_MORE)
				fail_msg("%.*s: %d", (int)n, text, r.code);
		snprintf(more, sizeof(more), "%sGET /b \1", text);
		for (size_t n = len; n <= strlen(more); n++) {
			if (parse(&r, more, n) != HTTPREQ_DONE)
				fail_msg("%s: %d", text, r.code);
			assert_int_equal(r.method, good[i].method);
			assert_string_equal(r.path, good[i].path);
			assert_int_equal(r.wants, good[i].wants);
		}
	}
}

/* Whichever byte tells it: it is this, and stays so. */
static void wrong_ones(void **state)
{
	struct httpreq r;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		const char *text = wrong[i].text;
		size_t len = strlen(text), n = 0;

		while (n < len && parse(&r, text, n) == HTTPREQ_MORE)
			n++;
		for (; n <= len; n++)
			if (parse(&r, text, n) != HTTPREQ_BAD ||
				r.code != wrong[i].code)
				fail_msg("%.*s: %d", (int)n, text, r.code);
	}
}

static size_t fill(char *dst, const char *before, size_t n, const char *after)
{
	size_t len = strlen(before);

	memcpy(dst, before, len);
	memset(dst + len, 'x', n);
	strcpy(dst + len + n, after);
	return len + n + strlen(after);
}

static void long_targets(void **state)
{
	static const char end[] = " HTTP/1.1\r\n\r\n";
	char text[4 * HTTPREQ_TARGET_MAX];
	struct httpreq r;
	size_t len;

	(void)state;
	len = fill(text, "GET /", HTTPREQ_TARGET_MAX - 1, end);
	assert_int_equal(parse(&r, text, len), HTTPREQ_DONE);
	assert_int_equal(strlen(r.path), HTTPREQ_TARGET_MAX);
	len = fill(text, "GET /", HTTPREQ_TARGET_MAX, end);
	assert_int_equal(parse(&r, text, len), HTTPREQ_BAD);
	assert_int_equal(r.code, 414);
	/* Its end need not have come. */
	len = fill(text, "GET /", HTTPREQ_TARGET_MAX, "");
	assert_int_equal(parse(&r, text, len), HTTPREQ_BAD);
	assert_int_equal(r.code, 414);
}

static void large_heads(void **state)
{
	static const char first[] = "GET / HTTP/1.1\r\nX: ";
	static char text[2 * HTTPREQ_HEAD_MAX];
	size_t room = HTTPREQ_HEAD_MAX - strlen(first);
	struct httpreq r;
	size_t len;

	(void)state;
	len = fill(text, first, room - 4, "\r\n\r\n");
	assert_int_equal(len, HTTPREQ_HEAD_MAX);
	assert_int_equal(parse(&r, text, len), HTTPREQ_DONE);
	len = fill(text, first, room - 1, "");
	assert_int_equal(parse(&r, text, len), HTTPREQ_MORE);
	len = fill(text, first, room, "");
	assert_int_equal(parse(&r, text, len), HTTPREQ_BAD);
	assert_int_equal(r.code, 431);
}

static void many_headers(void **state)
{
	char text[HTTPREQ_HEAD_MAX] = "GET / HTTP/1.1\r\n";
	struct httpreq r;

	(void)state;
	for (int i = 0; i < HTTPREQ_HEADERS_MAX; i++)
		strcat(text, "a:\r\n");
	assert_int_equal(parse(&r, text, strlen(text)), HTTPREQ_MORE);
	strcat(text, "a:\r\n");
	assert_int_equal(parse(&r, text, strlen(text)), HTTPREQ_BAD);
	assert_int_equal(r.code, 431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(wrong_ones),
		cmocka_unit_test(long_targets),
		cmocka_unit_test(large_heads),
		cmocka_unit_test(many_headers),
	};

	return cmocka_run_group_tests_name("httpreq", tests, NULL, NULL);
}
