#include "t.h"

#include <stdlib.h>

#include "paper.h"

/* U+00E9, two bytes and one column. */
#define E "\xc3\xa9"

static const struct {
	unsigned width, indent;
	const char *text, *lines;
} rows[] = {
	{ 20, 0, "", "\n" },
	{ 20, 4, "", "    \n" },
	{ 20, 0, "short", "short\n" },
	{ 20, 0, "exactly twenty wide.", "exactly twenty wide.\n" },
	{ 20, 0, "exactly twenty wide: x", "exactly twenty wide:\n    x\n" },
	{ 20, 0, "twenty-one of them, x", "twenty-one of them,\n    x\n" },
	{ 20, 4, "a line with four blanks",
		"    a line with four\n        blanks\n" },
	/* What goes on is indented, so it holds less. */
	{ 10, 0, "aaaa bbbb cccc dddd", "aaaa bbbb\n    cccc\n    dddd\n" },
	{ 12, 2, "aaaa bbbb cccc dd", "  aaaa bbbb\n      cccc\n      dd\n" },
	/* A word that is too long is cut, not lost. */
	{ 10, 0, "0123456789abcdefgh", "0123456789\n    abcdef\n    gh\n" },
	{ 10, 0, "ab 0123456789", "ab\n    012345\n    6789\n" },
	{ 10, 0, "0123456789 ab", "0123456789\n    ab\n" },
	/* Columns count, not bytes. */
	{ 10, 0, E E E E E E E E E E, E E E E E E E E E E "\n" },
	{ 10, 0, E E E E E E E E E E E, E E E E E E E E E E "\n    " E "\n" },
	{ 10, 0, E E E E E E " " E E E E E,
		E E E E E E "\n    " E E E E E "\n" },
	{ 10, 0, "12345678 " E E, "12345678\n    " E E "\n" },
	/* What begins with a byte that continues something. */
	{ 10, 0, "\x80\x80 0123456789", "\x80\x80\n    012345\n    6789\n" },
	/* As wide as the terminal at hand, or as the house likes it. */
	{ 0, 0,
		"123456789 123456789 123456789 123456789 123456789 123456789 "
		"123456789 123456789 123456789 1234567890",
		"123456789 123456789 123456789 123456789 123456789 123456789 "
		"123456789 123456789 123456789 1234567890\n" },
	{ 0, 0,
		"123456789 123456789 123456789 123456789 123456789 123456789 "
		"123456789 123456789 123456789 1234567890 x",
		"123456789 123456789 123456789 123456789 123456789 123456789 "
		"123456789 123456789 123456789 1234567890\n    x\n" },
};

static char *one_line(unsigned width, unsigned indent, const char *text)
{
	struct paper p;

	assert_int_equal(paper_open(&p, width), 0);
	paper_line(&p, indent, "%s", text);
	return paper_close(&p);
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *got =
			one_line(rows[i].width, rows[i].indent, rows[i].text);

		assert_string_equal(got, rows[i].lines);
		free(got);
	}
}

static size_t columns(const char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)line[i] & 0xC0) != 0x80;
	return n;
}

/* Without its blanks and line ends. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (*from != ' ' && *from != '\n')
			*to++ = *from;
	*to = '\0';
}

/* At any width nothing but blanks is lost, and no line is longer. */
static void any_width(void **state)
{
	static const char text[] =
		"drain by alice for 3m, ends in 2h 0m, not "
		"on disk: k" E "rnel 0123456789-0123456789-"
		"0123456789-" E E E E E E E E E E E E E E E E "  then  blanks";

	(void)state;
	for (unsigned width = 1; width < 130; width++) {
		char whole[sizeof(text)], *got = one_line(width, 4, text);
		const char *line = got;

		for (size_t len; *line != '\0'; line += len + 1) {
			len = strcspn(line, "\n");
			if (width > 8 && columns(line, len) > width)
				fail_msg("%u: %.*s", width, (int)len, line);
			assert_memory_equal(line, "    ", 4);
		}
		strcpy(whole, text);
		squeeze(whole);
		squeeze(got);
		assert_string_equal(got, whole);
		free(got);
	}
}

static void several_lines(void **state)
{
	struct paper p;
	char *got;

	(void)state;
	assert_int_equal(paper_open(&p, 40), 0);
	got = paper_close(&p);
	assert_string_equal(got, "");
	free(got);
	assert_int_equal(paper_open(&p, 40), 0);
	paper_line(&p, 0, "%s: %d", "one", 1);
	fprintf(p.out, "%s\n", "as it is");
	paper_line(&p, 2, "100%%");
	got = paper_close(&p);
	assert_string_equal(got, "one: 1\nas it is\n  100%\n");
	free(got);
}

static const struct {
	int64_t seconds;
	const char *age;
} ages[] = {
	{ INT64_MIN, "0s" },
	{ -1, "0s" },
	{ 0, "0s" },
	{ 59, "59s" },
	{ 60, "1m" },
	{ 3599, "59m" },
	{ 3600, "1h 0m" },
	{ 7325, "2h 2m" },
	{ 86399, "23h 59m" },
	{ 86400, "1d 0h" },
	{ 93600, "1d 2h" },
	{ 86400 * 400 + 86399, "400d 23h" },
	{ INT64_MAX, "106751991167300d 15h" },
};

static void each_age(void **state)
{
	char age[PAPER_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
		paper_age(age, ages[i].seconds);
		assert_string_equal(age, ages[i].age);
	}
}

static const struct {
	int64_t seconds;
	const char *time; /* NULL: null */
} times[] = {
	{ 0, NULL },
	{ 1, "1970-01-01T00:00:01Z" },
	{ 1795426200, "2026-11-23T09:30:00Z" },
	{ INT64_C(4294967296), "2106-02-07T06:28:16Z" },
	{ INT64_C(253402300799), "9999-12-31T23:59:59Z" },
	{ INT64_C(253402300800), NULL },
	{ INT64_MAX, NULL },
};

static void each_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		json_t *got = paper_time(times[i].seconds);

		if (times[i].time == NULL)
			assert_true(json_is_null(got));
		else
			assert_string_equal(
				json_string_value(got), times[i].time);
		json_decref(got);
	}
}

static void json_ends_its_line(void **state)
{
	char *got = paper_json(json_pack("{ss}", "a", "x\n" E), JSON_COMPACT);

	(void)state;
	assert_string_equal(got, "{\"a\":\"x\\n" E "\"}\n");
	free(got);
	/* As json_pack() fails: without memory, or with what is no UTF-8. */
	assert_null(paper_json(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(any_width),
		cmocka_unit_test(several_lines),
		cmocka_unit_test(each_age),
		cmocka_unit_test(each_time),
		cmocka_unit_test(json_ends_its_line),
	};

	return cmocka_run_group_tests_name("paper", tests, NULL, NULL);
}
