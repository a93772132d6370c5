/* A server that comes back. */
#include "t.h"

#include "ramp.h"

enum { SECOND = 1000, RAMP_MS = 60 * SECOND, START_MS = 500 };

struct fix {
	struct ramp r;
	uint64_t ramp_ms, now_ms;
	enum ramp_place place;
	struct probed p;
};

static struct fix fresh(void)
{
	return (struct fix){ .ramp_ms = RAMP_MS,
		.now_ms = START_MS,
		.p = { .figures = PROBED_FIGURES,
			.jruby = { .jrubies = 4, .free = 4 } } };
}

static void see(struct fix *f, enum verdict verdict, unsigned seconds)
{
	f->now_ms += (uint64_t)seconds * SECOND;
	ramp_follow(&f->r, f->ramp_ms, verdict, f->place, &f->p, f->now_ms);
}

static void expect(const struct fix *f, unsigned percent)
{
	assert_int_equal(
		ramp_percent(&f->r, f->ramp_ms, 10, f->now_ms), percent);
}

static void from_the_floor_to_all(void **state)
{
	static const struct {
		unsigned second, percent;
	} rows[] = { { 0, 10 }, { 1, 11 }, { 20, 40 }, { 30, 55 }, { 59, 98 },
		{ 60, 100 }, { 61, 100 } };
	struct fix f = fresh();
	unsigned past = 0;

	(void)state;
	see(&f, VERDICT_FAIL, 0);
	expect(&f, 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		see(&f, VERDICT_UP, rows[i].second - past);
		past = rows[i].second;
		expect(&f, rows[i].percent);
	}
	assert_int_equal(f.r.from_ms, 0);
}

/* What is a return, and what is none. */
static void which_is_a_return(void **state)
{
	static const struct {
		enum verdict before[3];
		int is_one;
	} rows[] = {
		{ { VERDICT_NONE, VERDICT_NONE, VERDICT_NONE }, 0 },
		{ { VERDICT_UP, VERDICT_BUSY, VERDICT_BUSY }, 0 },
		{ { VERDICT_UP, VERDICT_NONE, VERDICT_NONE }, 0 },
		{ { VERDICT_NONE, VERDICT_UP, VERDICT_DOWN }, 1 },
		{ { VERDICT_UP, VERDICT_BUSY, VERDICT_FAIL }, 1 },
		{ { VERDICT_UP, VERDICT_UP, VERDICT_STOPPING }, 1 },
		/* It was dead before nothing was known. */
		{ { VERDICT_FAIL, VERDICT_NONE, VERDICT_NONE }, 1 },
		{ { VERDICT_FAIL, VERDICT_UP, VERDICT_BUSY }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fix f = fresh();

		for (size_t k = 0; k < 3; k++)
			see(&f, rows[i].before[k], 0);
		see(&f, VERDICT_UP, 0);
		expect(&f, rows[i].is_one ? 10 : 100);
	}
}

static void gone_again_it_begins_again(void **state)
{
	struct fix f = fresh();

	(void)state;
	see(&f, VERDICT_FAIL, 0);
	see(&f, VERDICT_UP, 1);
	see(&f, VERDICT_UP, 30);
	expect(&f, 55);
	see(&f, VERDICT_FAIL, 1);
	expect(&f, 100);
	see(&f, VERDICT_UP, 1);
	expect(&f, 10);
}

/* Nobody is sent there, so it does not get warm. */
static void kept_out_it_waits(void **state)
{
	struct fix f = fresh();

	(void)state;
	see(&f, VERDICT_FAIL, 0);
	f.place = RAMP_KEPT_OUT;
	see(&f, VERDICT_UP, 1);
	see(&f, VERDICT_UP, 3600);
	expect(&f, 10);
	f.place = RAMP_LET_IN;
	see(&f, VERDICT_UP, 30);
	expect(&f, 55);
	/* A drain in the middle begins it anew; the end of one alone does not
	 */
	f.place = RAMP_KEPT_OUT;
	see(&f, VERDICT_UP, 1);
	expect(&f, 10);
	f.place = RAMP_LET_IN;
	see(&f, VERDICT_UP, 60);
	expect(&f, 100);
	f.place = RAMP_KEPT_OUT;
	see(&f, VERDICT_UP, 1);
	f.place = RAMP_LET_IN;
	see(&f, VERDICT_UP, 1);
	expect(&f, 100);
}

static void not_past_the_jrubies_that_exist(void **state)
{
	struct fix f = fresh();

	(void)state;
	see(&f, VERDICT_FAIL, 0);
	f.p.jruby.free = 1;
	see(&f, VERDICT_UP, 0);
	assert_int_equal(ramp_built(&f.r, 10), 25);
	assert_int_equal(ramp_built(&f.r, 30), 30);
	f.p.jruby.borrowed = 1;
	see(&f, VERDICT_UP, 70);
	/* Time is over, but two are still being built. */
	expect(&f, 100);
	assert_int_equal(ramp_built(&f.r, 10), 50);
	f.p.jruby.free = 3;
	see(&f, VERDICT_UP, 2);
	assert_int_equal(ramp_built(&f.r, 10), 100);
	/* A flush later on is no matter of the ramp. */
	f.p.jruby.free = 0;
	f.p.jruby.borrowed = 0;
	see(&f, VERDICT_UP, 2);
	assert_int_equal(ramp_built(&f.r, 10), 100);
}

static void without_figures_by_time_alone(void **state)
{
	struct fix f = fresh();

	(void)state;
	f.p.figures = PROBED_NO_FIGURES;
	f.p.jruby.free = 0;
	see(&f, VERDICT_FAIL, 0);
	see(&f, VERDICT_UP, 0);
	/* For three probes the least; then they are no limit. */
	assert_int_equal(ramp_built(&f.r, 10), 10);
	for (int i = 0; i < 3; i++)
		see(&f, VERDICT_UP, 1);
	assert_int_equal(ramp_built(&f.r, 10), 100);
	see(&f, VERDICT_UP, 57);
	expect(&f, 100);
	assert_int_equal(f.r.from_ms, 0);
}

/* One probe without figures tells nothing. */
static void figures_missed_once(void **state)
{
	struct fix f = fresh();

	(void)state;
	see(&f, VERDICT_FAIL, 0);
	f.p.jruby.free = 1;
	see(&f, VERDICT_UP, 0);
	f.p.figures = PROBED_CUT_FIGURES;
	for (int i = 0; i < 3; i++)
		see(&f, VERDICT_UP, 100);
	assert_int_equal(ramp_built(&f.r, 10), 25);
	f.p.figures = PROBED_FIGURES;
	see(&f, VERDICT_UP, 1);
	f.p.figures = PROBED_CUT_FIGURES;
	see(&f, VERDICT_UP, 1);
	assert_int_equal(ramp_built(&f.r, 10), 25);
}

/* BUSY has become FAIL, and the next probe is good. */
static void failed_between_two_probes(void **state)
{
	struct fix f = fresh();

	(void)state;
	see(&f, VERDICT_UP, 0);
	see(&f, VERDICT_BUSY, 1);
	ramp_see(&f.r, VERDICT_FAIL);
	see(&f, VERDICT_UP, 1);
	expect(&f, 10);
}

static void no_ramp(void **state)
{
	struct fix f = fresh();

	(void)state;
	f.ramp_ms = 0;
	f.p.jruby.free = 1;
	see(&f, VERDICT_FAIL, 0);
	see(&f, VERDICT_UP, 1);
	expect(&f, 100);
	assert_int_equal(ramp_built(&f.r, 10), 100);
	/* One that a reload brings begins with the next return. */
	f.ramp_ms = RAMP_MS;
	see(&f, VERDICT_UP, 1);
	expect(&f, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_floor_to_all),
		cmocka_unit_test(which_is_a_return),
		cmocka_unit_test(gone_again_it_begins_again),
		cmocka_unit_test(kept_out_it_waits),
		cmocka_unit_test(not_past_the_jrubies_that_exist),
		cmocka_unit_test(without_figures_by_time_alone),
		cmocka_unit_test(figures_missed_once),
		cmocka_unit_test(failed_between_two_probes),
		cmocka_unit_test(no_ramp),
	};

	return cmocka_run_group_tests_name("ramp", tests, NULL, NULL);
}
