#include "http_cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* Calls `check` for each way to cut `len` bytes that is worth it. */
static void each_cut(void (*check)(const void *arg, size_t first, size_t step),
	const void *arg, size_t len)
{
	for (EACH(i, steps))
		check(arg, steps[i], steps[i]);
	for (size_t first = 1; first < len; first++)
		check(arg, first, WHOLE);
}

static void check_good(const void *arg, size_t first, size_t step)
{
	const struct good *g = arg;
	enum http_status status;
	struct http_response r;
	size_t used;

	http_init(&r, BODY_MAX);
	status = feed(&r, g->in, g->len, first, step, &used);
	CHECK(g->in, used == g->len);
	if (g->ending == END) {
		CHECK(g->in, status == HTTP_MORE);
		status = http_finish(&r, HTTP_END_CLEAN);
	}
	CHECK(g->in, status == HTTP_DONE);
	CHECK(g->in, r.error == NULL);
	CHECK(g->in, r.keep_alive == (g->ending == KEEP));
	assert_int_equal(r.code, g->code);
	assert_int_equal(r.body.len, strlen(g->body));
	if (r.body.len > 0)
		assert_memory_equal(r.body.data, g->body, r.body.len);

	CHECK(g->in, http_feed(&r, "x", 1, &used) == HTTP_DONE && used == 0);
	CHECK(g->in, http_finish(&r, HTTP_END_CUT) == HTTP_DONE);
	http_free(&r);
}

static void test_good(void **state)
{
	(void)state;
	for (EACH(i, good))
		each_cut(check_good, &good[i], good[i].len);
}

/* What comes after a whole response is another one's: left alone. */
static void test_rest(void **state)
{
	static const char rest[] = H LEN("0") CRLF;
	struct http_response r;
	char in[512];
	size_t used;

	(void)state;
	for (EACH(i, good)) {
		if (good[i].ending == END)
			continue;
		memcpy(in, good[i].in, good[i].len);
		memcpy(in + good[i].len, rest, sizeof(rest));
		for (EACH(j, steps)) {
			http_init(&r, BODY_MAX);
			CHECK(in,
				feed(&r, in, strlen(in), steps[j], steps[j],
					&used) == HTTP_DONE);
			CHECK(in, used == good[i].len);
			http_free(&r);
		}
	}
}

static enum http_status finish_after(
	const struct good *g, size_t len, enum http_end end)
{
	enum http_status status;
	struct http_response r;
	size_t used;

	http_init(&r, BODY_MAX);
	CHECK(g->in, feed(&r, g->in, len, WHOLE, WHOLE, &used) == HTTP_MORE);
	status = http_finish(&r, end);
	CHECK(g->in, (status == HTTP_BAD) == (r.error != NULL));
	CHECK(g->in, status == HTTP_DONE || !r.keep_alive);
	CHECK(g->in, http_finish(&r, HTTP_END_CLEAN) == status);
	http_free(&r);
	return status;
}

/* A strict prefix is never whole; only a clean end makes one whole. */
static void test_prefixes(void **state)
{
	const char *head_end;
	bool whole;

	(void)state;
	for (EACH(i, good)) {
		const struct good *g = &good[i];
		size_t len = g->len + (g->ending == END);

		head_end = g->in + g->len - strlen(g->body);
		for (size_t n = 0; n < len; n++) {
			whole = g->ending == END && g->in + n >= head_end;
			CHECK(g->in,
				finish_after(g, n, HTTP_END_CUT) == HTTP_BAD);
			CHECK(g->in,
				finish_after(g, n, HTTP_END_CLEAN) ==
					(whole ? HTTP_DONE : HTTP_BAD));
		}
	}
}

static void test_ends(void **state)
{
	static const struct {
		const char *in;
		const char *error;
	} ends[] = {
		{ "", "connection ended before a response" },
		{ "H", "connection ended in the head" },
		{ H, "connection ended in the head" },
		{ "HTTP/1.1 100 x\r\n\r\n", "connection ended in the head" },
		{ H LEN("2") CRLF "u", "connection ended in the body" },
		{ CHUNKED "2\r\nup\r\n0\r\n", "connection ended in the body" },
		{ H CRLF "u", "connection cut in a body of unknown length" },
	};
	struct http_response r;
	size_t used;

	(void)state;
	for (EACH(i, ends)) {
		http_init(&r, BODY_MAX);
		feed(&r, ends[i].in, strlen(ends[i].in), WHOLE, WHOLE, &used);
		assert_int_equal(http_finish(&r, HTTP_END_CUT), HTTP_BAD);
		assert_string_equal(r.error, ends[i].error);
		http_free(&r);
	}
}

static void check_bad(const void *arg, size_t first, size_t step)
{
	const struct bad *b = arg;
	struct http_response r;
	size_t used;

	http_init(&r, BODY_MAX);
	CHECK(b->in, feed(&r, b->in, b->len, first, step, &used) == HTTP_BAD);
	assert_string_equal(r.error, b->error);
	CHECK(b->in, used == b->len);
	CHECK(b->in, !r.keep_alive);
	CHECK(b->in, http_feed(&r, "x", 1, &used) == HTTP_BAD && used == 0);
	CHECK(b->in, http_finish(&r, HTTP_END_CLEAN) == HTTP_BAD);
	http_free(&r);

	http_init(&r, BODY_MAX);
	CHECK(b->in,
		feed(&r, b->in, b->len - 1, first, step, &used) == HTTP_MORE);
	http_free(&r);
}

static void test_bad(void **state)
{
	(void)state;
	for (EACH(i, bad))
		each_cut(check_bad, &bad[i], bad[i].len);
}

/* A line of tests/fixtures/answers.txt. */
struct answer {
	int code;
	size_t body;
	char how[8];
	char name[128];
	char *in;
	size_t len;
};

static void check_answer(const void *arg, size_t first, size_t step)
{
	const struct answer *a = arg;
	bool counted =
		strcmp(a->how, "keep") == 0 || strcmp(a->how, "close") == 0;
	enum http_status status;
	struct http_response r;
	size_t used;

	http_init(&r, 64 * 1024);
	if (first < a->len)
		CHECK(a->name,
			feed(&r, a->in, first, first, step, &used) ==
				HTTP_MORE);
	http_free(&r);

	http_init(&r, 64 * 1024);
	status = feed(&r, a->in, a->len, first, step, &used);
	CHECK(a->name, used == a->len);
	CHECK(a->name, status == (counted ? HTTP_DONE : HTTP_MORE));
	status = http_finish(&r, HTTP_END_CLEAN);
	if (strcmp(a->how, "cut") == 0) {
		CHECK(a->name, status == HTTP_BAD);
	} else {
		CHECK(a->name, status == HTTP_DONE);
		CHECK(a->name, r.code == a->code);
		CHECK(a->name, r.body.len == a->body);
		CHECK(a->name, r.keep_alive == (strcmp(a->how, "keep") == 0));
	}
	http_free(&r);
}

static size_t count_files(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	const char *dot;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		dot = strrchr(entry->d_name, '.');
		n += dot != NULL && strcmp(dot, ".http") == 0;
	}
	closedir(dir);
	return n;
}

static void test_fixtures(void **state)
{
	size_t len, listed = 0;
	char *list = t_fixture("answers.txt", &len), *rest, *line;
	struct answer a;

	(void)state;
	for (line = strtok_r(list, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			continue;
		CHECK(line,
			sscanf(line, "%d %zu %7s %127s", &a.code, &a.body,
				a.how, a.name) == 4);
		a.in = t_fixture(a.name, &a.len);
		each_cut(check_answer, &a, a.len);
		free(a.in);
		listed++;
	}
	assert_int_equal(listed,
		count_files("tests/fixtures") +
			count_files("tests/fixtures/synthetic"));
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_fixtures),
	};

	return cmocka_run_group_tests(tests, make_guard, drop_guard);
}
