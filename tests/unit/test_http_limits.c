/* Each limit of http.h, exactly at it and one over. */
#include "http_feed.h"

/* A response that is built: `in` grows. */
static void put(struct buf *in, const char *text)
{
	assert_int_equal(buf_append(in, text, strlen(text)), 0);
}

static void put_times(struct buf *in, size_t times, const char *text)
{
	while (times-- > 0)
		put(in, text);
}

/* `error` is NULL for a response that is good.  Empties `in`. */
static void check_limit(struct buf *in, const char *error)
{
	struct http_response r;
	enum http_status status;
	size_t used;

	for (EACH(i, steps)) {
		http_init(&r, BODY_MAX);
		status = feed(&r, in->data, in->len, steps[i], steps[i], &used);
		if (status == HTTP_MORE)
			status = http_finish(&r, HTTP_END_CLEAN);
		if (error == NULL) {
			assert_null(r.error);
			assert_int_equal(status, HTTP_DONE);
		} else {
			assert_int_equal(status, HTTP_BAD);
			assert_string_equal(r.error, error);
		}
		http_free(&r);
	}
	buf_free(in);
}

static void test_line_limit(void **state)
{
	static const struct {
		const char *before, *line, *after;
	} lines[] = {
		{ "", "HTTP/1.1 200 ", CRLF CRLF },
		{ H, "A:", CRLF CRLF },
		{ CHUNKED, "0;", CRLF CRLF },
		{ CHUNKED "0\r\n", "A:", CRLF CRLF },
	};
	struct buf in = BUF_INIT(ROOM);

	(void)state;
	for (EACH(i, lines)) {
		for (size_t over = 0; over <= 1; over++) {
			put(&in, lines[i].before);
			put(&in, lines[i].line);
			put_times(&in,
				HTTP_LINE_MAX + over - strlen(lines[i].line),
				"x");
			put(&in, lines[i].after);
			check_limit(&in, over ? "line over the limit" : NULL);
		}
	}
}

/* Fills the head up to HTTP_HEAD_MAX less what `after` will take of it. */
static void fill_head(struct buf *in, size_t after)
{
	size_t line = HTTP_LINE_MAX / 2, left = HTTP_HEAD_MAX - after - in->len;

	for (; left > 0; left -= line) {
		if (line > left || left - line < strlen("A:\r\n"))
			line = left;
		put(in, "A:");
		put_times(in, line - strlen("A:\r\n"), "x");
		put(in, CRLF);
	}
}

static void test_head_limit(void **state)
{
	static const struct {
		const char *before, *after;
		size_t counted; /* of `after` */
	} heads[] = {
		{ H, CRLF, 2 },
		{ "HTTP/1.1 100 x\r\n\r\n" H, CRLF, 2 },
		{ "HTTP/1.1 100 x\r\n", CRLF H CRLF, 2 + sizeof(H) - 1 + 2 },
		{ H TE("chunked"), CRLF "0\r\nA: b\r\n\r\n", 2 + 6 + 2 },
		{ H TE("chunked"), CRLF "1;a\r\nx\r\n0;b\r\n\r\n",
			2 + 2 + 2 + 2 },
	};
	struct buf in = BUF_INIT(ROOM);

	(void)state;
	for (EACH(i, heads)) {
		for (size_t over = 0; over <= 1; over++) {
			put(&in, heads[i].before);
			fill_head(&in, heads[i].counted - over);
			put(&in, heads[i].after);
			check_limit(&in, over ? "head over the limit" : NULL);
		}
	}
}

static void test_count_limits(void **state)
{
	struct buf in = BUF_INIT(ROOM);

	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		put(&in, H);
		put_times(&in, HTTP_HEADERS_MAX + over, "A: b\r\n");
		put(&in, CRLF);
		check_limit(&in, over ? "too many headers" : NULL);

		put(&in, CHUNKED "0\r\n"); /* one header so far */
		put_times(&in, HTTP_HEADERS_MAX - 1 + over, "A: b\r\n");
		put(&in, CRLF);
		check_limit(&in, over ? "too many headers" : NULL);

		put_times(
			&in, HTTP_INTERIM_MAX + over, "HTTP/1.1 102 x\r\n\r\n");
		put(&in, H CRLF);
		check_limit(&in, over ? "too many interim responses" : NULL);
	}
}

static void test_number_limits(void **state)
{
	struct buf in = BUF_INIT(ROOM);

	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		put(&in, H "Content-Length: ");
		put_times(&in, HTTP_LENGTH_DIGITS - 1 + over, "0");
		put(&in, "1\r\n\r\nx");
		check_limit(&in,
			over ? "Content-Length has too many digits" : NULL);

		put(&in, CHUNKED);
		put_times(&in, HTTP_CHUNK_DIGITS - 1 + over, "0");
		put(&in, "1\r\nx\r\n0\r\n\r\n");
		check_limit(
			&in, over ? "chunk size has too many digits" : NULL);
	}
}

static void test_body_limit(void **state)
{
	static const char too_long[] = "body over the limit";
	struct buf in = BUF_INIT(ROOM);

	(void)state;
	assert_int_equal(BODY_MAX, 16);
	for (size_t over = 0; over <= 1; over++) {
		put(&in, over ? H LEN("17") CRLF : H LEN("16") CRLF);
		put_times(&in, BODY_MAX + over, "x");
		check_limit(&in, over ? too_long : NULL);

		put(&in, H CRLF);
		put_times(&in, BODY_MAX + over, "x");
		check_limit(&in, over ? too_long : NULL);

		put(&in, over ? CHUNKED "11\r\n" : CHUNKED "10\r\n");
		put_times(&in, BODY_MAX + over, "x");
		put(&in, "\r\n0\r\n\r\n");
		check_limit(&in, over ? too_long : NULL);

		put(&in, CHUNKED);
		put_times(&in, BODY_MAX + over, "1\r\nx\r\n");
		put(&in, "0\r\n\r\n");
		check_limit(&in, over ? too_long : NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_count_limits),
		cmocka_unit_test(test_number_limits),
		cmocka_unit_test(test_body_limit),
	};

	return cmocka_run_group_tests(tests, make_guard, drop_guard);
}
