#include "line.h"

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
	{ "weight 10%", COMMAND_WEIGHT, "", "", 0, 10, 0 },
	{ "weight puppet1 0%", COMMAND_WEIGHT, "puppet1", "", 0, 0, 0 },
	{ "auto --state", COMMAND_AUTO, "", "", COMMAND_STATE, 0, 0 },
	{ "  drain \t puppet1  ", COMMAND_DRAIN, "puppet1", "", 0, 0, 0 },
	{ "\"drain\" \"puppet1\"", COMMAND_DRAIN, "puppet1", "", 0, 0, 0 },
	{ "drain -m \"\"", COMMAND_DRAIN, "", "", COMMAND_REASON, 0, 0 },
	{ "drain -m a -m b", COMMAND_DRAIN, "", "b", COMMAND_REASON, 0, 0 },
	{ "drain -m --for --for 1s", COMMAND_DRAIN, "", "--for", COMMAND_REASON,
		0, 1000 },
	{ "drain --for 1000ms", COMMAND_DRAIN, "", "", 0, 0, 1000 },
	{ "drain --for 3650d", COMMAND_DRAIN, "", "", 0, 0,
		UINT64_C(3650) * 86400000 },
	{ "weight 100% --all", COMMAND_WEIGHT, "", "", COMMAND_ALL, 100, 0 },
	{ "weight 007%", COMMAND_WEIGHT, "", "", 0, 7, 0 },
	{ "auto --state --weight", COMMAND_AUTO, "", "",
		COMMAND_STATE | COMMAND_CEILING, 0, 0 },
	{ "drain --color", COMMAND_DRAIN, "", "", COMMAND_COLOR, 0, 0 },
	{ "auto puppet1 --weight", COMMAND_AUTO, "puppet1", "", COMMAND_CEILING,
		0, 0 },
	{ "auto --hold", COMMAND_AUTO, "", "", COMMAND_HOLD_SLOT, 0, 0 },
	{ "auto --hold --volatile --all", COMMAND_AUTO, "", "",
		COMMAND_HOLD_SLOT | COMMAND_VOLATILE | COMMAND_ALL, 0, 0 },
	{ "hold --for 5m puppet1 -m restart", COMMAND_HOLD, "puppet1",
		"restart", COMMAND_REASON, 0, 300000 },
	{ "hold --wait --force --volatile", COMMAND_HOLD, "", "",
		COMMAND_WAITS | COMMAND_FORCE | COMMAND_VOLATILE, 0, 0 },
	/* It is never on disk, whoever says so or not. */
	{ "release", COMMAND_RELEASE, "", "", COMMAND_VOLATILE, 0, 0 },
	{ "release --all -m \"usher goes\" --wait", COMMAND_RELEASE, "",
		"usher goes",
		COMMAND_VOLATILE | COMMAND_ALL | COMMAND_REASON | COMMAND_WAITS,
		0, 0 },
	{ "pollers puppet1 -j", COMMAND_POLLERS, "puppet1", "", COMMAND_JSON, 0,
		0 },
	{ "explain", COMMAND_EXPLAIN, "", "", 0, 0, 0 },
	{ "probe puppet1", COMMAND_PROBE, "puppet1", "", 0, 0, 0 },
};

static void each_good_line(void **state)
{
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (parse_line(&c, good[i].line, error) != 0)
			fail_msg("%s: %s", good[i].line, error);
		assert_int_equal(c.spec->id, good[i].id);
		assert_string_equal(c.server, good[i].server);
		assert_string_equal(c.why, good[i].why);
		assert_int_equal(c.flags, good[i].flags);
		assert_int_equal(c.percents[0], good[i].percent);
		assert_int_equal(c.for_ms, good[i].for_ms);
	}
}

/* What says how to wait, how wide to write, and for whom. */
static const struct {
	const char *line;
	unsigned flags;
	const char *server, *word;
	uint64_t timeout_ms, settle_ms;
	unsigned width;
	const char *by;
} details[] = {
	{ "drain --wait", COMMAND_WAITS, "", "", 0, 0, 0, "" },
	{ "drain a --wait --timeout 2m --settle 10s", COMMAND_WAITS, "a", "",
		120000, 10000, 0, "" },
	{ "maint --settle 1000ms --wait", COMMAND_WAITS, "", "", 0, 1000, 0,
		"" },
	{ "down --timeout 1s --wait", COMMAND_WAITS, "", "", 1000, 0, 0, "" },
	{ "release --timeout 1m --wait", COMMAND_WAITS | COMMAND_VOLATILE, "",
		"", 60000, 0, 0, "" },
	{ "wait idle", 0, "", "idle", 0, 0, 0, "" },
	{ "wait serving a", 0, "a", "serving", 0, 0, 0, "" },
	{ "wait idle --all --timeout 3650d", COMMAND_ALL, "", "idle",
		UINT64_C(3650) * 86400000, 0, 0, "" },
	{ "wait serving --settle 1h --timeout 1d -j", COMMAND_JSON, "",
		"serving", 86400000, 3600000, 0, "" },
	{ "status --width 80", 0, "", "", 0, 0, 80, "" },
	{ "status --width 1000 --color", COMMAND_COLOR, "", "", 0, 0, 1000,
		"" },
	{ "status --width 0", 0, "", "", 0, 0, 0, "" },
	{ "drain --by alice --width 1", 0, "", "", 0, 0, 1, "alice" },
	{ "drain --by \"a\x1b[b\"", 0, "", "", 0, 0, 0, "a?[b" },
};

static void each_detail(void **state)
{
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(details) / sizeof(*details); i++) {
		if (parse_line(&c, details[i].line, error) != 0)
			fail_msg("%s: %s", details[i].line, error);
		assert_int_equal(c.flags, details[i].flags);
		assert_string_equal(c.server, details[i].server);
		assert_string_equal(c.word, details[i].word);
		assert_int_equal(c.timeout_ms, details[i].timeout_ms);
		assert_int_equal(c.settle_ms, details[i].settle_ms);
		assert_int_equal(c.width, details[i].width);
		assert_string_equal(c.by, details[i].by);
		assert_int_equal(c.for_ms, 0);
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
	{ "weight 10", "weight: needs a percentage; did you mean 10%?" },
	{ "status 10%", "status: a percentage is a whole number" },
	{ "drain --timeout 1m",
		"drain: --timeout and --settle go with --wait; usage: " },
	{ "hold --settle 1m",
		"hold: --timeout and --settle go with --wait; usage: " },
	{ "release --timeout 1m", "--settle go with --wait; usage: " },
	{ "drain --wait --timeout",
		"drain: a value is missing after --timeout" },
	{ "drain --wait --timeout 5",
		"drain: --timeout is a whole number with s, m, h or d, such as "
		"30m, not 5; usage: " },
	{ "drain --wait --settle 0s", "--settle is a whole number" },
	{ "up --for 1h --wait", "up: does not take --wait; usage: " },
	{ "weight 0% --wait", "weight: does not take --wait; usage: " },
	{ "weight 0% --timeout 1m",
		"weight: does not take --timeout; usage: " },
	{ "auto --wait", "auto: does not take --wait; usage: " },
	{ "status --wait", "status: does not take --wait; usage: " },
	{ "release --volatile", "release: does not take --volatile; usage: " },
	{ "release --for 1h", "release: does not take --for; usage: " },
	{ "release --force", "release: does not take --force; usage: " },
	{ "release 5%", "release: a percentage is a whole number" },
	{ "hold --hold", "hold: does not take --hold; usage: " },
	{ "hold a b", "hold: does not take b; usage: " },
	{ "drain --state", "drain: does not take --state; usage: " },
	{ "wait", "wait: needs idle or serving; usage: wait idle | serving" },
	{ "wait puppet1", "wait: needs idle or serving; usage: " },
	{ "wait puppet1 idle", "wait: needs idle or serving; usage: " },
	{ "wait idle a b", "wait: does not take b; usage: " },
	{ "wait idle --wait", "wait: does not take --wait; usage: " },
	{ "wait idle --for 1m", "wait: does not take --for; usage: " },
	{ "wait idle -m x", "wait: does not take -m; usage: " },
	{ "wait idle a --all", "wait: takes --all or a server, not both: a" },
	{ "pollers --all", "pollers: does not take --all; usage: pollers" },
	{ "explain a b", "explain: does not take b; usage: explain" },
	{ "probe --all", "probe: does not take --all; usage: probe" },
	{ "status --width", "status: a value is missing after --width" },
	{ "status --width x",
		"status: --width is a number of columns, not x; usage: " },
	{ "status --width 1001", "a number of columns, not 1001; usage: " },
	{ "status --width -1", "a number of columns, not -1; usage: " },
};

static void each_bad_line(void **state)
{
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_not_equal(parse_line(&c, bad[i].line, error), 0);
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
			(spec->takes &
				(COMMAND_TAKES_PERCENT | COMMAND_TAKES_STEPS))
				? " 10%"
				: "",
			(spec->takes & COMMAND_TAKES_WORD) == 0 ? ""
				: spec->id == COMMAND_WAIT      ? " idle"
								: " info",
			spec->id == COMMAND_UP               ? " --for 1h"
				: spec->id == COMMAND_DOCTOR ? " --haproxy x"
							     : "");
		if (parse_line(&c, line, error) != 0)
			fail_msg("%s: %s", line, error);
		assert_ptr_equal(c.spec, spec);
		assert_ptr_equal(command_find(spec->name, error), spec);
		command_usage(text, sizeof(text), spec);
		snprintf(start, sizeof(start), "usherctl %s", spec->name);
		assert_memory_equal(text, start, strlen(start));
		assert_non_null(strstr(text, spec->help));
	}
}

/* However long the word is, the sentence says how it is done right. */
static void usage_is_never_cut(void **state)
{
	char word[ORDER_WHY_MAX + 1], error[COMMAND_ERROR_MAX];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	for (size_t i = 0; i < command_specs_n; i++) {
		const struct command_spec *spec = &command_specs[i];
		const char *const options[] = { "--for", "--timeout",
			"--settle", "--width", "-m", "--what" };

		for (size_t k = 0; k < 6; k++) {
			char line[1024], end[COMMAND_ERROR_MAX], *at;
			struct command c;

			snprintf(line, sizeof(line), "%s %s %s %s", spec->name,
				options[k], word, word);
			assert_int_not_equal(parse_line(&c, line, error), 0);
			snprintf(end, sizeof(end), "; usage: %s %s", spec->name,
				spec->arguments);
			at = strstr(error, "; usage: ");
			if (at == NULL || strcmp(at, end) != 0)
				fail_msg("%s: %s", line, error);
		}
	}
}

/* usherctl goes by this where it looks for its own options. */
static void which_have_values(void **state)
{
	static const char *const with[] = { "-m", "--for", "--timeout",
		"--settle", "--by", "--width" };
	static const char *const without[] = { "", "-", "--", "m", "-j", "-s",
		"--wait", "--hold", "--all", "--FOR", "--for=1h", "--fo",
		"--forx", "drain" };

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++)
		assert_int_equal(command_has_value(with[i]), 1);
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
		assert_int_equal(command_has_value(without[i]), 0);
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
		assert_int_equal(parse_line(&c, line, error) != 0, over == 1);
	}
}

static void what_is_no_text_is_cleaned(void **state)
{
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	assert_int_equal(
		parse_line(&c, "drain -m \"caf\xc3\xa9 \x1b[31m \xff\"", error),
		0);
	assert_string_equal(c.why, "caf\xc3\xa9 ?[31m ?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_good_line),
		cmocka_unit_test(each_detail),
		cmocka_unit_test(each_bad_line),
		cmocka_unit_test(each_command),
		cmocka_unit_test(usage_is_never_cut),
		cmocka_unit_test(which_have_values),
		cmocka_unit_test(did_you_mean),
		cmocka_unit_test(limits),
		cmocka_unit_test(what_is_no_text_is_cleaned),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
