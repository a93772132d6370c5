/* A weight from JRubies, probe by probe. */
#include "t.h"

#include <stdlib.h>

#include "load.h"

enum { PROBE_MS = 2000, START_MS = 1000 };

struct fix {
	struct load l;
	unsigned min;
	uint64_t now_ms;
	struct probed p;
};

static struct fix of_size(unsigned jrubies)
{
	return (struct fix){ .min = 1,
		.now_ms = START_MS,
		.p = { .figures = PROBED_FIGURES,
			.jruby = { .jrubies = jrubies, .free = jrubies } } };
}

static void probe_often(struct fix *f, unsigned n)
{
	while (n-- > 0) {
		load_probe(&f->l, f->min, &f->p, f->now_ms);
		f->now_ms += PROBE_MS;
	}
}

static void demand(struct fix *f, unsigned borrowed, unsigned waiting)
{
	f->p.jruby.borrowed = borrowed;
	f->p.jruby.free = f->p.jruby.jrubies - borrowed;
	f->p.jruby.waiting = waiting;
}

static void expect(const struct fix *f, enum load_why why, unsigned percent)
{
	assert_int_equal(f->l.why, why);
	assert_int_equal(f->l.percent, percent);
}

/* Where each demand leads when it lasts. */
static void what_a_demand_is_worth(void **state)
{
	static const struct {
		unsigned jrubies, borrowed, waiting, percent;
	} rows[] = {
		{ 1, 0, 0, 100 }, { 1, 1, 0, 50 }, { 1, 1, 1, 25 },
		{ 1, 1, 9, 5 }, { 2, 1, 0, 75 }, { 2, 2, 0, 50 },
		{ 2, 2, 2, 25 }, { 4, 1, 0, 90 }, /* 87.5 */
		{ 4, 4, 12, 15 },                 /* 12.5 */
		{ 8, 8, 0, 50 },
		{ 2, 0, 1, 75 }, /* just before it is lent one */
		{ 3, 2, 0, 65 }, /* 66.7 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fix f = of_size(rows[i].jrubies);

		demand(&f, rows[i].borrowed, rows[i].waiting);
		probe_often(&f, 100);
		if (f.l.percent != rows[i].percent)
			fail_msg("%u/%u/%u: %u", rows[i].jrubies,
				rows[i].borrowed, rows[i].waiting, f.l.percent);
		assert_int_equal(f.l.why, LOAD_DEMAND);
		/* And back. */
		demand(&f, 0, 0);
		probe_often(&f, 100);
		expect(&f, LOAD_DEMAND, 100);
	}
}

/* The first figures count at once; later ones by and by. */
static void is_smoothed(void **state)
{
	struct fix f = of_size(1);
	unsigned n = 0;

	(void)state;
	demand(&f, 1, 0);
	probe_often(&f, 1);
	expect(&f, LOAD_DEMAND, 50);
	demand(&f, 0, 0);
	while (f.l.percent < 85 && n < 100) {
		probe_often(&f, 1);
		n++;
	}
	print_message("half the way back after %u probes\n", n);
	/* 50 * exp(-t/30s) = 15 after 36 s. */
	assert_in_range(n, 16, 22);
}

/* How often it is probed hardly matters. */
static void by_time_not_by_probes(void **state)
{
	static const uint64_t intervals[] = { 500, 2000, 5000, 10000 };
	unsigned percents[COUNT(intervals)];

	(void)state;
	for (size_t i = 0; i < COUNT(intervals); i++) {
		struct fix f = of_size(1);

		probe_often(&f, 1);
		demand(&f, 1, 3);
		for (uint64_t past = 0; past < 30000; past += intervals[i]) {
			load_probe(&f.l, f.min, &f.p, f.now_ms);
			f.now_ms += intervals[i];
		}
		percents[i] = f.l.percent;
	}
	for (size_t i = 1; i < COUNT(intervals); i++)
		assert_true(abs((int)percents[i] - (int)percents[0]) <= 15);
}

/* A demand that trembles from probe to probe leaves the weight alone. */
static void steps_of_five(void **state)
{
	unsigned last = 100, reversals = 0;
	struct fix f = of_size(8);
	int way = 0;

	(void)state;
	srandom(1);
	probe_often(&f, 1);
	for (int i = 0; i < 3000; i++) {
		int step;

		demand(&f, 3 + (unsigned)random() % 3, 0);
		probe_often(&f, 1);
		step = (int)f.l.percent - (int)last;
		assert_true(step == 0 || abs(step) >= LOAD_STEP);
		assert_int_equal(f.l.percent % LOAD_STEP, 0);
		if (step != 0) {
			reversals += way != 0 && (step > 0) != (way > 0);
			way = step;
		}
		last = f.l.percent;
	}
	print_message("%u reversals in %u probes\n", reversals, 3000);
	assert_in_range(reversals, 0, 30);
}

static void waits_too_long(struct fix *f)
{
	demand(f, 2, 1);
	f->p.jruby.oldest_waiter_ms = LOAD_WAITER_MS + 1;
}

static void sent_away(struct fix *f)
{
	f->p.jruby.queue_limit_hits++;
}

static void over_cap(struct fix *f)
{
	f->p.figures = PROBED_OVERSIZE_FIGURES;
}

/* The first is the floor's, the second is not yet. */
static void to_the_floor_at_once(void **state)
{
	static const struct {
		void (*happens)(struct fix *f);
		enum load_why why;
	} rows[] = {
		{ waits_too_long, LOAD_WAITER },
		{ sent_away, LOAD_QUEUE_LIMIT },
		{ over_cap, LOAD_OVERSIZE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fix f = of_size(2);

		f.min = 7;
		f.p.jruby.queue_limit_hits = 3;
		probe_often(&f, 5);
		expect(&f, LOAD_DEMAND, 100);
		rows[i].happens(&f);
		probe_often(&f, 1);
		expect(&f, rows[i].why, 7);
		assert_string_not_equal(load_why_text(f.l.why), "");
		/* From there it climbs, and does not jump. */
		f.p.figures = PROBED_FIGURES;
		f.p.jruby.oldest_waiter_ms = 0;
		demand(&f, 0, 0);
		probe_often(&f, 1);
		assert_in_range(f.l.percent, 7, 25);
		probe_often(&f, 100);
		expect(&f, LOAD_DEMAND, 100);
	}
}

static void ten_seconds_are_not_too_long(void **state)
{
	struct fix f = of_size(2);

	(void)state;
	waits_too_long(&f);
	f.p.jruby.oldest_waiter_ms = LOAD_WAITER_MS;
	probe_often(&f, 1);
	assert_int_equal(f.l.why, LOAD_DEMAND);
}

/* Counters begin with 0 again after a restart: that is no rise. */
static void a_restart_of_the_counter(void **state)
{
	struct fix f = of_size(2);

	(void)state;
	f.p.jruby.queue_limit_hits = 50;
	probe_often(&f, 2);
	f.p.jruby.queue_limit_hits = 0;
	probe_often(&f, 1);
	expect(&f, LOAD_DEMAND, 100);
	f.p.jruby.queue_limit_hits = 1;
	probe_often(&f, 1);
	expect(&f, LOAD_QUEUE_LIMIT, 1);
}

static void a_locked_pool(void **state)
{
	struct fix f = of_size(2);

	(void)state;
	probe_often(&f, 2);
	demand(&f, 1, 1);
	f.p.jruby.oldest_waiter_ms = LOAD_LOCKED_MS + 1;
	probe_often(&f, 1);
	assert_int_equal(f.l.why, LOAD_DEMAND);
	probe_often(&f, 1);
	expect(&f, LOAD_LOCKED, 1);
	/* A deployment's lock shows, and hits every server: no reason. */
	f.p.jruby.lock = JRUBY_LOCK_ACQUIRED;
	probe_often(&f, 1);
	assert_int_equal(f.l.why, LOAD_DEMAND);
	/* Not twice in a row. */
	f.p.jruby.lock = JRUBY_LOCK_NONE;
	probe_often(&f, 1);
	assert_int_equal(f.l.why, LOAD_DEMAND);
	/* All lent and somebody waits: that is load. */
	demand(&f, 2, 1);
	probe_often(&f, 5);
	assert_int_equal(f.l.why, LOAD_DEMAND);
	/* A second is not long. */
	demand(&f, 1, 1);
	f.p.jruby.oldest_waiter_ms = LOAD_LOCKED_MS;
	probe_often(&f, 5);
	assert_int_equal(f.l.why, LOAD_DEMAND);
}

static void without_figures(void **state)
{
	static const enum probed_figures missing[] = { PROBED_NO_FIGURES,
		PROBED_CUT_FIGURES, PROBED_NOT_ASKED };

	(void)state;
	for (size_t i = 0; i < COUNT(missing); i++) {
		struct fix f = of_size(1);

		demand(&f, 1, 0);
		probe_often(&f, 1);
		f.p.figures = missing[i];
		probe_often(&f, LOAD_MISSING_PROBES);
		expect(&f, LOAD_DEMAND, 50);
		assert_false(load_blind(&f.l));
		probe_often(&f, 1);
		assert_int_equal(f.l.why, LOAD_UNKNOWN);
		assert_true(load_blind(&f.l));
		probe_often(&f, 10);
		assert_true(load_blind(&f.l));
		/* And again with them: the first count at once. */
		f.p.figures = PROBED_FIGURES;
		probe_often(&f, 1);
		expect(&f, LOAD_DEMAND, 50);
		assert_false(load_blind(&f.l));
	}
}

/* One that comes in between starts the count anew. */
static void missing_now_and_then(void **state)
{
	struct fix f = of_size(1);

	(void)state;
	demand(&f, 1, 0);
	for (int i = 0; i < 10; i++) {
		f.p.figures = PROBED_FIGURES;
		probe_often(&f, 1);
		f.p.figures = PROBED_CUT_FIGURES;
		probe_often(&f, LOAD_MISSING_PROBES);
		expect(&f, LOAD_DEMAND, 50);
	}
}

static void busy_is_the_floor(void **state)
{
	struct fix f = of_size(1);

	(void)state;
	f.min = 3;
	load_busy(&f.l, f.min, f.now_ms);
	expect(&f, LOAD_BUSY, 3);
	probe_often(&f, 1);
	assert_in_range(f.l.percent, 3, 20);
}

/* Busy once, and no figures before or after: the floor ends. */
static void busy_without_figures(void **state)
{
	struct fix f = of_size(1);

	(void)state;
	f.p.figures = PROBED_NO_FIGURES;
	probe_often(&f, 10);
	load_busy(&f.l, 1, f.now_ms);
	probe_often(&f, LOAD_MISSING_PROBES);
	expect(&f, LOAD_BUSY, 1);
	probe_often(&f, 1);
	assert_int_equal(f.l.why, LOAD_UNKNOWN);
	f.p.figures = PROBED_OVERSIZE_FIGURES;
	probe_often(&f, 1);
	f.p.figures = PROBED_NO_FIGURES;
	probe_often(&f, LOAD_MISSING_PROBES + 1);
	assert_int_equal(f.l.why, LOAD_UNKNOWN);
}

/* Back to 100 from each floor, the highest too. */
static void from_each_floor(void **state)
{
	(void)state;
	for (unsigned min = 1; min < 100; min++) {
		struct fix f = of_size(1);

		f.min = min;
		load_busy(&f.l, min, f.now_ms);
		probe_often(&f, 200);
		expect(&f, LOAD_DEMAND, 100);
	}
}

/* A pool with no JRuby at all divides nothing by zero. */
static void no_jrubies(void **state)
{
	struct fix f = of_size(0);

	(void)state;
	probe_often(&f, 10);
	assert_int_equal(f.l.why, LOAD_UNKNOWN);
}

static void never_under_the_floor(void **state)
{
	(void)state;
	for (unsigned min = 1; min <= 100; min++) {
		struct fix f = of_size(1);

		f.min = min;
		demand(&f, 1, 500);
		probe_often(&f, 50);
		assert_true(f.l.percent >= min);
		assert_true(f.l.percent <= 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_demand_is_worth),
		cmocka_unit_test(is_smoothed),
		cmocka_unit_test(by_time_not_by_probes),
		cmocka_unit_test(steps_of_five),
		cmocka_unit_test(to_the_floor_at_once),
		cmocka_unit_test(ten_seconds_are_not_too_long),
		cmocka_unit_test(a_restart_of_the_counter),
		cmocka_unit_test(a_locked_pool),
		cmocka_unit_test(without_figures),
		cmocka_unit_test(missing_now_and_then),
		cmocka_unit_test(busy_is_the_floor),
		cmocka_unit_test(busy_without_figures),
		cmocka_unit_test(from_each_floor),
		cmocka_unit_test(no_jrubies),
		cmocka_unit_test(never_under_the_floor),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
