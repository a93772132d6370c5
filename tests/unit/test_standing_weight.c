/* What of weights and canaries reaches HAProxy, the log and the disk. */
#include "standing_fix.h"

static const struct standing_rules by_load = {
	.health = { .rise = 1,
		.fall = 1,
		.busy_limit_ms = 3600 * SECOND,
		.stale_ms = 3600 * SECOND },
	.weight = { .mode = WEIGHT_JRUBY, .min = 3, .ramp_ms = 100 * SECOND },
};

static void open_by_load(struct fix *f)
{
	open_fix(f);
	standing_set_rules(&f->s, "puppet1", &by_load);
}

static void probe_with(struct fix *f, unsigned borrowed, unsigned waiting)
{
	const struct probed p = { .number = ++f->probes,
		.outcome = OUTCOME_OK,
		.figures = PROBED_FIGURES,
		.jruby = { .jrubies = 2,
			.free = 2 - borrowed,
			.borrowed = borrowed,
			.waiting = waiting } };

	standing_probed(&f->s, &p);
}

static size_t noted(const struct fix *f)
{
	size_t n = 0;

	while (history_get(f->history, n) != NULL)
		n++;
	return n;
}

static void follows_the_load(void **state)
{
	struct fix f;

	(void)state;
	open_by_load(&f);
	assert_true(standing_wants_figures(&f.s));
	probe_with(&f, 2, 2);
	expect(&f, &one, "up 25% # load\n");
	put(&f, ORDER_CANARY);
	expect(&f, &one, "up 10% # canary by alice\n");
	put(&f, ORDER_NONE);
	probe(&f, OUTCOME_BUSY);
	expect(&f, &one, "up 3% # busy\n");
	/* The end of a drain is no return. */
	put(&f, ORDER_DRAIN);
	expect(&f, &one, "up drain 3% # drain by alice\n");
	close_fix(&f);
}

/* Not a line for each step. */
static void gliding_is_not_noted(void **state)
{
	struct fix f;
	size_t before;

	(void)state;
	open_by_load(&f);
	probe_with(&f, 0, 0);
	probe_with(&f, 2, 0);
	before = noted(&f);
	for (int i = 0; i < 50; i++) {
		pass(2 * SECOND);
		probe_with(&f, 2, (unsigned)i % 5);
	}
	assert_int_equal(noted(&f), before);
	/* But what goes to the floor at once is. */
	probe(&f, OUTCOME_BUSY);
	assert_int_equal(noted(&f), before + 1);
	close_fix(&f);
}

/* It rises by the clock, whenever the next probe comes. */
static void a_ramp_needs_no_probe(void **state)
{
	struct fix f;

	(void)state;
	open_by_load(&f);
	probe(&f, OUTCOME_REFUSED);
	pass(SECOND);
	probe_with(&f, 0, 0);
	expect(&f, &one, "up 3% # ramp after coming back\n");
	pass(50 * SECOND);
	expect(&f, &one, "up 51% # ramp after coming back\n");
	pass(50 * SECOND);
	expect(&f, &one, "up 100%\n");
	close_fix(&f);
}

/* BUSY becomes FAIL between two probes, and the next one is good. */
static void failed_by_the_clock(void **state)
{
	struct standing_rules rules = by_load;
	struct fix f;

	(void)state;
	open_by_load(&f);
	rules.weight.mode = WEIGHT_FIXED;
	rules.health.busy_limit_ms = 10 * SECOND;
	standing_set_rules(&f.s, "puppet1", &rules);
	probe_with(&f, 0, 0);
	probe(&f, OUTCOME_BUSY);
	pass(11 * SECOND);
	expect(&f, &one, "fail 100% # connected, but no answer in time\n");
	probe_with(&f, 0, 0);
	expect(&f, &one, "up 3% # ramp after coming back\n");
	close_fix(&f);
}

/* A reload with another floor counts before the next probe. */
static void another_floor(void **state)
{
	struct standing_rules rules = by_load;
	struct fix f;

	(void)state;
	open_by_load(&f);
	probe_with(&f, 0, 0);
	probe(&f, OUTCOME_BUSY);
	expect(&f, &one, "up 3% # busy\n");
	rules.weight.min = 40;
	standing_set_rules(&f.s, "puppet1", &rules);
	expect(&f, &one, "up 40% # busy\n");
	rules.weight.mode = WEIGHT_FIXED;
	standing_set_rules(&f.s, "puppet1", &rules);
	expect(&f, &one, "up 100% # busy\n");
	close_fix(&f);
}

static struct orders plan(int64_t every_s)
{
	return (struct orders){ .ceiling = { .kind = ORDER_CANARY,
					.who = "alice",
					.since_s = 1,
					.percent = 5,
					.steps = { 5, 25 },
					.n_steps = 2,
					.every_s = every_s } };
}

static void goes_on_by_itself(void **state)
{
	const struct orders orders = plan(60);
	struct fix f;

	(void)state;
	open_fix(&f);
	probe_with(&f, 0, 0);
	standing_put_orders(&f.s, &orders);
	assert_true(standing_wants_figures(&f.s));
	probe_with(&f, 0, 0);
	pass(60 * SECOND);
	probe_with(&f, 2, 1);
	expect(&f, &one, "up 5% # canary by alice\n");
	probe_with(&f, 2, 0);
	expect(&f, &one, "up 25% # canary by alice\n");
	/* Its owner hears of it, and keeps it on disk. */
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.now.kind, ORDER_CANARY);
	assert_int_equal(f.now.percent, 25);
	assert_int_equal(f.now.since_s, START_S + 60);
	close_fix(&f);
}

/* A drain in between keeps the step; a new plan begins its time anew. */
static void its_time(void **state)
{
	struct orders orders = plan(60);
	struct fix f;

	(void)state;
	open_fix(&f);
	standing_put_orders(&f.s, &orders);
	probe_with(&f, 0, 0);
	pass(50 * SECOND);
	orders.ceiling.since_s = 2;
	standing_put_orders(&f.s, &orders);
	probe_with(&f, 0, 0);
	pass(59 * SECOND);
	probe_with(&f, 0, 0);
	assert_int_equal(f.ended, 0);
	orders.state = only(ORDER_DRAIN, 0).state;
	standing_put_orders(&f.s, &orders);
	probe_with(&f, 0, 0);
	pass(SECOND);
	probe_with(&f, 0, 0);
	assert_int_equal(f.ended, 0);
	orders.state.kind = ORDER_NONE;
	standing_put_orders(&f.s, &orders);
	probe_with(&f, 0, 0);
	pass(60 * SECOND);
	probe_with(&f, 0, 0);
	assert_int_equal(f.ended, 1);
	close_fix(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_load),
		cmocka_unit_test(gliding_is_not_noted),
		cmocka_unit_test(a_ramp_needs_no_probe),
		cmocka_unit_test(failed_by_the_clock),
		cmocka_unit_test(another_floor),
		cmocka_unit_test(goes_on_by_itself),
		cmocka_unit_test(its_time),
	};

	return cmocka_run_group_tests_name(
		"standing_weight", tests, NULL, NULL);
}
