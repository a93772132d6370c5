#include "t.h"

#include "tally.h"

static const struct probed whole = { .number = 1,
	.outcome = OUTCOME_OK,
	.code = 200,
	.peer = "192.0.2.1:8140",
	.tls_version = "TLSv1.2",
	.cert = { .not_after_s = 1000 },
	.connected_ms = 0,
	.secured_ms = 4,
	.answered_ms = 34,
	.total_ms = 10001 };

static uint64_t count(const struct tally *t, enum tally_step step)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= TALLY_BOUNDS; i++)
		n += t->steps[step].counts[i];
	return n;
}

static void a_whole_probe(void **state)
{
	struct tally t = { .full = 0 };

	(void)state;
	tally_probe(&t, &whole);
	assert_int_equal(t.outcomes[OUTCOME_OK], 1);
	assert_int_equal(t.full, 1);
	assert_int_equal(t.resumed, 0);
	assert_int_equal(t.cert_not_after_s, 1000);
	assert_int_equal(t.steps[TALLY_CONNECT].counts[0], 1);
	assert_int_equal(t.steps[TALLY_TLS].counts[2], 1); /* 4 ms */
	assert_int_equal(t.steps[TALLY_TLS].sum_ms, 4);
	assert_int_equal(t.steps[TALLY_ANSWER].counts[3], 1); /* 30 ms */
	assert_int_equal(t.steps[TALLY_ANSWER].sum_ms, 30);
	assert_int_equal(t.steps[TALLY_TOTAL].counts[TALLY_BOUNDS], 1);
	for (unsigned step = 0; step < TALLY_STEPS; step++)
		assert_int_equal(count(&t, (enum tally_step)step), 1);
}

static void a_resumed_one_keeps_the_certificate(void **state)
{
	struct tally t = { .full = 0 };
	struct probed p = whole;

	(void)state;
	tally_probe(&t, &whole);
	p.resumed = true;
	p.cert.not_after_s = 0;
	tally_probe(&t, &p);
	assert_int_equal(t.full, 1);
	assert_int_equal(t.resumed, 1);
	assert_int_equal(t.cert_not_after_s, 1000);
}

/* What was not reached is not counted as quick. */
static void ended_early(void **state)
{
	static const struct {
		struct probed p;
		unsigned reached; /* steps before the total */
	} rows[] = {
		{ { .outcome = OUTCOME_REFUSED, .total_ms = 1 }, 0 },
		{ { .outcome = OUTCOME_CERT,
			  .peer = "x",
			  .connected_ms = 1,
			  .total_ms = 2 },
			1 },
		{ { .outcome = OUTCOME_BUSY,
			  .peer = "x",
			  .tls_version = "TLSv1.3",
			  .connected_ms = 1,
			  .secured_ms = 2,
			  .total_ms = 5000 },
			2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tally t = { .full = 0 };

		tally_probe(&t, &rows[i].p);
		assert_int_equal(t.outcomes[rows[i].p.outcome], 1);
		for (unsigned step = 0; step < TALLY_TOTAL; step++)
			assert_int_equal(count(&t, (enum tally_step)step),
				step < rows[i].reached);
		assert_int_equal(count(&t, TALLY_TOTAL), 1);
	}
}

/* A bound belongs to what is below it. */
static void bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < TALLY_BOUNDS; i++) {
		uint64_t ms = (uint64_t)(tally_bounds[i] * 1000 + .5);
		struct probed p = { .total_ms = ms };
		struct tally t = { .full = 0 };

		tally_probe(&t, &p);
		p.total_ms++;
		tally_probe(&t, &p);
		assert_int_equal(t.steps[TALLY_TOTAL].counts[i], 1);
		assert_int_equal(t.steps[TALLY_TOTAL].counts[i + 1], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_probe),
		cmocka_unit_test(a_resumed_one_keeps_the_certificate),
		cmocka_unit_test(ended_early),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
