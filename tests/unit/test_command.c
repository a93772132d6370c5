#include "t.h"

#include <stdio.h>

#include "command.h"

static int parse(struct command *c, const char *line, char *error)
{
	static char copy[1024];
	char *words[COMMAND_WORDS_MAX];
	int n;

	snprintf(copy, sizeof(copy), "%s", line);
	n = command_split(copy, words);
	assert_true(n >= 0);
	return command_parse(c, n, words, error);
}

static const struct {
	const char *line;
	enum command_id id;
	const char *server, *why;
	unsigned flags, percent;
	uint64_t for_ms;
} good[] = {
	{ "status", COMMAND_STATUS, "", "", 0, 0, 0 },
	{ "status puppet1 -j", COMMAND_STATUS, "puppet1", "", COMMAND_JSON, 0,
		0 },
	{ "drain", COMMAND_DRAIN, "", "", 0, 0, 0 },
	{ "drain puppet1 --for 2h -m \"kernel \\\"up\\\"\"", COMMAND_DRAIN,
		"puppet1", "kernel \"up\"", COMMAND_REASON, 0, 7200000 },
	{ "maint --all --force", COMMAND_MAINT, "", "",
		COMMAND_ALL | COMMAND_FORCE, 0, 0 },
	{ "down -m x puppet1 --volatile", COMMAND_DOWN, "puppet1", "x",
		COMMAND_REASON | COMMAND_VOLATILE, 0, 0 },
	{ "up puppet1 --for 30m", COMMAND_UP, "puppet1", "", 0, 0, 1800000 },
	{ "weight 10%", COMMAND_WEIGHT, "", "", COMMAND_PERCENT, 10, 0 },
	{ "weight puppet1 0%", COMMAND_WEIGHT, "puppet1", "", COMMAND_PERCENT,
		0, 0 },
	{ "auto --state", COMMAND_AUTO, "", "", COMMAND_STATE, 0, 0 },
	{ "  drain \t puppet1  ", COMMAND_DRAIN, "puppet1", "", 0, 0, 0 },
	{ "\"drain\" \"puppet1\"", COMMAND_DRAIN, "puppet1", "", 0, 0, 0 },
	{ "drain -m \"\"", COMMAND_DRAIN, "", "", COMMAND_REASON, 0, 0 },
	{ "drain -m a -m b", COMMAND_DRAIN, "", "b", COMMAND_REASON, 0, 0 },
	{ "drain -m --for --for 1s", COMMAND_DRAIN, "", "--for", COMMAND_REASON,
		0, 1000 },
	{ "drain --for 1000ms", COMMAND_DRAIN, "", "", 0, 0, 1000 },
	{ "drain --for 4294967295d", COMMAND_DRAIN, "", "", 0, 0,
		UINT64_C(4294967295) * 86400000 },
	{ "weight 100% --all", COMMAND_WEIGHT, "", "",
		COMMAND_PERCENT | COMMAND_ALL, 100, 0 },
	{ "weight 007%", COMMAND_WEIGHT, "", "", COMMAND_PERCENT, 7, 0 },
	{ "auto --state --weight", COMMAND_AUTO, "", "",
		COMMAND_STATE | COMMAND_CEILING, 0, 0 },
	{ "drain --color", COMMAND_DRAIN, "", "", COMMAND_COLOR, 0, 0 },
	{ "auto puppet1 --weight", COMMAND_AUTO, "puppet1", "", COMMAND_CEILING,
		0, 0 },
};

static void each_good_line(void **state)
{
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (parse(&c, good[i].line, error) != 0)
			fail_msg("%s: %s", good[i].line, error);
		assert_int_equal(c.spec->id, good[i].id);
		assert_string_equal(c.server, good[i].server);
		assert_string_equal(c.why, good[i].why);
		assert_int_equal(c.flags, good[i].flags);
		assert_int_equal(c.percent, good[i].percent);
		assert_int_equal(c.for_ms, good[i].for_ms);
	}
}

static const struct {
	const char *line, *says;
} bad[] = {
	{ "", "a command is missing; `help` lists them" },
	{ "drian", "unknown command drian; did you mean drain?" },
	{ "zzzzzzzz", "unknown command zzzzzzzz; `help` lists them" },
	{ "drain a b", "drain: does not take b; usage: " },
	{ "drain 10%", "a percentage is a whole number" },
	{ "drain --wieght", "drain: does not take --wieght; usage: " },
	{ "drain --for", "drain: a value is missing after --for; usage: " },
	{ "drain --for 2", "such as 30m, not 2; usage: " },
	{ "drain --for 10ms", "such as 30m, not 10ms; usage: " },
	{ "drain --all puppet1", "takes --all or a server, not both: puppet1" },
	{ "weight", "weight: needs a percentage; usage: " },
	{ "weight 101%", "from 0% to 100%, not 101%; usage: " },
	{ "weight -1%", "weight: does not take -1%; usage: " },
	{ "weight 1.5%", "from 0% to 100%, not 1.5%; usage: " },
	{ "up", "up: needs --for TIME, since it hides a dead server; usage: " },
	{ "auto --force", "auto: does not take --force; usage: " },
	{ "status -m x", "status: does not take -m; usage: " },
	{ "log-level", "log-level: needs a level; usage: " },
	{ "log-level info debug", "log-level: does not take debug; usage: " },
	{ "DRAIN", "unknown command DRAIN; `help` lists them" },
	{ "status a b", "status: does not take b; usage: " },
	{ "version puppet1", "version: does not take puppet1; usage: version" },
	{ "reload --all", "reload: does not take --all; usage: reload" },
	{ "drain \"\"", "drain: does not take ; usage: drain" },
	{ "drain -", "drain: does not take -; usage: drain" },
	{ "drain --", "drain: does not take --; usage: drain" },
	{ "drain -m", "drain: a value is missing after -m; usage: " },
	{ "drain --for 0s", "such as 30m, not 0s; usage: " },
	{ "drain --for 999ms", "such as 30m, not 999ms; usage: " },
	{ "drain --for 1.5h", "such as 30m, not 1.5h; usage: " },
	{ "drain --for -1h", "such as 30m, not -1h; usage: " },
	{ "drain --for 4294967296s", "not 4294967296s; usage: " },
	{ "drain --for \"1 h\"", "such as 30m, not 1 h; usage: " },
	{ "auto --for 1h", "auto: does not take --for; usage: " },
	{ "up --for 1h --force", "up: does not take --force; usage: " },
	{ "weight %", "from 0% to 100%, not %; usage: " },
	{ "weight 10000000%", "from 0% to 100%, not 10000000%; usage: " },
	{ "weight 10% 20%", "weight: takes one percentage, not 20%; usage: " },
	{ "weight 10", "weight: needs a percentage; usage: " },
	{ "status 10%", "status: a percentage is a whole number" },
};

static void each_bad_line(void **state)
{
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_not_equal(parse(&c, bad[i].line, error), 0);
		if (strstr(error, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].line, error);
	}
}

/* The shortest line of each command that its table allows. */
static void each_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_specs_n; i++) {
		const struct command_spec *spec = &command_specs[i];
		char line[128], text[512], start[64], error[COMMAND_ERROR_MAX];
		struct command c;

		snprintf(line, sizeof(line), "%s%s%s%s", spec->name,
			(spec->takes & COMMAND_TAKES_PERCENT) ? " 10%" : "",
			(spec->takes & COMMAND_TAKES_WORD) ? " info" : "",
			spec->id == COMMAND_UP ? " --for 1h" : "");
		if (parse(&c, line, error) != 0)
			fail_msg("%s: %s", line, error);
		assert_ptr_equal(c.spec, spec);
		assert_ptr_equal(command_find(spec->name, error), spec);
		command_usage(text, sizeof(text), spec);
		snprintf(start, sizeof(start), "usherctl %s", spec->name);
		assert_memory_equal(text, start, strlen(start));
		assert_non_null(strstr(text, spec->help));
	}
}

/* Each name without its second letter is still known for what it is. */
static void did_you_mean(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_specs_n; i++) {
		const char *name = command_specs[i].name;
		char wrong[32], meant[64], error[COMMAND_ERROR_MAX];

		snprintf(wrong, sizeof(wrong), "%c%s", name[0], name + 2);
		assert_null(command_find(wrong, error));
		snprintf(meant, sizeof(meant), "; did you mean %s?", name);
		if (strstr(error, meant) == NULL)
			fail_msg("%s: %s", wrong, error);
	}
}

/* Limits, exactly at them and one over. */
static void limits(void **state)
{
	static const struct {
		const char *before;
		size_t max;
	} rows[] = {
		{ "drain ", COMMAND_NAME_MAX - 1 },
		{ "drain -m ", ORDER_WHY_MAX - 1 },
		{ "log-level ", 31 },
	};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		size_t len = strlen(rows[i / 2].before), over = i % 2;
		char line[512], error[COMMAND_ERROR_MAX];
		struct command c;

		strcpy(line, rows[i / 2].before);
		memset(line + len, 'x', rows[i / 2].max + over);
		line[len + rows[i / 2].max + over] = '\0';
		assert_int_equal(parse(&c, line, error) != 0, over == 1);
	}
}

/* As much as fits, never more. */
static void quoting_into_little_room(void **state)
{
	char line[64];

	(void)state;
	for (size_t cap = 1; cap < sizeof(line); cap++) {
		size_t used;

		memset(line, '#', sizeof(line));
		used = command_quote(line, 0, cap, "a \"b\" \\ c");
		used = command_quote(line, used, cap, "more");
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
		char line[32], *words[COMMAND_WORDS_MAX];
		int n;

		strcpy(line, rows[i].line);
		n = command_split(line, words);
		if (rows[i].n < 0 ? n >= 0 : n != rows[i].n)
			fail_msg("%s: %d", rows[i].line, n);
		if (rows[i].first != NULL)
			assert_string_equal(words[0], rows[i].first);
	}
}

static void quoting_comes_back_whole(void **state)
{
	char line[2048], word[256], *words[COMMAND_WORDS_MAX];
	size_t used = 0;

	(void)state;
	for (int i = 1; i < 256; i++)
		word[i - 1] = (char)(i == '\n' || i == '\r' ? ' ' : i);
	word[255] = '\0';
	used = command_quote(line, used, sizeof(line), word);
	used = command_quote(line, used, sizeof(line), "");
	used = command_quote(line, used, sizeof(line), "a b");
	assert_int_equal(used, strlen(line));
	assert_int_equal(command_split(line, words), 3);
	assert_string_equal(words[0], word);
	assert_string_equal(words[1], "");
	assert_string_equal(words[2], "a b");
}

static void a_line_that_can_not_be_cut(void **state)
{
	char open[] = "drain -m \"x", many[4 * COMMAND_WORDS_MAX];
	char *words[COMMAND_WORDS_MAX];

	(void)state;
	assert_true(command_split(open, words) < 0);
	for (size_t i = 0; i < sizeof(many) - 1; i++)
		many[i] = i % 2 == 0 ? 'x' : ' ';
	many[sizeof(many) - 1] = '\0';
	assert_true(command_split(many, words) < 0);
}

static void what_is_no_text_is_cleaned(void **state)
{
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	assert_int_equal(
		parse(&c, "drain -m \"caf\xc3\xa9 \x1b[31m \xff\"", error), 0);
	assert_string_equal(c.why, "caf\xc3\xa9 ?[31m ?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_good_line),
		cmocka_unit_test(each_bad_line),
		cmocka_unit_test(each_command),
		cmocka_unit_test(did_you_mean),
		cmocka_unit_test(limits),
		cmocka_unit_test(cutting),
		cmocka_unit_test(quoting_comes_back_whole),
		cmocka_unit_test(quoting_into_little_room),
		cmocka_unit_test(a_line_that_can_not_be_cut),
		cmocka_unit_test(what_is_no_text_is_cleaned),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
