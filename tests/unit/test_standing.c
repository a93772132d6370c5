/*
 * Where a server stands, with clocks of the test's own: what pollers are told,
 * how holds and orders end, and what a clock that is set does to them.
 */
#include "t.h"

#include <stdio.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "standing.h"

enum { START_S = 1795426200, HOUR_S = 3600, YEAR_S = 365 * 24 * HOUR_S };

static uint64_t mono_ms;
static int64_t wall_s;

/* Stand in for lib/clock.c and libc. */
uint64_t clock_now_ms(void)
{
	return mono_ms;
}

time_t time(time_t *t)
{
	if (t != NULL)
		*t = wall_s;
	return wall_s;
}

static const struct addr_host one = { { 1 } }, two = { { 2 } };
static const struct orders none = { .state = { .kind = ORDER_NONE } };

struct fix {
	uv_loop_t loop;
	struct history *history;
	struct standing s;
	uint64_t probes;
	size_t changed;
	size_t ended;
	char why[64]; /* of the last end */
	bool closed;
};

static void on_moved(void *arg, const char *server, const struct order *was,
	const struct order *now, const char *why)
{
	struct fix *f = arg;

	assert_string_equal(server, "puppet1");
	assert_int_not_equal(was->kind, ORDER_NONE);
	assert_int_equal(now->kind, ORDER_NONE);
	f->ended++;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static void on_changed(void *arg)
{
	struct fix *f = arg;

	f->changed++;
}

static void open_fix(struct fix *f)
{
	static const struct standing_rules rules = {
		.health = { .rise = 2,
			.fall = 3,
			.busy_limit_ms = 10000,
			.stale_ms = 21000 },
		.weight = { .min = 1 }
	};
	struct standing_options o = { .loop = &f->loop,
		.moved = on_moved,
		.changed = on_changed,
		.arg = f };

	memset(f, 0, sizeof(*f));
	mono_ms = 1000000;
	wall_s = START_S;
	uv_loop_init(&f->loop);
	f->history = history_new();
	o.history = f->history;
	standing_open(&f->s, &o, "puppet1", &rules);
}

static void on_closed(void *owner)
{
	*(bool *)owner = true;
}

static void close_fix(struct fix *f)
{
	standing_close(&f->s, on_closed, &f->closed);
	t_run_until(&f->loop, &f->closed, 3);
	t_loop_close(&f->loop);
	history_free(f->history);
}

static void pass(uint64_t seconds)
{
	mono_ms += seconds * 1000;
	wall_s += (int64_t)seconds;
}

static void probe(struct fix *f, enum outcome o, int times)
{
	while (times-- > 0) {
		struct probed p = { .number = ++f->probes, .outcome = o };

		pass(1);
		standing_probed(&f->s, &p);
	}
}

static void give(struct fix *f, enum order_kind kind, int64_t for_s)
{
	struct orders orders = *standing_orders(&f->s);
	struct order given = { .kind = kind,
		.who = "alice",
		.since_s = wall_s,
		.until_s = for_s > 0 ? wall_s + for_s : 0 };

	order_give(&orders, &given);
	standing_put_orders(&f->s, &orders);
}

static void expect_line(
	struct fix *f, const struct addr_host *host, const char *line)
{
	size_t len;
	const char *got = standing_line(&f->s, host, &len);

	assert_int_equal(strlen(got), len);
	assert_true(len > 0 && got[len - 1] == '\n');
	assert_int_equal(strlen(line), len - 1);
	assert_memory_equal(got, line, len - 1);
}

static void fresh(struct fix *f)
{
	standing_restore(
		&f->s, &none, &(struct pollers){ .list = NULL }, STANDING_SURE);
}

/* --- lines --- */

static void who_was_told_gets_ready(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	fresh(&f);
	probe(&f, OUTCOME_OK, 1);
	expect_line(&f, &one, "up 100%");
	expect_line(&f, &two, "up 100%");
	give(&f, ORDER_DRAIN, 0);
	expect_line(&f, &one, "up drain 100% # drain by alice");
	standing_put_orders(&f.s, &none);
	expect_line(&f, &one, "up ready 100%");
	expect_line(&f, &two, "up 100%");
	standing_owe(&f.s);
	expect_line(&f, &two, "up ready 100%");
	close_fix(&f);
}

static void each_policy(void **state)
{
	static const struct {
		enum poller_policy policy;
		const char *up, *drained;
	} cases[] = {
		{ POLLER_AUTO, "up 100%", "up drain 100% # drain by alice" },
		{ POLLER_ALWAYS, "up ready 100%",
			"up drain 100% # drain by alice" },
		{ POLLER_NEVER, "up 100%", "up 0% # drain by alice" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct standing_view v;
		struct fix f;

		open_fix(&f);
		standing_set_policy(&f.s, cases[i].policy);
		fresh(&f);
		probe(&f, OUTCOME_OK, 1);
		expect_line(&f, &one, cases[i].up);
		standing_look(&f.s, &v);
		assert_string_equal(v.reply, cases[i].up);
		give(&f, ORDER_DRAIN, 0);
		expect_line(&f, &one, cases[i].drained);
		standing_look(&f.s, &v);
		assert_string_equal(v.reply, cases[i].drained);
		close_fix(&f);
	}
}

/* --- going on after a restart --- */

static void restored(struct fix *f, enum order_kind kind, int64_t until_s,
	enum standing_trust trust)
{
	struct poller known = { .host = one, .told = ANSWER_IN };
	struct pollers pollers = { .list = &known, .n = 1 };
	struct orders orders = none;

	if (kind != ORDER_NONE)
		*order_slot(&orders, kind) = (struct order){ .kind = kind,
			.who = "alice",
			.since_s = START_S - HOUR_S,
			.until_s = until_s };
	open_fix(f);
	standing_restore(&f->s, &orders, &pollers, trust);
	probe(f, OUTCOME_OK, 2);
}

static void what_was_on_disk(void **state)
{
	static const struct {
		enum order_kind kind;
		int64_t until_s;
		enum standing_trust trust;
		const char *line;
	} cases[] = {
		{ ORDER_NONE, 0, STANDING_SURE, "up 100%" },
		{ ORDER_NONE, 0, STANDING_DOUBTFUL, "up ready 100%" },
		{ ORDER_DRAIN, 0, STANDING_SURE,
			"up drain 100% # drain by alice" },
		{ ORDER_DRAIN, START_S - 1, STANDING_SURE, "up ready 100%" },
		{ ORDER_MAINT, START_S - 1, STANDING_SURE, "up ready 100%" },
		{ ORDER_HOLD, START_S - 1, STANDING_SURE, "up ready 100%" },
		{ ORDER_WEIGHT, START_S - 1, STANDING_SURE, "up 100%" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fix f;

		restored(&f, cases[i].kind, cases[i].until_s, cases[i].trust);
		assert_int_equal(f.ended, cases[i].until_s != 0);
		expect_line(&f, &one, cases[i].line);
		close_fix(&f);
	}
}

/* --- holds --- */

static void a_hold_ends_with_the_return(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	fresh(&f);
	probe(&f, OUTCOME_OK, 2);
	assert_int_equal(standing_pace(&f.s), HEALTH_STEADY);
	give(&f, ORDER_HOLD, 900);
	assert_int_equal(standing_pace(&f.s), HEALTH_CHANGING);
	probe(&f, OUTCOME_OK, 5);
	probe(&f, OUTCOME_BUSY, 1); /* no proof that it has gone */
	probe(&f, OUTCOME_TIMEOUT, 1);
	probe(&f, OUTCOME_OK, 5);
	assert_int_equal(f.ended, 0);
	f.changed = 0;
	probe(&f, OUTCOME_REFUSED, 1);
	assert_true(standing_orders(&f.s)->hold.left);
	assert_int_equal(f.changed, 1); /* that goes to disk */
	probe(&f, OUTCOME_OK, 1);
	assert_int_equal(f.ended, 0);
	probe(&f, OUTCOME_OK, 1);
	assert_int_equal(f.ended, 1);
	assert_string_equal(f.why, "the server is back");
	assert_int_equal(standing_orders(&f.s)->hold.kind, ORDER_NONE);
	close_fix(&f);
}

/* A drain that somebody gave meanwhile stays. */
static void a_hold_ends_alone(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	fresh(&f);
	probe(&f, OUTCOME_REFUSED, 1);
	give(&f, ORDER_HOLD, 900); /* on a port that is closed already */
	give(&f, ORDER_DRAIN, 0);
	probe(&f, OUTCOME_OK, 3);
	assert_int_equal(f.ended, 1);
	expect_line(&f, &one, "up drain 100% # drain by alice");
	close_fix(&f);
}

/* --- release --- */

static void released_after_30_seconds(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	fresh(&f);
	probe(&f, OUTCOME_REFUSED, 3);
	assert_false(standing_released(&f.s));
	for (int i = 0; i < 3; i++) {
		expect_line(&f, &one, "fail 100% # connection refused");
		pass(1);
	}
	give(&f, ORDER_RELEASE, 0);
	standing_owe(&f.s);
	for (int i = 0; i < 30; i++) {
		expect_line(&f, &one, "up ready 100% # release by alice");
		assert_false(standing_released(&f.s));
		pass(1);
	}
	expect_line(&f, &one, "up ready 100% # release by alice");
	assert_true(standing_released(&f.s));
	standing_put_orders(&f.s, &none);
	assert_false(standing_released(&f.s));
	close_fix(&f);
}

/* --- clocks that are set --- */

/* An order for an hour: when does it end, by the time that really passes? */
static void no_order_is_immortal(void **state)
{
	static const struct {
		int64_t jump_s;
		uint64_t lives_s;
	} cases[] = {
		{ 0, HOUR_S },
		{ HOUR_S / 2, HOUR_S / 2 },
		{ 2 * HOUR_S, 0 },
		{ YEAR_S, 0 },
		{ -HOUR_S, 2 * HOUR_S },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fix f;

		open_fix(&f);
		fresh(&f);
		give(&f, ORDER_DRAIN, HOUR_S);
		wall_s += cases[i].jump_s;
		if (cases[i].lives_s > 0) {
			pass(cases[i].lives_s - 1);
			probe(&f, OUTCOME_OK, 0);
			expect_line(&f, &one, "drain 100% # drain by alice");
			assert_int_equal(f.ended, 0);
		}
		pass(2);
		probe(&f, OUTCOME_OK, 2);
		expect_line(&f, &one, "up ready 100%");
		assert_int_equal(f.ended, 1);
		close_fix(&f);
	}
}

/* There and back again before anybody has looked: nothing has happened. */
static void a_clock_set_back_at_once(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	fresh(&f);
	give(&f, ORDER_DRAIN, HOUR_S);
	wall_s += YEAR_S;
	wall_s -= YEAR_S;
	pass(HOUR_S - 1);
	expect_line(&f, &one, "drain 100% # drain by alice");
	pass(1);
	assert_int_equal(f.ended, 0);
	probe(&f, OUTCOME_OK, 2);
	assert_int_equal(f.ended, 1);
	close_fix(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_told_gets_ready),
		cmocka_unit_test(each_policy),
		cmocka_unit_test(what_was_on_disk),
		cmocka_unit_test(a_hold_ends_with_the_return),
		cmocka_unit_test(a_hold_ends_alone),
		cmocka_unit_test(released_after_30_seconds),
		cmocka_unit_test(no_order_is_immortal),
		cmocka_unit_test(a_clock_set_back_at_once),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
