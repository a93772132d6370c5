/* How orders go on after a restart, and how they end by themselves. */
#include "standing_fix.h"

#include "capture.h"
#include "hasten.h"
#include "log.h"

/* --- an earlier run --- */

/* Two pollers of an earlier run: one has paid up, two is owed. */
static void restore(
	struct fix *f, const struct orders *orders, enum standing_trust trust)
{
	struct poller paid = { .host = one,
		.last_s = 1,
		.interval_ms = SECOND,
		.longest_ms = SECOND,
		.told = ANSWER_IN };
	struct poller owed = { .host = two,
		.last_s = 1,
		.told = ANSWER_DRAIN,
		.taken = true,
		.sure = true };
	struct pollers pollers = { .list = NULL };

	pollers_restore(&pollers, &paid);
	pollers_restore(&pollers, &owed);
	standing_restore(&f->s, orders, &pollers, trust);
	pollers_free(&pollers);
}

static const struct {
	enum order_kind kind;
	int64_t until_s;
	enum standing_trust trust;
	const char *in_force; /* "": it has run out */
	const char *after;    /* to one, and to a new one */
} restored[] = {
	{ ORDER_NONE, 0, STANDING_SURE, UP, UP },
	{ ORDER_NONE, 0, STANDING_DOUBTFUL, READY, READY },
	{ ORDER_DRAIN, 0, STANDING_SURE, DRAINED, READY },
	{ ORDER_DRAIN, 1, STANDING_SURE, "", READY },
	{ ORDER_MAINT, 0, STANDING_SURE, "up maint 100% # maint by alice\n",
		READY },
	{ ORDER_MAINT, 1, STANDING_SURE, "", READY },
	{ ORDER_HOLD, 0, STANDING_SURE, "up drain 100% # hold by alice\n",
		READY },
	{ ORDER_HOLD, START_S, STANDING_SURE, "", READY },
	{ ORDER_DOWN, 0, STANDING_SURE, "stopped 100% # down by alice\n", UP },
	{ ORDER_DOWN, 1, STANDING_SURE, "", UP },
	{ ORDER_WEIGHT, 0, STANDING_SURE, "up 10% # weight by alice\n", UP },
	{ ORDER_WEIGHT, 1, STANDING_DOUBTFUL, "", READY },
};

/* A drain on disk may have been told to those whom a crash has lost. */
static void what_was_in_force_at_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(restored); i++) {
		const struct orders orders =
			only(restored[i].kind, restored[i].until_s);
		bool run_out = *restored[i].in_force == '\0';
		struct fix f;

		open_fix(&f);
		restore(&f, &orders, restored[i].trust);
		assert_int_equal(f.ended, run_out);
		probe(&f, OUTCOME_OK);
		if (!run_out)
			expect(&f, &one, restored[i].in_force);
		put(&f, ORDER_NONE);
		expect(&f, &one, restored[i].after);
		expect(&f, &two, READY);
		expect(&f, &three, restored[i].after);
		close_fix(&f);
	}
}

/* As if all had polled when usherd started. */
static void silent_since_the_start(void **state)
{
	const struct orders none = only(ORDER_NONE, 0);
	struct fix f;

	(void)state;
	open_fix(&f);
	restore(&f, &none, STANDING_SURE);
	pass(POLLER_LIVE_MIN_MS);
	standing_look_at_pollers(&f.s);
	assert_false(standing_pollers(&f.s)->list[0].silent);
	pass(1);
	standing_look_at_pollers(&f.s);
	assert_true(standing_pollers(&f.s)->list[0].silent);
	close_fix(&f);
}

/* What has run out is the owner's to tell. */
static void without_a_word(void **state)
{
	const struct orders orders = only(ORDER_DRAIN, 1);
	struct fix f;
	size_t len;
	char *log;

	(void)state;
	capture_start();
	log_set_level(LOG_DEBUG);
	open_fix(&f);
	restore(&f, &orders, STANDING_DOUBTFUL);
	log_set_level(LOG_ERROR);
	log = capture_end(&len);
	assert_string_equal(log, "");
	assert_null(history_get(f.history, 0));
	free(log);
	close_fix(&f);
}

/* Who is owed without a proof, gets nothing under `never`. */
static void doubts_under_never(void **state)
{
	const struct orders none = only(ORDER_NONE, 0);
	struct fix f;

	(void)state;
	open_fix(&f);
	restore(&f, &none, STANDING_DOUBTFUL);
	standing_set_policy(&f.s, POLLER_NEVER);
	probe(&f, OUTCOME_OK);
	expect(&f, &one, UP);
	expect(&f, &two, READY);
	expect(&f, &three, UP);
	close_fix(&f);
}

/* --- the end of an order --- */

/* Though nobody polls.  The wall clock is looked at each second. */
static void run_out_by_the_timer(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	probe(&f, OUTCOME_OK);
	hasten_those_of(SECOND);
	put_until(&f, ORDER_DRAIN, START_S + 10);
	hasten();
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(f.ended, 0);
	assert_non_null(hasten_timer); /* again */
	pass(10 * SECOND);
	hasten();
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(f.ended, 1);
	assert_null(hasten_timer);
	expect(&f, &one, READY);
	assert_int_equal(f.ended, 1);
	close_fix(&f);
}

/* --- hold --- */

static const struct {
	enum outcome outcome;
	bool left;
} goings[] = {
	{ OUTCOME_REFUSED, true },
	{ OUTCOME_STARTING, true },
	{ OUTCOME_STOPPING, false }, /* it still works */
	{ OUTCOME_OK, false },
	{ OUTCOME_BUSY, false },
	{ OUTCOME_NOTFOUND, false },
	{ OUTCOME_ERROR, false },
	{ OUTCOME_TIMEOUT, false },
	{ OUTCOME_DNS, false },
	{ OUTCOME_INTERNAL, false },
};

static void what_counts_as_gone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(goings); i++) {
		struct fix f;

		open_fix(&f);
		probe(&f, OUTCOME_OK);
		put(&f, ORDER_HOLD);
		probe(&f, goings[i].outcome);
		probe(&f, goings[i].outcome);
		assert_int_equal(
			standing_orders(&f.s)->hold.left, goings[i].left);
		for (int good = 0; good < 5; good++)
			probe(&f, OUTCOME_OK);
		assert_int_equal(f.ended, goings[i].left);
		close_fix(&f);
	}
}

/* It goes to disk once; good probes must come in a row. */
static void a_slow_return(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	probe(&f, OUTCOME_OK);
	put(&f, ORDER_HOLD);
	expect(&f, &one, "up drain 100% # hold by alice\n");
	f.changed = 0;
	probe(&f, OUTCOME_REFUSED);
	probe(&f, OUTCOME_REFUSED);
	assert_int_equal(f.changed, 1);
	probe(&f, OUTCOME_OK);
	probe(&f, OUTCOME_REFUSED);
	probe(&f, OUTCOME_OK);
	assert_int_equal(f.ended, 0);
	probe(&f, OUTCOME_OK);
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.kind, ORDER_HOLD);
	expect(&f, &one, READY);
	close_fix(&f);
}

/* Given again, it is there for a restart that is to come. */
static void a_new_hold_waits_anew(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	probe(&f, OUTCOME_OK);
	put(&f, ORDER_HOLD);
	probe(&f, OUTCOME_REFUSED);
	probe(&f, OUTCOME_OK);
	put(&f, ORDER_HOLD);
	for (int good = 0; good < 5; good++)
		probe(&f, OUTCOME_OK);
	assert_int_equal(f.ended, 0);
	close_fix(&f);
}

static void left_in_an_earlier_run(void **state)
{
	struct orders orders = only(ORDER_HOLD, 0);
	struct fix f;

	(void)state;
	orders.hold.left = true;
	open_fix(&f);
	restore(&f, &orders, STANDING_SURE);
	probe(&f, OUTCOME_OK);
	assert_int_equal(f.ended, 0);
	probe(&f, OUTCOME_OK);
	assert_int_equal(f.ended, 1);
	close_fix(&f);
}

/* --- release --- */

static void released_when_all_are_paid(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	probe(&f, OUTCOME_OK);
	put(&f, ORDER_DRAIN);
	for (int i = 0; i < 3; i++) {
		expect(&f, &one, DRAINED);
		expect(&f, &two, DRAINED);
		pass(SECOND);
	}
	probe(&f, OUTCOME_REFUSED);
	put(&f, ORDER_RELEASE);
	/* The other one has gone: nobody waits for it. */
	for (int i = 0; i < 31; i++) {
		assert_false(standing_released(&f.s));
		expect(&f, &one, "up ready 100% # release by alice\n");
		pass(SECOND);
	}
	assert_true(standing_released(&f.s));
	assert_true(standing_wait_facts(&f.s).released);
	put(&f, ORDER_NONE);
	assert_false(standing_released(&f.s));
	close_fix(&f);
}

/* Time for those that nobody knows of; the same order again changes nothing. */
static void released_without_pollers(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	pass(POLLER_PAY_MS);
	assert_false(standing_released(&f.s));
	put(&f, ORDER_RELEASE);
	pass(POLLER_PAY_MS - 1);
	assert_false(standing_released(&f.s));
	put(&f, ORDER_RELEASE);
	pass(1);
	assert_true(standing_released(&f.s));
	close_fix(&f);
}

/* --- in service --- */

static const struct {
	enum verdict verdict;
	enum order_kind kind;
	bool in_service;
} services[] = {
	{ VERDICT_UP, ORDER_NONE, true },
	{ VERDICT_BUSY, ORDER_NONE, true },
	{ VERDICT_NONE, ORDER_NONE, false },
	{ VERDICT_FAIL, ORDER_NONE, false },
	{ VERDICT_STOPPING, ORDER_NONE, false },
	{ VERDICT_UP, ORDER_DRAIN, false },
	{ VERDICT_UP, ORDER_MAINT, false },
	{ VERDICT_UP, ORDER_DOWN, false },
	{ VERDICT_UP, ORDER_HOLD, false },
	{ VERDICT_UP, ORDER_CANARY, true },
	{ VERDICT_FAIL, ORDER_UP, true },
	{ VERDICT_FAIL, ORDER_RELEASE, true },
};

static void who_gets_work(void **state)
{
	struct orders none = only(ORDER_WEIGHT, 0);
	const struct standing_view up = { .verdict = VERDICT_UP };

	(void)state;
	for (size_t i = 0; i < COUNT(services); i++) {
		const struct orders orders = only(services[i].kind, 0);
		const struct standing_view v = { .verdict =
							 services[i].verdict };

		assert_int_equal(standing_in_service(&v, &orders),
			services[i].in_service);
	}
	none.ceiling.percent = 0;
	assert_false(standing_in_service(&up, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_in_force_at_the_end),
		cmocka_unit_test(silent_since_the_start),
		cmocka_unit_test(without_a_word),
		cmocka_unit_test(doubts_under_never),
		cmocka_unit_test(run_out_by_the_timer),
		cmocka_unit_test(what_counts_as_gone),
		cmocka_unit_test(a_slow_return),
		cmocka_unit_test(a_new_hold_waits_anew),
		cmocka_unit_test(left_in_an_earlier_run),
		cmocka_unit_test(released_when_all_are_paid),
		cmocka_unit_test(released_without_pollers),
		cmocka_unit_test(who_gets_work),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name(
		"standing orders", tests, NULL, NULL);
}
