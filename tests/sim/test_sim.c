/*
 * What must hold for `weight = jruby` on every farm, in every scenario: no
 * oscillation, nothing emptied, and back to where it was.  That it is better
 * than something else is not asserted; `make sim` prints what is.
 */
#include "../unit/t.h"

#include <stdlib.h>

#include "load.h"
#include "world.h"

enum {
	SEED = 1,
	CASES_MAX = 256,
	LARGE = 300,
	/*
	 * Requests come and go by chance, and the weight follows: it turns
	 * round about once in the time over which it is smoothed.
	 */
	TURNS_PER_SMOOTH_PERCENT = 125,
	MINUTE_MS = 60 * 1000,
	/* From here to there is what was before. */
	BEFORE = SCENARIO_WARM_MS / 1000,
	TROUBLE = SCENARIO_TROUBLE_MS / 1000,
	/* 150% for 5 minutes: at 60%, that work alone takes 375 s. */
	STORM_WORK = 375,
	STORM_LATER = 300,
	TROUBLE_LATER = 300,
};

static struct {
	struct world_case of;
	struct figures figures;
} cases[CASES_MAX];
static size_t cases_n;

static void add(
	unsigned servers, const struct scenario *s, const struct policy *p)
{
	assert_true(cases_n < CASES_MAX);
	cases[cases_n].of = (struct world_case){ servers, s, p, SEED };
	world_run(&cases[cases_n].of, &cases[cases_n].figures);
	cases_n++;
}

/* The largest farm with one policy in the worst of the scenarios only. */
static int run_all(void **state)
{
	(void)state;
	for (size_t s = 0; s < scenarios_n; s++)
		for (size_t p = 0; p < policies_n; p++) {
			if (policies[p].mode != WEIGHT_JRUBY)
				continue;
			add(3, &scenarios[s], &policies[p]);
			add(30, &scenarios[s], &policies[p]);
			if (scenarios[s].storm_end_ms > 0 &&
				policies[p].balance == BALANCE_ROUNDROBIN)
				add(LARGE, &scenarios[s], &policies[p]);
		}
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_n; i++)
		figures_free(&cases[i].figures);
	return 0;
}

static void failed(size_t i, const char *what, double found, double bound)
{
	fail_msg("%u servers, %s, %s: %s %.2f, not %.2f", cases[i].of.servers,
		cases[i].of.scenario->name, cases[i].of.policy->name, what,
		found, bound);
}

/* Every agent has come and gone; otherwise the rest proves nothing. */
static void test_all_served(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_n; i++)
		if (cases[i].figures.n < 500 || cases[i].figures.changes < 10)
			failed(i, "catalogs", (double)cases[i].figures.n, 500);
}

static void test_no_server_emptied(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_n; i++)
		if (cases[i].figures.bare > 0)
			failed(i, "UP without weight", cases[i].figures.bare,
				0);
}

/*
 * Where status pages fall silent for longer than busy-limit, verdicts empty a
 * farm, not weights.
 */
static void test_no_farm_emptied(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_n; i++)
		if (cases[i].figures.empty > 0 && !cases[i].of.scenario->silent)
			failed(i, "moments without weight",
				cases[i].figures.empty, 0);
}

static double turns(const struct figures *f)
{
	double minutes = (double)f->n_shares * 1000 / MINUTE_MS;

	return (double)f->reversals / f->servers / minutes;
}

static void test_no_oscillation(void **state)
{
	const double per_minute = (double)MINUTE_MS / LOAD_SMOOTH_MS;
	const double bound = per_minute * TURNS_PER_SMOOTH_PERCENT / 100;
	const double most = 4 + 2 * bound; /* of one, in its worst minute */

	(void)state;
	for (size_t i = 0; i < cases_n; i++) {
		const struct figures *f = &cases[i].figures;

		if (turns(f) > bound)
			failed(i, "reversals a minute", turns(f), bound);
		if (f->most_reversals > most)
			failed(i, "reversals in one minute", f->most_reversals,
				most);
	}
}

/*
 * Against the same farm whose balancer takes no percentages.  A herd that ran
 * from server to server would wait longer; half as long again is chance.
 */
static void test_no_herd(void **state)
{
	const uint32_t second_ms = 1000;

	(void)state;
	for (size_t i = 0; i < cases_n; i++) {
		struct policy deaf = *cases[i].of.policy;
		struct world_case c = cases[i].of;
		struct figures f;
		uint32_t heard = figures_wait_ms(&cases[i].figures, 990),
			 unheard;

		if (c.servers != 30 || !c.scenario->even)
			continue;
		deaf.hearing = BALANCE_DEAF;
		c.policy = &deaf;
		world_run(&c, &f);
		unheard = figures_wait_ms(&f, 990);
		if (heard > unheard * 3 / 2 + second_ms)
			failed(i, "p99 in ms", heard, unheard);
		figures_free(&f);
	}
}

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_n; i++)
		if (cases[i].figures.least_step < LOAD_STEP &&
			cases[i].of.scenario->ramp_ms == 0)
			failed(i, "step", cases[i].figures.least_step,
				LOAD_STEP);
}

static void test_recovers(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_n; i++) {
		const struct scenario *s = cases[i].of.scenario;
		const struct figures *f = &cases[i].figures;
		uint32_t before = figures_mean_share(f, BEFORE, TROUBLE);
		size_t end_ms = s->storm_end_ms + s->trouble_end_ms, later;
		size_t bound = s->storm_end_ms > 0 ? STORM_WORK + STORM_LATER
						   : TROUBLE_LATER;

		if (end_ms == 0)
			continue;
		later = figures_recovery(f, end_ms / 1000, before * 95 / 100);
		if (later > bound)
			failed(i, "seconds until 95%", (double)later,
				(double)bound);
	}
}

static void test_same_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_n; i++) {
		struct world_case c = cases[i].of;
		struct figures f;

		if (c.servers != 3)
			continue;
		world_run(&c, &f);
		assert_int_equal(f.digest, cases[i].figures.digest);
		figures_free(&f);
		c.seed++;
		world_run(&c, &f);
		assert_int_not_equal(f.digest, cases[i].figures.digest);
		figures_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_served),
		cmocka_unit_test(test_no_server_emptied),
		cmocka_unit_test(test_no_farm_emptied),
		cmocka_unit_test(test_no_oscillation),
		cmocka_unit_test(test_no_herd),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_recovers),
		cmocka_unit_test(test_same_again),
	};

	return cmocka_run_group_tests(tests, run_all, free_all);
}
