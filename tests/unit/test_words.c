/* A line and its words. */
#include "t.h"

#include "words.h"

/* As much as fits, never more. */
static void quoting_into_little_room(void **state)
{
	char line[64];

	(void)state;
	for (size_t cap = 1; cap < sizeof(line); cap++) {
		size_t used;

		memset(line, '#', sizeof(line));
		used = words_quote(line, 0, cap, "a \"b\" \\ c");
		used = words_quote(line, used, cap, "more");
		assert_true(used < cap);
		assert_int_equal(line[used], '\0');
		for (size_t i = cap; i < sizeof(line); i++)
			assert_int_equal(line[i], '#');
	}
}

static void cutting(void **state)
{
	static const struct {
		const char *line;
		int n;
		const char *first;
	} rows[] = {
		{ "", 0, NULL },
		{ " \t ", 0, NULL },
		{ "a", 1, "a" },
		{ "a\tb", 2, "a" },
		{ "\"\"", 1, "" },
		{ "a\"b c\"d e", 2, "ab cd" },
		{ "a\\ b", 1, "a b" },
		{ "\\\"", 1, "\"" },
		{ "a\\", 1, "a\\" },
		{ "\"a\\\\\" b", 2, "a\\" },
		{ "\"a\\\"", -1, NULL },
		{ "\"", -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char line[32], *words[WORDS_MAX];
		int n;

		strcpy(line, rows[i].line);
		n = words_split(line, words);
		if (rows[i].n < 0 ? n >= 0 : n != rows[i].n)
			fail_msg("%s: %d", rows[i].line, n);
		if (rows[i].first != NULL)
			assert_string_equal(words[0], rows[i].first);
	}
}

static void quoting_comes_back_whole(void **state)
{
	char line[2048], word[256], *words[WORDS_MAX];
	size_t used = 0;

	(void)state;
	for (int i = 1; i < 256; i++)
		word[i - 1] = (char)(i == '\n' || i == '\r' ? ' ' : i);
	word[255] = '\0';
	used = words_quote(line, used, sizeof(line), word);
	used = words_quote(line, used, sizeof(line), "");
	used = words_quote(line, used, sizeof(line), "a b");
	assert_int_equal(used, strlen(line));
	assert_int_equal(words_split(line, words), 3);
	assert_string_equal(words[0], word);
	assert_string_equal(words[1], "");
	assert_string_equal(words[2], "a b");
}

static void a_line_that_can_not_be_cut(void **state)
{
	char open[] = "drain -m \"x", many[4 * WORDS_MAX];
	char *words[WORDS_MAX];

	(void)state;
	assert_true(words_split(open, words) < 0);
	for (size_t i = 0; i < sizeof(many) - 1; i++)
		many[i] = i % 2 == 0 ? 'x' : ' ';
	many[sizeof(many) - 1] = '\0';
	assert_true(words_split(many, words) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cutting),
		cmocka_unit_test(quoting_comes_back_whole),
		cmocka_unit_test(quoting_into_little_room),
		cmocka_unit_test(a_line_that_can_not_be_cut),
	};

	return cmocka_run_group_tests_name("command words", tests, NULL, NULL);
}
