/* When a canary goes on, and when it waits. */
#include "t.h"

#include "canary.h"

enum { SECOND = 1000, EVERY_S = 60, START_MS = 7 * SECOND };

struct fix {
	struct canary c;
	struct orders orders;
	struct probed probed;
	enum verdict verdict;
	uint64_t now_ms;
};

static struct fix of_steps(unsigned n, int64_t every_s)
{
	struct fix f = { .now_ms = START_MS,
		.verdict = VERDICT_UP,
		.probed = { .figures = PROBED_FIGURES,
			.jruby = { .jrubies = 2, .free = 2 } },
		.orders.ceiling = { .kind = ORDER_CANARY,
			.percent = 5,
			.steps = { 5, 25, 50 },
			.n_steps = n,
			.every_s = every_s } };

	return f;
}

static struct canary_facts facts_of(const struct fix *f)
{
	return (struct canary_facts){ f->verdict, &f->orders, &f->probed };
}

static enum canary_event see(struct fix *f, unsigned seconds)
{
	const struct canary_facts facts = facts_of(f);

	f->now_ms += (uint64_t)seconds * SECOND;
	return canary_follow(&f->c, &facts, f->now_ms);
}

/* As its owner does. */
static void expect_step(struct fix *f, unsigned seconds, unsigned percent)
{
	assert_int_equal(see(f, seconds), CANARY_GOES_ON);
	assert_true(order_next_step(&f->orders.ceiling, 1));
	assert_int_equal(f->orders.ceiling.percent, percent);
}

static void all_the_way(void **state)
{
	struct fix f = of_steps(3, EVERY_S);

	(void)state;
	assert_int_equal(see(&f, 0), CANARY_WAITS);
	assert_int_equal(see(&f, EVERY_S - 1), CANARY_WAITS);
	expect_step(&f, 1, 25);
	assert_int_equal(see(&f, EVERY_S - 1), CANARY_WAITS);
	expect_step(&f, 1, 50);
	/* There it stays. */
	assert_int_equal(see(&f, 100 * EVERY_S), CANARY_WAITS);
	assert_false(f.c.held);
	assert_false(order_next_step(&f.orders.ceiling, 1));
	assert_int_equal(f.orders.ceiling.percent, 50);
}

/* One step at a time, however late it is. */
static void late_is_one_step(void **state)
{
	struct fix f = of_steps(3, EVERY_S);

	(void)state;
	assert_int_equal(see(&f, 0), CANARY_WAITS);
	expect_step(&f, 1000 * EVERY_S, 25);
	assert_int_equal(see(&f, EVERY_S - 1), CANARY_WAITS);
}

static void never_by_itself(void **state)
{
	struct fix by_hand = of_steps(3, 0), one = of_steps(1, EVERY_S);
	struct fix weight = of_steps(3, EVERY_S);

	(void)state;
	weight.orders.ceiling.kind = ORDER_WEIGHT;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(see(&by_hand, EVERY_S), CANARY_WAITS);
		assert_int_equal(see(&one, EVERY_S), CANARY_WAITS);
		assert_int_equal(see(&weight, EVERY_S), CANARY_WAITS);
	}
	assert_true(canary_left_ms(&by_hand.c, &by_hand.orders.ceiling, 1) ==
		UINT64_MAX);
}

/* What speaks against a step, and whether it also stops the clock. */
static void dead(struct fix *f)
{
	f->verdict = VERDICT_FAIL;
}

static void unseen(struct fix *f)
{
	f->verdict = VERDICT_NONE;
}

static void busy(struct fix *f)
{
	f->verdict = VERDICT_BUSY;
}

static void drained(struct fix *f)
{
	f->orders.state.kind = ORDER_DRAIN;
}

static void held(struct fix *f)
{
	f->orders.hold.kind = ORDER_HOLD;
}

static void one_waits(struct fix *f)
{
	f->probed.jruby.waiting = 1;
}

static void two_wait(struct fix *f)
{
	f->probed.jruby.waiting = 2;
}

static void no_figures(struct fix *f)
{
	f->probed.figures = PROBED_NO_FIGURES;
	strcpy(f->probed.figures_detail, "HTTP status 403");
}

static void not_asked(struct fix *f)
{
	f->probed.figures = PROBED_NOT_ASKED;
}

static const struct trouble {
	void (*comes)(struct fix *f);
	const char *clause;
	enum canary_event at_its_time;
} troubles[] = {
	{ dead, "the server is not in service", CANARY_WAITS },
	{ unseen, "the server is not in service", CANARY_WAITS },
	{ drained, "an order keeps the server out of service", CANARY_WAITS },
	{ held, "an order keeps the server out of service", CANARY_WAITS },
	{ busy, "the server is busy", CANARY_HELD },
	{ one_waits, "1 request waits for a JRuby", CANARY_HELD },
	{ two_wait, "2 requests wait for a JRuby", CANARY_HELD },
	{ no_figures,
		"the last probe has not seen how busy it is (HTTP status 403)",
		CANARY_HELD },
	{ not_asked, "the last probe has not seen how busy it is",
		CANARY_HELD },
};

static void each_trouble(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++) {
		const struct trouble *t = &troubles[i];
		struct fix f = of_steps(3, EVERY_S), well = f;
		struct canary_facts facts = facts_of(&f);
		char clause[CANARY_TEXT_MAX];

		assert_false(canary_objection(clause, &facts));
		assert_int_equal(see(&f, 0), CANARY_WAITS);
		t->comes(&f);
		facts = facts_of(&f);
		assert_true(canary_objection(clause, &facts));
		assert_string_equal(clause, t->clause);
		assert_int_equal(see(&f, EVERY_S), t->at_its_time);
		/* Said once. */
		assert_int_equal(see(&f, 1), CANARY_WAITS);
		assert_int_equal(f.c.held, t->at_its_time == CANARY_HELD);
		f.verdict = well.verdict;
		f.orders = well.orders;
		f.probed = well.probed;
		if (t->at_its_time == CANARY_HELD) {
			expect_step(&f, 1, 25);
			continue;
		}
		/* Time out of service is no time: it begins anew. */
		assert_int_equal(see(&f, 1), CANARY_WAITS);
		assert_int_equal(see(&f, EVERY_S - 1), CANARY_WAITS);
		expect_step(&f, 1, 25);
	}
}

static void time_that_is_left(void **state)
{
	struct fix f = of_steps(3, EVERY_S);

	(void)state;
	assert_int_equal(canary_left_ms(&f.c, &f.orders.ceiling, START_MS),
		EVERY_S * SECOND);
	see(&f, 0);
	assert_int_equal(
		canary_left_ms(&f.c, &f.orders.ceiling, f.now_ms + 1000),
		(EVERY_S - 1) * SECOND);
	assert_int_equal(canary_left_ms(&f.c, &f.orders.ceiling,
				 f.now_ms + 3600 * SECOND),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_the_way),
		cmocka_unit_test(late_is_one_step),
		cmocka_unit_test(never_by_itself),
		cmocka_unit_test(each_trouble),
		cmocka_unit_test(time_that_is_left),
	};

	return cmocka_run_group_tests_name("canary", tests, NULL, NULL);
}
