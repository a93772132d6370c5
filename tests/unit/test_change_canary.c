/* What the canary command makes of one server's orders. */
#include "line.h"

#include "change.h"

struct fix {
	struct change_target t;
	struct probed probed;
	char error[COMMAND_ERROR_MAX];
};

static void open_fix(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->t.name, "puppet1");
	f->probed.figures = PROBED_FIGURES;
	f->t.view.verdict = VERDICT_UP;
	f->t.view.probed = &f->probed;
}

static enum change_verdict say_at(
	struct fix *f, const char *line, int64_t now_s)
{
	struct command c;

	if (parse_line(&c, line, f->error) != 0)
		fail_msg("%s", f->error);
	return change_work_out(
		&f->t, 1, &c, "alice", now_s, CONFIG_YES, f->error);
}

static void give_at(struct fix *f, const char *line, int64_t now_s)
{
	if (say_at(f, line, now_s) != CHANGE_DONE)
		fail_msg("%s", f->error);
	change_merge(&f->t.now, &f->t);
}

static void expect_step(
	const struct fix *f, unsigned step, unsigned percent, int64_t since_s)
{
	const struct order *o = &f->t.now.ceiling;

	assert_int_equal(o->kind, ORDER_CANARY);
	assert_int_equal(o->step, step);
	assert_int_equal(o->percent, percent);
	assert_int_equal(o->since_s, since_s);
	assert_string_equal(o->who, "alice");
	assert_string_equal(o->why, "new");
}

static void step_by_step(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	give_at(&f, "canary 5% 25% 50% -m new --every 15m --for 2d", 100);
	expect_step(&f, 0, 5, 100);
	assert_int_equal(f.t.now.ceiling.every_s, 900);
	assert_int_equal(f.t.now.ceiling.until_s, 100 + 2 * 86400);
	/* Who goes on needs no reason: it is still the same one. */
	give_at(&f, "canary --next", 200);
	expect_step(&f, 1, 25, 200);
	give_at(&f, "canary --next", 300);
	expect_step(&f, 2, 50, 300);
	assert_int_equal(f.t.now.ceiling.until_s, 100 + 2 * 86400);
	assert_int_equal(say_at(&f, "canary --next", 400), CHANGE_REFUSED);
	assert_string_equal(f.error,
		"canary: puppet1 is at the last step, 50%; `auto` ends the "
		"plan, and gives it its full weight");
	/* Not even by force. */
	assert_int_equal(
		say_at(&f, "canary --next --force", 400), CHANGE_REFUSED);
	/* Given again it begins again. */
	give_at(&f, "canary 5% 25% 50% -m new", 500);
	expect_step(&f, 0, 5, 500);
	assert_int_equal(f.t.now.ceiling.every_s, 0);
	assert_int_equal(f.t.now.ceiling.until_s, 0);
}

static void at_its_first_step_it_keeps_its_since(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	give_at(&f, "canary 5% 25% -m new", 100);
	give_at(&f, "canary 5% 25% -m new --every 1h", 200);
	expect_step(&f, 0, 5, 100);
	assert_int_equal(f.t.now.ceiling.every_s, 3600);
	/* Another plan is another order. */
	give_at(&f, "canary 5% 30% -m new", 300);
	expect_step(&f, 0, 5, 300);
}

static void a_weight_takes_its_place(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	give_at(&f, "canary 5% 25% -m new", 100);
	give_at(&f, "weight 5% -m less", 200);
	assert_int_equal(f.t.now.ceiling.kind, ORDER_WEIGHT);
	assert_int_equal(f.t.now.ceiling.n_steps, 0);
	assert_int_equal(say_at(&f, "canary --next", 300), CHANGE_REFUSED);
	assert_string_equal(f.error,
		"canary: puppet1 has no canary plan; `canary N% N%...` begins "
		"one");
	give_at(&f, "canary 5% 25% -m new", 400);
	expect_step(&f, 0, 5, 400);
	give_at(&f, "auto --state", 500);
	expect_step(&f, 0, 5, 400);
	give_at(&f, "auto", 500);
	assert_int_equal(f.t.now.ceiling.kind, ORDER_NONE);
}

static void what_speaks_against_it(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	give_at(&f, "canary 5% 25% -m new", 100);
	f.probed.jruby.waiting = 3;
	assert_int_equal(say_at(&f, "canary --next", 200), CHANGE_REFUSED);
	assert_string_equal(f.error,
		"canary: puppet1 stays at 5%: 3 requests wait for a JRuby; "
		"--force goes on all the same");
	f.t.view.verdict = VERDICT_FAIL;
	assert_int_equal(say_at(&f, "canary --next", 200), CHANGE_REFUSED);
	expect_step(&f, 0, 5, 100);
	give_at(&f, "canary --next --force", 200);
	expect_step(&f, 1, 25, 200);
}

static void needs_a_reason_where_one_is_required(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	assert_int_equal(say_at(&f, "canary 5% 25%", 100), CHANGE_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(step_by_step),
		cmocka_unit_test(at_its_first_step_it_keeps_its_since),
		cmocka_unit_test(a_weight_takes_its_place),
		cmocka_unit_test(what_speaks_against_it),
		cmocka_unit_test(needs_a_reason_where_one_is_required),
	};

	return cmocka_run_group_tests_name("change_canary", tests, NULL, NULL);
}
