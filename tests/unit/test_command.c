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
		cmocka_unit_test(quoting_comes_back_whole),
		cmocka_unit_test(a_line_that_can_not_be_cut),
		cmocka_unit_test(what_is_no_text_is_cleaned),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
