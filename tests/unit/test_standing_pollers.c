/* Debts under each policy, what goes to disk, and who stops to poll. */
#include "standing_fix.h"

#include "capture.h"
#include "log.h"

/* --- policies --- */

static const struct {
	enum poller_policy policy;
	const char *usual, *drained, *told, *untold, *fresh;
} policies[] = {
	{ POLLER_AUTO, UP, DRAINED, READY, UP, READY },
	{ POLLER_ALWAYS, READY, DRAINED, READY, READY, READY },
	{ POLLER_NEVER, UP, "up 0% # drain by alice\n", UP, UP, UP },
};

/* One is told of the drain, two is not, three comes when it is over. */
static void a_drain_under_each_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(policies); i++) {
		struct fix f;

		open_fix(&f);
		standing_set_policy(&f.s, policies[i].policy);
		expect(&f, &one, "# no verdict yet\n");
		probe(&f, OUTCOME_OK);
		expect(&f, &one, policies[i].usual);
		expect(&f, &two, policies[i].usual);
		put(&f, ORDER_DRAIN);
		expect(&f, &one, policies[i].drained);
		put(&f, ORDER_NONE);
		expect(&f, &one, policies[i].told);
		expect(&f, &two, policies[i].untold);
		expect(&f, &three, policies[i].fresh);
		close_fix(&f);
	}
}

static void ready_for_thirty_seconds(void **state)
{
	static const enum order_kind kinds[] = { ORDER_DRAIN, ORDER_MAINT,
		ORDER_HOLD };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct fix f;

		open_fix(&f);
		probe(&f, OUTCOME_OK);
		expect_often(&f, 3, &one, UP);
		put(&f, kinds[i]);
		standing_line(&f.s, &one, &(size_t){ 0 });
		pass(SECOND);
		put(&f, ORDER_NONE);
		expect_often(&f, 31, &one, READY);
		expect_often(&f, 3, &one, UP);
		close_fix(&f);
	}
}

/* Only what HAProxy keeps is given back. */
static void nothing_was_taken(void **state)
{
	static const enum order_kind kinds[] = { ORDER_DOWN, ORDER_UP,
		ORDER_WEIGHT };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct fix f;

		open_fix(&f);
		probe(&f, OUTCOME_OK);
		put(&f, kinds[i]);
		standing_line(&f.s, &one, &(size_t){ 0 });
		put(&f, ORDER_NONE);
		expect(&f, &one, UP);
		expect(&f, &two, UP);
		close_fix(&f);
	}
}

/* The server drains itself. */
static void stopping_takes_too(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	probe(&f, OUTCOME_OK);
	expect(&f, &two, UP);
	probe(&f, OUTCOME_STOPPING);
	expect(&f, &one, "up drain 100% # stopping\n");
	probe(&f, OUTCOME_OK);
	probe(&f, OUTCOME_OK);
	expect(&f, &one, READY);
	expect(&f, &two, UP);
	close_fix(&f);
}

/* It takes effect at the next poll. */
static void the_policy_changes(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	probe(&f, OUTCOME_OK);
	put(&f, ORDER_DRAIN);
	expect(&f, &one, DRAINED);
	standing_set_policy(&f.s, POLLER_NEVER);
	expect(&f, &one, "up 0% # drain by alice\n");
	expect(&f, &two, "up 0% # drain by alice\n");
	put(&f, ORDER_NONE);
	/* A debt from before is paid all the same. */
	expect_often(&f, 31, &one, READY);
	expect(&f, &one, UP);
	expect(&f, &two, UP);
	standing_set_policy(&f.s, POLLER_ALWAYS);
	expect(&f, &two, READY);
	close_fix(&f);
}

/* What status shows is for one that is owed nothing. */
static void the_usual_reply(void **state)
{
	struct standing_view v;

	(void)state;
	for (size_t i = 0; i < COUNT(policies); i++) {
		struct fix f;

		open_fix(&f);
		standing_set_policy(&f.s, policies[i].policy);
		standing_look(&f.s, &v);
		assert_string_equal(v.reply, "# no verdict yet");
		probe(&f, OUTCOME_OK);
		put(&f, ORDER_DRAIN);
		expect(&f, &one, policies[i].drained);
		standing_look(&f.s, &v);
		assert_memory_equal(
			v.reply, policies[i].drained, strlen(v.reply));
		put(&f, ORDER_NONE);
		pass(5 * SECOND);
		standing_look(&f.s, &v);
		assert_memory_equal(
			v.reply, policies[i].usual, strlen(v.reply));
		assert_int_equal(
			strlen(v.reply) + 1, strlen(policies[i].usual));
		assert_int_equal(v.policy, policies[i].policy);
		assert_int_equal(v.verdict, VERDICT_UP);
		assert_int_equal(v.verdict_ms, 5 * SECOND);
		assert_int_equal(v.pollers->n, 1);
		assert_string_equal(v.lines[ANSWER_WITH_READY].text, READY);
		close_fix(&f);
	}
}

/* --- the disk --- */

static void expect_changes(struct fix *f, unsigned n)
{
	assert_int_equal(f->changed, n);
	f->changed = 0;
}

static void when_the_disk_is_told(void **state)
{
	const struct orders none = only(ORDER_NONE, 0);
	const struct pollers nobody = { .list = NULL };
	struct fix f;

	(void)state;
	open_fix(&f);
	standing_restore(&f.s, &none, &nobody, STANDING_SURE);
	expect_changes(&f, 0);
	expect(&f, &one, "# no verdict yet\n");
	probe(&f, OUTCOME_OK);
	expect_changes(&f, 0);
	expect(&f, &one, UP);
	expect_changes(&f, 1); /* told something */
	expect(&f, &one, UP);
	expect_changes(&f, 1); /* come to stay */
	expect_often(&f, 20, &one, UP);
	probe(&f, OUTCOME_OK);
	expect_changes(&f, 0);
	put(&f, ORDER_DRAIN);
	expect_changes(&f, 1);
	expect(&f, &one, DRAINED);
	expect_changes(&f, 1);
	expect(&f, &one, DRAINED);
	expect_changes(&f, 0);
	put(&f, ORDER_NONE);
	expect_changes(&f, 1);
	expect(&f, &one, READY);
	expect_changes(&f, 1);
	pass(SECOND);
	expect_often(&f, 29, &one, READY);
	expect_changes(&f, 0);
	expect(&f, &one, READY);
	expect_changes(&f, 1); /* paid */
	standing_owe(&f.s);
	expect_changes(&f, 1);
	close_fix(&f);
}

static void who_is_forgotten_goes_from_the_disk(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	expect(&f, &one, "# no verdict yet\n");
	expect_changes(&f, 0);
	pass(POLLER_PASSER_MS + 1);
	standing_look_at_pollers(&f.s);
	assert_int_equal(standing_pollers(&f.s)->n, 0);
	expect_changes(&f, 1);
	close_fix(&f);
}

/* --- the log --- */

static void look_after(struct fix *f, uint64_t ms)
{
	pass(ms);
	standing_look_at_pollers(&f->s);
}

/* Each line of the log, from its level on. */
static void expect_log(char *log, const char *const *lines, size_t n)
{
	char *line = strtok(log, "\n");

	for (size_t i = 0; i < n; i++) {
		assert_non_null(line);
		assert_string_equal(strchr(line, ' ') + 1, lines[i]);
		line = strtok(NULL, "\n");
	}
	assert_null(line);
	free(log);
}

static void who_polls_is_logged(void **state)
{
	static const char *const lines[] = {
		"warn polls server=puppet1 text=\"nobody has polled yet\"",
		"warn polls server=puppet1 poller=192.0.2.1 "
		"text=\"has not polled for 3 of its usual intervals\"",
		"info polls server=puppet1 poller=192.0.2.1 "
		"text=\"polls again\"",
	};
	struct addr_host host;
	struct fix f;
	size_t len;

	(void)state;
	assert_int_equal(addr_host_parse(&host, "192.0.2.1"), 0);
	open_fix(&f);
	capture_start();
	log_set_level(LOG_INFO);
	look_after(&f, POLLER_NOBODY_MS - 1);
	look_after(&f, 1);
	look_after(&f, SECOND);
	expect_often(&f, 3, &host, "# no verdict yet\n");
	look_after(&f, 0);
	look_after(&f, POLLER_LIVE_MIN_MS);
	look_after(&f, SECOND);
	expect(&f, &host, "# no verdict yet\n");
	look_after(&f, SECOND);
	look_after(&f, SECOND);
	log_set_level(LOG_ERROR);
	expect_log(capture_end(&len), lines, COUNT(lines));
	close_fix(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drain_under_each_policy),
		cmocka_unit_test(ready_for_thirty_seconds),
		cmocka_unit_test(nothing_was_taken),
		cmocka_unit_test(stopping_takes_too),
		cmocka_unit_test(the_policy_changes),
		cmocka_unit_test(the_usual_reply),
		cmocka_unit_test(when_the_disk_is_told),
		cmocka_unit_test(who_is_forgotten_goes_from_the_disk),
		cmocka_unit_test(who_polls_is_logged),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name(
		"standing pollers", tests, NULL, NULL);
}
