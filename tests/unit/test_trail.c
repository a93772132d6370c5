#include "t.h"

#include "trail.h"

enum { START_MS = 7 * TRAIL_SAMPLE_MS };

static const struct answer in = { .told = ANSWER_IN, .percent = 40 };
static const struct answer drain = { .told = ANSWER_DRAIN, .percent = 40 };
static const struct answer nothing = { .told = ANSWER_NOTHING, .percent = 100 };

static struct probed busy(unsigned borrowed, unsigned waiting)
{
	return (struct probed){ .figures = PROBED_FIGURES,
		.jruby = { .jrubies = 4,
			.borrowed = borrowed,
			.waiting = waiting } };
}

static bool is_none(const struct trail *t, size_t ago, uint64_t now_ms)
{
	const struct trail_sample *s = trail_get(t, ago, now_ms);

	return s->weight == TRAIL_UNKNOWN && s->jrubies == TRAIL_UNKNOWN &&
		s->borrowed == TRAIL_UNKNOWN && s->waiting == TRAIL_UNKNOWN;
}

static void nothing_yet(void **state)
{
	static const struct trail t;

	(void)state;
	assert_true(is_none(&t, 0, 0));
	assert_true(is_none(&t, 0, START_MS));
	assert_true(is_none(&t, 1, 0));
	assert_true(is_none(&t, TRAIL_SAMPLES, START_MS));
}

static void the_weight_told_last(void **state)
{
	static struct trail t;

	(void)state;
	trail_told(&t, &in, START_MS);
	assert_int_equal(trail_get(&t, 0, START_MS)->weight, 40);
	assert_int_equal(trail_get(&t, 0, START_MS)->jrubies, TRAIL_UNKNOWN);
	trail_told(&t, &drain, START_MS + TRAIL_SAMPLE_MS - 1);
	assert_int_equal(trail_get(&t, 0, START_MS)->weight, 0);
	trail_told(&t, &nothing, START_MS + TRAIL_SAMPLE_MS);
	assert_int_equal(
		trail_get(&t, 1, START_MS + TRAIL_SAMPLE_MS)->weight, 0);
	assert_int_equal(trail_get(&t, 0, START_MS + TRAIL_SAMPLE_MS)->weight,
		TRAIL_UNKNOWN);
}

/* Of many probes in a half minute, the one with the most to do. */
static void the_busiest_probe(void **state)
{
	static struct trail t;
	struct probed few = busy(2, 0), most = busy(4, 3), idle = busy(0, 0);
	const struct trail_sample *s;

	(void)state;
	trail_probe(&t, &idle, START_MS);
	assert_int_equal(trail_get(&t, 0, START_MS)->borrowed, 0);
	trail_probe(&t, &few, START_MS);
	trail_probe(&t, &most, START_MS + 2);
	trail_probe(&t, &few, START_MS + 3);
	s = trail_get(&t, 0, START_MS + 4);
	assert_int_equal(s->jrubies, 4);
	assert_int_equal(s->borrowed, 4);
	assert_int_equal(s->waiting, 3);
	few.figures = PROBED_NO_FIGURES;
	trail_probe(&t, &few, START_MS + TRAIL_SAMPLE_MS);
	s = trail_get(&t, 0, START_MS + TRAIL_SAMPLE_MS);
	assert_int_equal(s->borrowed, TRAIL_UNKNOWN);
}

static void figures_that_cannot_be(void **state)
{
	static struct trail t;
	struct probed p = busy(UINT32_MAX, UINT32_MAX);

	(void)state;
	trail_probe(&t, &p, START_MS);
	assert_int_equal(trail_get(&t, 0, START_MS)->borrowed, TRAIL_MOST);
	assert_int_equal(trail_get(&t, 0, START_MS)->waiting, TRAIL_MOST);
}

/* An hour later there is nothing left of it, and nothing is made up. */
static void an_hour(void **state)
{
	static struct trail t;
	const uint64_t end_ms =
		START_MS + (uint64_t)TRAIL_SAMPLES * TRAIL_SAMPLE_MS;

	(void)state;
	trail_told(&t, &in, START_MS);
	for (size_t ago = 0; ago < TRAIL_SAMPLES; ago++) {
		uint64_t now_ms = START_MS + ago * TRAIL_SAMPLE_MS;

		for (size_t i = 0; i < TRAIL_SAMPLES; i++)
			assert_int_equal(is_none(&t, i, now_ms), i != ago);
	}
	for (size_t i = 0; i < TRAIL_SAMPLES; i++)
		assert_true(is_none(&t, i, end_ms));
	trail_told(&t, &drain, end_ms);
	assert_int_equal(trail_get(&t, 0, end_ms)->weight, 0);
}

/* Half minutes, and hours, in which nothing was told. */
static void gaps(void **state)
{
	static struct trail t;
	uint64_t now_ms = START_MS;

	(void)state;
	for (size_t gap = 1; gap < 3 * TRAIL_SAMPLES; gap++) {
		trail_told(&t, &in, now_ms);
		now_ms += gap * TRAIL_SAMPLE_MS;
		trail_told(&t, &in, now_ms);
		for (size_t i = 1; i < gap && i < TRAIL_SAMPLES; i++)
			assert_true(is_none(&t, i, now_ms));
		assert_int_equal(
			is_none(&t, gap, now_ms), gap >= TRAIL_SAMPLES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_yet),
		cmocka_unit_test(the_weight_told_last),
		cmocka_unit_test(the_busiest_probe),
		cmocka_unit_test(figures_that_cannot_be),
		cmocka_unit_test(an_hour),
		cmocka_unit_test(gaps),
	};

	return cmocka_run_group_tests_name("trail", tests, NULL, NULL);
}
