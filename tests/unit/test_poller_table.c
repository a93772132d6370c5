/* Which pollers are known, which of them poll, and what goes to disk. */
#include "poller_fix.h"

static struct addr_host host_number(unsigned n)
{
	struct addr_host host = { { 9, (unsigned char)(n >> 8),
		(unsigned char)n } };

	return host;
}

static void fill_from(struct fix *f, unsigned n)
{
	for (; n < POLLER_MAX; n++) {
		struct addr_host host = host_number(n);

		poll(f, &host);
	}
	assert_int_equal(f->p.n, POLLER_MAX);
}

static void who_has_no_place_gets_ready(void **state)
{
	struct addr_host first = host_number(0);
	struct fix f;

	(void)state;
	start(&f);
	fill_from(&f, 0);
	poll_often(&f, &one, 3, 10, ANSWER_WITH_READY);
	assert_null(find(&f, &one));
	assert_int_equal(f.p.n, POLLER_MAX);
	assert_int_equal(poll(&f, &first), ANSWER_WITHOUT_READY);
	pollers_free(&f.p);
}

/* By what was told, in the form that was given; those without a place too. */
static void polls_are_counted(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_READY);
	say(&f, drain);
	poll(&f, &one);
	poll(&f, &one);
	assert_int_equal(find(&f, &one)->counts[ANSWER_IN], 3);
	assert_int_equal(find(&f, &one)->counts[ANSWER_DRAIN], 2);
	fill_from(&f, 1);
	poll(&f, &two);
	assert_int_equal(f.p.others[ANSWER_DRAIN], 1);
	f.policy = POLLER_NEVER;
	poll(&f, &two);
	assert_int_equal(f.p.others[ANSWER_OUT], 1);
	pollers_free(&f.p);
}

/*
 * The place of one that asks no more, even of a passer-by that is owed, but
 * not of a balancer that is.
 */
static void a_place_is_given_away(void **state)
{
	struct addr_host owed = host_number(0), passer = host_number(1),
			 idle = host_number(2);
	struct fix f;

	(void)state;
	start(&f);
	poll_often(&f, &owed, 3, SECOND, ANSWER_WITHOUT_READY);
	say(&f, drain);
	poll(&f, &owed);
	poll(&f, &passer);
	say(&f, in);
	f.p.ended_s = 0;
	pass(&f, 1);
	fill_from(&f, 2);
	pass(&f, POLLER_LIVE_MIN_MS + 1);
	for (unsigned n = 3; n < POLLER_MAX; n++) {
		struct addr_host host = host_number(n);

		poll(&f, &host);
	}
	assert_int_equal(poll(&f, &one), ANSWER_WITHOUT_READY);
	assert_non_null(find(&f, &one));
	assert_null(find(&f, &passer));
	assert_non_null(find(&f, &idle));
	assert_int_equal(poll(&f, &two), ANSWER_WITHOUT_READY);
	assert_non_null(find(&f, &two));
	assert_null(find(&f, &idle));
	/* And now there is none left. */
	assert_int_equal(poll(&f, &passer), ANSWER_WITH_READY);
	assert_null(find(&f, &passer));
	assert_non_null(find(&f, &owed));
	pollers_free(&f.p);
}

static void a_copy_goes_on(void **state)
{
	struct pollers copy;
	struct fix f;

	(void)state;
	start(&f);
	drain_and_back(&f, &one);
	poll(&f, &two);
	memset(&copy, 0, sizeof(copy));
	assert_int_equal(pollers_copy(&copy, &f.p), 0);
	assert_int_equal(copy.n, 2);
	assert_memory_equal(copy.list, f.p.list, 2 * sizeof(*copy.list));
	assert_true(copy.list != f.p.list);
	pollers_free(&f.p);
	f.p = copy;
	assert_int_equal(poll(&f, &one), ANSWER_WITH_READY);
	pollers_free(&f.p);
}

/* --- who polls --- */

static void live(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	poll_often(&f, &one, 2, SECOND, ANSWER_WITHOUT_READY);
	assert_false(poller_live(find(&f, &one), f.now));
	assert_true(poller_expected(&f.p, find(&f, &one), f.now));
	poll_often(&f, &one, 1, POLLER_LIVE_MIN_MS, ANSWER_WITHOUT_READY);
	assert_true(poller_live(find(&f, &one), f.now));
	pass(&f, 1);
	assert_false(poller_live(find(&f, &one), f.now));
	assert_false(poller_expected(&f.p, find(&f, &one), f.now));
	/* One that polls each 10 s may stay away for 30. */
	poll_often(&f, &two, 3, 10 * SECOND, ANSWER_WITHOUT_READY);
	pass(&f, 20 * SECOND);
	assert_true(poller_live(find(&f, &two), f.now));
	pass(&f, 1);
	assert_false(poller_live(find(&f, &two), f.now));
	pollers_free(&f.p);
}

static uint64_t interval_of(const struct fix *f)
{
	return find(f, &one)->interval_ms;
}

static void intervals_are_learnt(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	poll_often(&f, &one, 20, SECOND, ANSWER_WITHOUT_READY);
	assert_int_equal(interval_of(&f), SECOND);
	/* Two balancers behind one address: the longest gap counts. */
	for (int i = 0; i < 20; i++)
		poll_often(&f, &one, 1, i % 2 == 0 ? 100 : 900,
			ANSWER_WITHOUT_READY);
	assert_in_range(interval_of(&f), 700, 1000);
	/* A pause is none. */
	pass(&f, 60 * SECOND);
	poll_often(&f, &one, 1, SECOND, ANSWER_WITHOUT_READY);
	assert_in_range(interval_of(&f), 700, 1000);
	assert_int_equal(find(&f, &one)->longest_ms, 60900);
	/* Nor is another one, later. */
	poll_often(&f, &one, 1, 60 * SECOND, ANSWER_WITHOUT_READY);
	poll_often(&f, &one, 2, SECOND, ANSWER_WITHOUT_READY);
	assert_in_range(interval_of(&f), 700, 1000);
	/* But slower from now on is, from the second time on. */
	poll_often(&f, &one, 2, 10 * SECOND, ANSWER_WITHOUT_READY);
	poll_often(&f, &one, 2, 10 * SECOND, ANSWER_WITHOUT_READY);
	assert_int_equal(interval_of(&f), 10 * SECOND);
	/* And faster is learnt in time, as is that pauses have ceased. */
	poll_often(&f, &one, 1000, SECOND, ANSWER_WITHOUT_READY);
	assert_in_range(interval_of(&f), SECOND, SECOND + 100);
	assert_in_range(find(&f, &one)->longest_ms, SECOND, SECOND + 100);
	pollers_free(&f.p);
}

struct told {
	int silent, back, nobody;
};

static void on_event(void *arg, enum poller_event event, const struct poller *p)
{
	struct told *t = arg;

	assert_int_equal(p == NULL, event == POLLER_NOBODY);
	t->silent += event == POLLER_SILENT;
	t->back += event == POLLER_BACK;
	t->nobody += event == POLLER_NOBODY;
}

static struct told look_for(struct fix *f, int seconds)
{
	struct told t = { 0, 0, 0 };

	while (seconds-- > 0) {
		pass(f, SECOND);
		pollers_look(&f->p, f->now, on_event, &t);
	}
	return t;
}

static void each_is_told_once(void **state)
{
	struct told t;
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(look_for(&f, 29).nobody, 0);
	assert_int_equal(look_for(&f, 1).nobody, 1);
	assert_int_equal(look_for(&f, 100).nobody, 0);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_READY);
	assert_int_equal(look_for(&f, 1).silent, 0);
	t = look_for(&f, 100);
	assert_int_equal(t.silent, 1);
	assert_int_equal(t.nobody, 0);
	assert_true(find(&f, &one)->silent);
	poll(&f, &one);
	t = look_for(&f, 2);
	assert_int_equal(t.back, 1);
	assert_int_equal(t.silent, 0);
	pollers_free(&f.p);
}

/* Who has only a health check over HTTP needs no agent. */
static void checks_are_enough(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	pollers_checked(&f.p, f.now);
	assert_int_equal(look_for(&f, 100).nobody, 0);
	assert_int_equal(f.p.checks, 1);
	pollers_free(&f.p);
}

static void the_forgotten(void **state)
{
	struct fix f;
	struct told t;

	(void)state;
	start(&f);
	poll(&f, &one); /* a passer-by: no word of it */
	t = look_for(&f, 600);
	assert_non_null(find(&f, &one));
	t = look_for(&f, 2);
	assert_null(find(&f, &one));
	assert_int_equal(t.silent, 0);
	poll_often(&f, &one, 3, SECOND, ANSWER_WITHOUT_READY);
	drain_and_back(&f, &two);
	look_for(&f, DAY_S - 10);
	assert_non_null(find(&f, &one));
	look_for(&f, 20);
	assert_null(find(&f, &one));
	/* It may come back, and must be ready then. */
	look_for(&f, 2 * DAY_S);
	assert_non_null(find(&f, &two));
	assert_int_equal(poll(&f, &two), ANSWER_WITH_READY);
	pollers_free(&f.p);
}

/* Both clocks must say so: the wall clock may be wrong. */
static void one_that_is_owed_is_forgotten_late(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	drain_and_back(&f, &one);
	f.now.s += 2 * (int64_t)POLLER_FORGET_OWED_S;
	pollers_look(&f.p, f.now, on_event, &(struct told){ 0 });
	assert_non_null(find(&f, &one));
	f.now.s -= 2 * (int64_t)POLLER_FORGET_OWED_S;
	pass(&f, (uint64_t)POLLER_FORGET_OWED_S * SECOND - SECOND);
	pollers_look(&f.p, f.now, on_event, &(struct told){ 0 });
	assert_non_null(find(&f, &one));
	pass(&f, SECOND);
	pollers_look(&f.p, f.now, on_event, &(struct told){ 0 });
	assert_null(find(&f, &one));
	pollers_free(&f.p);
}

/* Of an earlier run: counted from the start. */
static void one_that_was_known(void **state)
{
	const struct poller was = { .host = one,
		.last_s = 1795420000,
		.interval_ms = 2 * SECOND,
		.longest_ms = 2 * SECOND,
		.told = ANSWER_IN };
	struct fix f;

	(void)state;
	start(&f);
	pollers_restore(&f.p, &was);
	pollers_restore(&f.p, &was);
	assert_int_equal(f.p.n, 1);
	assert_true(poller_expected(&f.p, find(&f, &one), f.now));
	assert_false(poller_live(find(&f, &one), f.now));
	assert_int_equal(look_for(&f, 6).silent, 0);
	assert_int_equal(look_for(&f, 1).silent, 1);
	/* The pause that usherd was away for is no gap. */
	poll_often(&f, &one, 3, 2 * SECOND, ANSWER_WITHOUT_READY);
	assert_int_equal(interval_of(&f), 2 * SECOND);
	pollers_free(&f.p);
}

/* --- the disk --- */

static bool unsaved(struct fix *f)
{
	bool was = f->p.unsaved;

	f->p.unsaved = false;
	return was;
}

static void what_must_be_written(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	say(&f, in);
	assert_false(unsaved(&f));
	poll(&f, &one);
	assert_true(unsaved(&f)); /* told something */
	pass(&f, SECOND);
	poll(&f, &one);
	assert_false(unsaved(&f));
	pass(&f, SECOND);
	poll(&f, &one);
	assert_true(unsaved(&f)); /* come to stay: its interval */
	poll_often(&f, &one, 50, SECOND, ANSWER_WITHOUT_READY);
	assert_false(unsaved(&f));
	say(&f, drain);
	assert_true(unsaved(&f)); /* a drain has begun */
	poll(&f, &one);
	assert_true(unsaved(&f)); /* a debt */
	pass(&f, SECOND);
	poll(&f, &one);
	assert_false(unsaved(&f));
	say(&f, in);
	assert_true(unsaved(&f)); /* its end */
	poll(&f, &one);
	assert_true(unsaved(&f)); /* told something else */
	poll_often(&f, &one, 29, SECOND, ANSWER_WITH_READY);
	assert_false(unsaved(&f));
	pass(&f, SECOND);
	poll(&f, &one);
	assert_true(unsaved(&f)); /* paid */
	pollers_take_all(&f.p);
	assert_true(unsaved(&f));
	pollers_free(&f.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_no_place_gets_ready),
		cmocka_unit_test(polls_are_counted),
		cmocka_unit_test(a_place_is_given_away),
		cmocka_unit_test(a_copy_goes_on),
		cmocka_unit_test(live),
		cmocka_unit_test(intervals_are_learnt),
		cmocka_unit_test(each_is_told_once),
		cmocka_unit_test(checks_are_enough),
		cmocka_unit_test(the_forgotten),
		cmocka_unit_test(one_that_is_owed_is_forgotten_late),
		cmocka_unit_test(one_that_was_known),
		cmocka_unit_test(what_must_be_written),
	};

	return cmocka_run_group_tests_name("poller_table", tests, NULL, NULL);
}
