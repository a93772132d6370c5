/* To whom `ready` is owed, and for how long. */
#include "poller_fix.h"

static void nobody_is_owed_on_a_first_start(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	say(&f, nothing);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_READY);
	say(&f, in);
	poll_often(&f, &one, 100, SECOND, ANSWER_WITHOUT_READY);
	assert_int_equal(poll(&f, &two), ANSWER_WITHOUT_READY);
	pollers_free(&f.p);
}

/* Each second for 30 s; each 20 s for three gaps; each 15 s thrice. */
static void a_debt_is_paid(void **state)
{
	static const struct {
		uint64_t gap_ms;
		int polls;
	} cases[] = { { SECOND, 31 }, { 20 * SECOND, 4 }, { 15 * SECOND, 4 },
		{ 100, 301 } };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fix f;

		start(&f);
		poll_often(&f, &one, 5, cases[i].gap_ms, ANSWER_WITHOUT_READY);
		say(&f, drain);
		poll_often(&f, &one, 1, cases[i].gap_ms, ANSWER_WITHOUT_READY);
		poll_often(&f, &one, 2, cases[i].gap_ms, ANSWER_WITH_READY);
		assert_int_equal(find(&f, &one)->told, ANSWER_DRAIN);
		assert_false(poller_owed(&f.p, find(&f, &one)));
		say(&f, in);
		assert_true(poller_owed(&f.p, find(&f, &one)));
		poll_often(&f, &one, cases[i].polls, cases[i].gap_ms,
			ANSWER_WITH_READY);
		assert_false(poller_owed(&f.p, find(&f, &one)));
		poll_often(&f, &one, 10, cases[i].gap_ms, ANSWER_WITHOUT_READY);
		pollers_free(&f.p);
	}
}

/* Three replies are needed, however long two take. */
static void a_rare_poller_gets_three(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	drain_and_back(&f, &one);
	poll_often(&f, &one, 2, 10 * HOUR_S * SECOND, ANSWER_WITH_READY);
	assert_true(poller_owed(&f.p, find(&f, &one)));
	poll_often(&f, &one, 1, SECOND, ANSWER_WITH_READY);
	assert_false(poller_owed(&f.p, find(&f, &one)));
	assert_int_equal(poll(&f, &one), ANSWER_WITHOUT_READY);
	pollers_free(&f.p);
}

/* A pause while it is paid makes that longer. */
static void a_gap_while_paying(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	drain_and_back(&f, &one);
	poll_often(&f, &one, 10, SECOND, ANSWER_WITH_READY);
	pass(&f, 19 * SECOND);
	/* By the 45th second, 20 s have faded to 16. */
	poll_often(&f, &one, 16, SECOND, ANSWER_WITH_READY);
	assert_true(poller_owed(&f.p, find(&f, &one)));
	for (int i = 0; i < 4; i++) {
		poll(&f, &one);
		pass(&f, SECOND);
	}
	assert_int_equal(poll(&f, &one), ANSWER_WITHOUT_READY);
	pollers_free(&f.p);
}

static void a_drain_in_the_middle_starts_anew(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	drain_and_back(&f, &one);
	poll_often(&f, &one, 29, SECOND, ANSWER_WITH_READY);
	drain_and_back(&f, &one);
	poll_often(&f, &one, 31, SECOND, ANSWER_WITH_READY);
	assert_int_equal(poll(&f, &one), ANSWER_WITHOUT_READY);
	pollers_free(&f.p);
}

/* Lines without the word pay nothing. */
static void no_verdict_pays_nothing(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	drain_and_back(&f, &one);
	say(&f, nothing);
	poll_often(&f, &one, 60, SECOND, ANSWER_WITH_READY);
	say(&f, in);
	poll_often(&f, &one, 31, SECOND, ANSWER_WITH_READY);
	assert_int_equal(poll(&f, &one), ANSWER_WITHOUT_READY);
	pollers_free(&f.p);
}

static void each_has_its_own_debt(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	poll_often(&f, &two, 3, SECOND, ANSWER_WITHOUT_READY);
	drain_and_back(&f, &one);
	assert_int_equal(poll(&f, &one), ANSWER_WITH_READY);
	/* It was not told: perhaps it was cut off. */
	assert_int_equal(poll(&f, &two), ANSWER_WITHOUT_READY);
	pollers_free(&f.p);
}

static void always_and_never(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	f.policy = POLLER_ALWAYS;
	poll_often(&f, &one, 3, SECOND, ANSWER_WITH_READY);
	f.policy = POLLER_NEVER;
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	say(&f, drain);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	assert_int_equal(find(&f, &one)->told, ANSWER_OUT);
	say(&f, in);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	pollers_take_all(&f.p);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	pollers_doubt(&f.p, f.now);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	poll_often(&f, &two, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	pollers_free(&f.p);
}

/* What was taken before `never` was set is given back. */
static void a_debt_outlasts_never(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	say(&f, drain);
	assert_int_equal(poll(&f, &one), ANSWER_WITH_READY);
	f.policy = POLLER_NEVER;
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	say(&f, in);
	poll_often(&f, &one, 31, SECOND, ANSWER_WITH_READY);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	/* Paid is paid. */
	pollers_take_all(&f.p);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_ADMIN);
	pollers_free(&f.p);
}

static void new_ones_after_a_drain(void **state)
{
	static const struct {
		int64_t later_s;
		enum answer_form form;
	} cases[] = {
		{ 1, ANSWER_WITH_READY }, { DAY_S - 1, ANSWER_WITH_READY },
		{ DAY_S, ANSWER_WITHOUT_READY },
		{ 365 * DAY_S, ANSWER_WITHOUT_READY }, /* or the clock */
		{ -365 * DAY_S, ANSWER_WITHOUT_READY },
		{ -HOUR_S, ANSWER_WITH_READY }, /* the clock again */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fix f;

		start(&f);
		say(&f, drain);
		say(&f, in);
		f.now.s += cases[i].later_s;
		assert_int_equal(poll(&f, &one), cases[i].form);
		pollers_free(&f.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_owed_on_a_first_start),
		cmocka_unit_test(a_debt_is_paid),
		cmocka_unit_test(a_rare_poller_gets_three),
		cmocka_unit_test(a_gap_while_paying),
		cmocka_unit_test(a_drain_in_the_middle_starts_anew),
		cmocka_unit_test(no_verdict_pays_nothing),
		cmocka_unit_test(each_has_its_own_debt),
		cmocka_unit_test(always_and_never),
		cmocka_unit_test(a_debt_outlasts_never),
		cmocka_unit_test(new_ones_after_a_drain),
	};

	return cmocka_run_group_tests_name("poller", tests, NULL, NULL);
}
