/* The words of a canary plan. */
#include "line.h"

static void each_good_line(void **state)
{
	static const struct {
		const char *line, *server, *why;
		unsigned flags;
		unsigned percents[ORDER_STEPS_MAX];
		size_t n;
		uint64_t every_ms, for_ms;
	} good[] = {
		{ "canary 5%", "", "", 0, { 5 }, 1, 0, 0 },
		{ "canary 5% 25% 50%", "", "", 0, { 5, 25, 50 }, 3, 0, 0 },
		{ "canary puppet1 5% 100%", "puppet1", "", 0, { 5, 100 }, 2, 0,
			0 },
		{ "canary 1% puppet1 2% -m \"new site.pp\" --every 15m",
			"puppet1", "new site.pp", COMMAND_REASON, { 1, 2 }, 2,
			900000, 0 },
		{ "canary 5% 6% --for 2h --volatile --every 1s", "", "",
			COMMAND_VOLATILE, { 5, 6 }, 2, 1000, 7200000 },
		{ "canary 1% 2% 3% 4% 5% 6% 7% 8%", "", "", 0,
			{ 1, 2, 3, 4, 5, 6, 7, 8 }, 8, 0, 0 },
		{ "canary --next", "", "", COMMAND_NEXT, { 0 }, 0, 0, 0 },
		{ "canary puppet1 --force --next -j", "puppet1", "",
			COMMAND_NEXT | COMMAND_FORCE | COMMAND_JSON, { 0 }, 0,
			0, 0 },
		{ "canary --next --volatile", "", "",
			COMMAND_NEXT | COMMAND_VOLATILE, { 0 }, 0, 0, 0 },
	};
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (parse_line(&c, good[i].line, error) != 0)
			fail_msg("%s: %s", good[i].line, error);
		assert_int_equal(c.spec->id, COMMAND_CANARY);
		assert_string_equal(c.server, good[i].server);
		assert_string_equal(c.why, good[i].why);
		assert_int_equal(c.flags, good[i].flags);
		assert_int_equal(c.n_percents, good[i].n);
		assert_memory_equal(
			c.percents, good[i].percents, sizeof(c.percents));
		assert_int_equal(c.every_ms, good[i].every_ms);
		assert_int_equal(c.for_ms, good[i].for_ms);
	}
}

static void each_bad_line(void **state)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "canary", "needs percentages, or --next; usage: " },
		{ "canary puppet1", "needs percentages, or --next" },
		{ "canary 0% 5%", "0% tries nothing; `drain` takes it out" },
		{ "canary 25% 5%", "each percentage is above the one before" },
		{ "canary 5% 5%", "each percentage is above the one before" },
		{ "canary 5% 101%", "from 0% to 100%, not 101%" },
		{ "canary 1% 2% 3% 4% 5% 6% 7% 8% 9%",
			"takes at most 8 percentages, not 9%" },
		{ "canary --next 5%", "--next goes on with the steps" },
		{ "canary --next -m x", "--next goes on with the steps" },
		{ "canary --next --every 5m", "--next goes on with the steps" },
		{ "canary --next --for 5m", "--next goes on with the steps" },
		{ "canary 5 25 50", "does not take 25; did you mean 25%?" },
		{ "canary 5",
			"needs percentages, or --next; did you mean 5%?" },
		{ "weight 5", "needs a percentage; did you mean 5%?" },
		{ "canary 5% --force", "--force goes with --next" },
		{ "canary 5% 6% --every 100ms", "such as 30m, not 100ms" },
		{ "canary 5% --all", "does not take --all" },
		{ "canary 5% a b", "does not take b" },
		{ "weight 5% --every 5m", "does not take --every" },
		{ "drain --next", "does not take --next" },
		{ "doctor", "needs --haproxy" },
		{ "status --haproxy x", "does not take --haproxy" },
	};
	char error[COMMAND_ERROR_MAX];
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_not_equal(parse_line(&c, bad[i].line, error), 0);
		if (strstr(error, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].line, error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_good_line),
		cmocka_unit_test(each_bad_line),
	};

	return cmocka_run_group_tests_name("command_canary", tests, NULL, NULL);
}
