/*
 * Verdicts, as scripts: each step is the ending of a probe, or the passing of
 * time, and the verdict that must follow.
 */
#include "t.h"

#include <stdio.h>

#include "health.h"

static const struct health_rules rules = {
	.rise = 2, .fall = 3, .busy_limit_ms = 10000, .stale_ms = 21000
};

enum { PAUSE_MS = 1000, STEPS_MAX = 12 };

struct step {
	int wait_ms; /* only time passes; else a probe ends */
	enum outcome outcome;
	enum verdict verdict;
};

#define ENDS(o, v) \
	{ \
		0, OUTCOME_##o, VERDICT_##v \
	}
#define AFTER(ms, v) \
	{ \
		(ms), OUTCOME_OK, VERDICT_##v \
	}

static const struct script {
	const char *name;
	struct step steps[STEPS_MAX];
} scripts[] = {
	{ "a start: a good answer counts at once", { ENDS(OK, UP) } },
	{ "a start: a refusal counts at once", { ENDS(REFUSED, FAIL) } },
	{ "a start: a 403 is alive", { ENDS(FORBIDDEN, UP) } },
	{ "a start: a time-out needs fall",
		{ ENDS(BUSY, NONE), ENDS(BUSY, NONE), ENDS(BUSY, FAIL) } },
	{ "a start: a wrong certificate needs fall",
		{ ENDS(CERT, NONE), ENDS(CERT, NONE), ENDS(CERT, FAIL) } },
	{ "a start: 404 needs fall",
		{ ENDS(NOTFOUND, NONE), ENDS(NOTFOUND, NONE),
			ENDS(NOTFOUND, DOWN) } },
	{ "a start: unknown needs fall",
		{ ENDS(UNKNOWN, NONE), ENDS(UNKNOWN, NONE),
			ENDS(UNKNOWN, FAIL) } },
	{ "fall: refused",
		{ ENDS(OK, UP), ENDS(REFUSED, UP), ENDS(REFUSED, UP),
			ENDS(REFUSED, FAIL) } },
	{ "fall: a good one between starts over",
		{ ENDS(OK, UP), ENDS(REFUSED, UP), ENDS(REFUSED, UP),
			ENDS(OK, UP), ENDS(REFUSED, UP), ENDS(REFUSED, UP),
			ENDS(REFUSED, FAIL) } },
	{ "fall: different ones add up, the last gives the word",
		{ ENDS(OK, UP), ENDS(RESET, UP), ENDS(HTTP, UP),
			ENDS(NOTFOUND, DOWN), ENDS(REFUSED, FAIL) } },
	{ "rise: two in a row",
		{ ENDS(REFUSED, FAIL), ENDS(OK, FAIL), ENDS(REFUSED, FAIL),
			ENDS(OK, FAIL), ENDS(OK, UP) } },
	{ "rise: from down too",
		{ ENDS(STARTING, DOWN), ENDS(OK, DOWN), ENDS(OK, UP) } },
	{ "said by the server: at once",
		{ ENDS(OK, UP), ENDS(STOPPING, STOPPING), ENDS(STARTING, DOWN),
			ENDS(STOPPING, STOPPING) } },
	{ "stopping, then gone",
		{ ENDS(OK, UP), ENDS(STOPPING, STOPPING),
			ENDS(REFUSED, STOPPING), ENDS(REFUSED, STOPPING),
			ENDS(REFUSED, FAIL) } },
	{ "stopping, then back",
		{ ENDS(STOPPING, STOPPING), ENDS(OK, STOPPING),
			ENDS(OK, UP) } },
	{ "busy: at once, and one good answer ends it",
		{ ENDS(OK, UP), ENDS(BUSY, BUSY), ENDS(BUSY, BUSY),
			ENDS(OK, UP) } },
	{ "busy: unknown is too", { ENDS(OK, UP), ENDS(UNKNOWN, BUSY) } },
	{ "busy: only up to its limit",
		{ ENDS(OK, UP), ENDS(BUSY, BUSY), AFTER(9999, BUSY),
			AFTER(1, FAIL), ENDS(OK, FAIL), ENDS(OK, UP) } },
	{ "busy: a good answer starts the limit anew",
		{ ENDS(OK, UP), ENDS(BUSY, BUSY), AFTER(8000, BUSY),
			ENDS(OK, UP), ENDS(BUSY, BUSY), AFTER(8000, BUSY) } },
	{ "busy: does not forgive refusals, nor add to them",
		{ ENDS(OK, UP), ENDS(REFUSED, UP), ENDS(REFUSED, UP),
			ENDS(BUSY, BUSY), ENDS(REFUSED, FAIL) } },
	{ "busy: not for one that was dead",
		{ ENDS(REFUSED, FAIL), ENDS(BUSY, FAIL),
			ENDS(UNKNOWN, FAIL) } },
	{ "stale: no verdict after 3 x (interval + timeout)",
		{ ENDS(OK, UP), AFTER(21000, UP), AFTER(1, NONE) } },
	{ "stale: the next probe counts as after a start",
		{ ENDS(OK, UP), AFTER(30000, NONE), ENDS(REFUSED, FAIL),
			AFTER(30000, NONE), ENDS(OK, UP) } },
	{ "our own trouble says nothing, and lets the verdict go stale",
		{ ENDS(OK, UP), ENDS(INTERNAL, UP), ENDS(INTERNAL, UP),
			ENDS(INTERNAL, UP), AFTER(18000, UP), AFTER(2000, NONE),
			ENDS(INTERNAL, NONE) } },
};

static void play(const struct script *s)
{
	struct health h = { .verdict = VERDICT_NONE };
	uint64_t now_ms = 5000;

	for (int i = 0; i < STEPS_MAX; i++) {
		const struct step *step = &s->steps[i];

		if (step->wait_ms == 0 && step->verdict == VERDICT_NONE &&
			step->outcome == OUTCOME_OK)
			return; /* the end: a step that can't be */
		if (step->wait_ms > 0) {
			now_ms += (uint64_t)step->wait_ms;
			health_advance(&h, &rules, now_ms);
		} else {
			now_ms += i > 0 && s->steps[i - 1].wait_ms == 0
				? PAUSE_MS
				: 0;
			health_probe(&h, &rules, step->outcome, now_ms);
		}
		if (h.verdict != step->verdict)
			fail_msg("%s: step %d: %s, not %s", s->name, i + 1,
				verdict_name(h.verdict),
				verdict_name(step->verdict));
	}
}

static void each_script(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		play(&scripts[i]);
}

/* Nothing changes before the deadline, and something does at it. */
static void deadline_is_exact(void **state)
{
	struct health h = { .verdict = VERDICT_NONE };
	uint64_t at_ms;

	(void)state;
	assert_true(health_deadline(&h, &rules) == UINT64_MAX);
	health_probe(&h, &rules, OUTCOME_OK, 1000);
	health_probe(&h, &rules, OUTCOME_BUSY, 2000);
	while ((at_ms = health_deadline(&h, &rules)) != UINT64_MAX) {
		enum verdict before = h.verdict;

		health_advance(&h, &rules, at_ms - 1);
		assert_int_equal(h.verdict, before);
		health_advance(&h, &rules, at_ms);
		assert_int_not_equal(h.verdict, before);
	}
	assert_int_equal(h.verdict, VERDICT_NONE);
}

static void since_is_when_the_verdict_began(void **state)
{
	struct health h = { .verdict = VERDICT_NONE };

	(void)state;
	health_probe(&h, &rules, OUTCOME_OK, 1000);
	health_probe(&h, &rules, OUTCOME_OK, 2000);
	assert_int_equal(h.since_ms, 1000);
	for (uint64_t i = 1; i <= 4; i++)
		health_probe(&h, &rules, OUTCOME_REFUSED, 2000 + i * 500);
	assert_int_equal(h.since_ms, 3500);
	assert_int_equal(h.because, OUTCOME_REFUSED);
	health_probe(&h, &rules, OUTCOME_CERT, 5000);
	assert_int_equal(h.since_ms, 3500);
	assert_int_equal(h.because, OUTCOME_CERT);
}

static void pace(const enum outcome *ends, size_t n, enum health_pace expected)
{
	struct health h = { .verdict = VERDICT_NONE };

	for (size_t i = 0; i < n; i++)
		health_probe(&h, &rules, ends[i], 1000 * (i + 1));
	assert_int_equal(health_pace(&h), expected);
}

#define PACE(expected, ...) \
	pace((const enum outcome[]){ __VA_ARGS__ }, \
		sizeof((const enum outcome[]){ __VA_ARGS__ }) / \
			sizeof(enum outcome), \
		expected)

static void faster_while_changing(void **state)
{
	(void)state;
	PACE(HEALTH_STEADY, OUTCOME_OK);
	PACE(HEALTH_STEADY, OUTCOME_FORBIDDEN);
	PACE(HEALTH_STEADY, OUTCOME_REFUSED);
	PACE(HEALTH_CHANGING, OUTCOME_CERT);
	PACE(HEALTH_CHANGING, OUTCOME_OK, OUTCOME_REFUSED);
	PACE(HEALTH_CHANGING, OUTCOME_OK, OUTCOME_BUSY);
	PACE(HEALTH_CHANGING, OUTCOME_REFUSED, OUTCOME_OK);
	PACE(HEALTH_CHANGING, OUTCOME_STARTING);
	PACE(HEALTH_CHANGING, OUTCOME_STOPPING);
	PACE(HEALTH_STEADY, OUTCOME_NOTFOUND, OUTCOME_NOTFOUND,
		OUTCOME_NOTFOUND);
	PACE(HEALTH_STEADY, OUTCOME_REFUSED, OUTCOME_OK, OUTCOME_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_script),
		cmocka_unit_test(deadline_is_exact),
		cmocka_unit_test(since_is_when_the_verdict_began),
		cmocka_unit_test(faster_while_changing),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
