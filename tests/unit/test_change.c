/* What each command makes of two servers, a (in service) and b. */
#include "line.h"

#include "change.h"

struct setting {
	size_t n; /* servers */
	enum verdict a, b;
	enum order_kind b_ordered; /* a state order */
	enum config_switch require_reason;
};

static const struct setting one = { 1, VERDICT_UP, VERDICT_UP, ORDER_NONE,
	CONFIG_NO };
static const struct setting both = { 2, VERDICT_UP, VERDICT_UP, ORDER_NONE,
	CONFIG_NO };
static const struct setting b_dead = { 2, VERDICT_UP, VERDICT_FAIL, ORDER_NONE,
	CONFIG_NO };
static const struct setting b_drained = { 2, VERDICT_UP, VERDICT_UP,
	ORDER_DRAIN, CONFIG_NO };
static const struct setting b_pinned = { 2, VERDICT_UP, VERDICT_FAIL, ORDER_UP,
	CONFIG_NO };
static const struct setting b_busy = { 2, VERDICT_UP, VERDICT_BUSY, ORDER_NONE,
	CONFIG_NO };
static const struct setting b_stopping = { 2, VERDICT_UP, VERDICT_STOPPING,
	ORDER_NONE, CONFIG_NO };
static const struct setting both_dead = { 2, VERDICT_FAIL, VERDICT_DOWN,
	ORDER_NONE, CONFIG_NO };
static const struct setting none_seen = { 2, VERDICT_NONE, VERDICT_NONE,
	ORDER_NONE, CONFIG_NO };
static const struct setting b_released = { 2, VERDICT_UP, VERDICT_FAIL,
	ORDER_RELEASE, CONFIG_NO };
static const struct setting one_strict = { 1, VERDICT_UP, VERDICT_UP,
	ORDER_NONE, CONFIG_YES };
static const struct setting strict = { 2, VERDICT_UP, VERDICT_UP, ORDER_NONE,
	CONFIG_YES };

static const struct row {
	const struct setting *setting;
	const char *line;
	enum change_verdict verdict;
	const char *says; /* or what a's state order is then */
} rows[] = {
	{ &one, "drain", CHANGE_DONE, "drain" },
	{ &one, "drain a", CHANGE_DONE, "drain" },
	{ &one, "maint", CHANGE_DONE, "maint" },
	{ &one, "down", CHANGE_DONE, "down" },
	{ &one, "up --for 1h", CHANGE_DONE, "up" },
	{ &one, "weight 0%", CHANGE_DONE, "none" },
	{ &one, "drain c", CHANGE_WRONG,
		"drain: no server is named c; did you mean a?" },
	{ &both, "drain", CHANGE_WRONG,
		"drain: there are 2 servers: name one, or say --all" },
	{ &both, "drain a", CHANGE_DONE, "drain" },
	{ &both, "drain puppet99", CHANGE_WRONG,
		"drain: no server is named puppet99; `status` lists them" },
	{ &both, "drain --all", CHANGE_REFUSED,
		"drain: no server would be left in service; --force does it "
		"all the same" },
	{ &both, "drain --all --force", CHANGE_DONE, "drain" },
	{ &both, "up --all --for 1h", CHANGE_DONE, "up" },
	{ &b_dead, "drain a", CHANGE_REFUSED,
		"drain: no server would be left in service; --force does it "
		"all the same" },
	{ &b_dead, "weight a 0%", CHANGE_REFUSED,
		"weight: no server would be left in service; --force does it "
		"all the same" },
	{ &b_dead, "weight a 10%", CHANGE_DONE, "none" },
	{ &b_dead, "drain b", CHANGE_DONE, "none" },
	{ &b_drained, "maint a", CHANGE_REFUSED,
		"maint: no server would be left in service; --force does it "
		"all the same" },
	{ &b_pinned, "drain a", CHANGE_DONE, "drain" },
	{ &b_pinned, "auto b", CHANGE_DONE, "none" },
	{ &b_pinned, "auto --all", CHANGE_DONE, "none" },
	{ &b_busy, "drain a", CHANGE_DONE, "drain" },
	{ &b_stopping, "down a", CHANGE_REFUSED,
		"down: no server would be left in service; --force does it "
		"all the same" },
	{ &b_dead, "down a --force", CHANGE_DONE, "down" },
	{ &b_dead, "up b --for 1h", CHANGE_DONE, "none" },
	{ &b_dead, "weight --all 0%", CHANGE_REFUSED,
		"weight: no server would be left in service; --force does it "
		"all the same" },
	{ &both_dead, "drain a", CHANGE_DONE, "drain" },
	{ &both_dead, "maint --all", CHANGE_DONE, "maint" },
	/* Nothing is known of them yet, so they may be in service. */
	{ &none_seen, "drain --all", CHANGE_REFUSED,
		"drain: no server would be left in service; --force does it "
		"all the same" },
	{ &none_seen, "drain a", CHANGE_DONE, "drain" },
	{ &one, "drain --all", CHANGE_DONE, "drain" },
	{ &one, "auto", CHANGE_DONE, "none" },
	{ &both, "auto", CHANGE_WRONG,
		"auto: there are 2 servers: name one, or say --all" },
	{ &both, "auto --all", CHANGE_DONE, "none" },
	{ &both, "drain A", CHANGE_WRONG,
		"drain: no server is named A; did you mean a?" },
	{ &one_strict, "drain", CHANGE_REFUSED,
		"drain: a reason is required here: add -m REASON" },
	{ &strict, "drain a -m \"\"", CHANGE_REFUSED,
		"drain: a reason is required here: add -m REASON" },
	{ &strict, "up a --for 1h", CHANGE_REFUSED,
		"up: a reason is required here: add -m REASON" },
	{ &strict, "weight a 5%", CHANGE_REFUSED,
		"weight: a reason is required here: add -m REASON" },
	{ &strict, "drain --all -m disk", CHANGE_REFUSED,
		"drain: no server would be left in service; --force does it "
		"all the same" },
	{ &strict, "drain c", CHANGE_WRONG,
		"drain: no server is named c; did you mean a?" },
	{ &strict, "drain a", CHANGE_REFUSED,
		"drain: a reason is required here: add -m REASON" },
	{ &strict, "drain a -m disk", CHANGE_DONE, "drain" },
	{ &strict, "auto a", CHANGE_DONE, "none" },
	{ &both, "hold a", CHANGE_DONE, "none" },
	{ &both, "hold --all", CHANGE_REFUSED,
		"hold: no server would be left in service; --force does it "
		"all the same" },
	{ &both, "hold --all --force", CHANGE_DONE, "none" },
	{ &b_dead, "hold a", CHANGE_REFUSED,
		"hold: no server would be left in service; --force does it "
		"all the same" },
	{ &b_drained, "hold a", CHANGE_REFUSED,
		"hold: no server would be left in service; --force does it "
		"all the same" },
	{ &b_dead, "hold b", CHANGE_DONE, "none" },
	{ &one, "hold", CHANGE_DONE, "none" },
	{ &b_dead, "release a", CHANGE_DONE, "release" },
	{ &both, "release --all", CHANGE_DONE, "release" },
	{ &both_dead, "release --all", CHANGE_DONE, "release" },
	{ &both, "release", CHANGE_WRONG,
		"release: there are 2 servers: name one, or say --all" },
	/* It is in service, as far as HAProxy is told. */
	{ &b_released, "drain a", CHANGE_DONE, "drain" },
	{ &b_released, "drain --all", CHANGE_REFUSED,
		"drain: no server would be left in service; --force does it "
		"all the same" },
	{ &one_strict, "hold", CHANGE_REFUSED,
		"hold: a reason is required here: add -m REASON" },
	{ &one_strict, "release", CHANGE_REFUSED,
		"release: a reason is required here: add -m REASON" },
	{ &one_strict, "release -m gone", CHANGE_DONE, "release" },
};

static enum change_verdict play(const struct setting *s, const char *line,
	struct change_target targets[2], char error[COMMAND_ERROR_MAX])
{
	struct command c;

	memset(targets, 0, 2 * sizeof(*targets));
	strcpy(targets[0].name, "a");
	strcpy(targets[1].name, "b");
	targets[0].view.verdict = s->a;
	targets[1].view.verdict = s->b;
	targets[1].now.state.kind = s->b_ordered;
	assert_int_equal(parse_line(&c, line, error), 0);
	return change_work_out(
		targets, s->n, &c, "alice", 1000, s->require_reason, error);
}

/* What becomes of the one server that there is. */
static void change(struct change_target *t, const char *line,
	char error[COMMAND_ERROR_MAX])
{
	struct command c;

	assert_int_equal(parse_line(&c, line, error), 0);
	assert_int_equal(
		change_work_out(t, 1, &c, "alice", 1000, CONFIG_NO, error),
		CHANGE_DONE);
}

static void each_row(void **state)
{
	struct change_target targets[2];
	char error[COMMAND_ERROR_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum change_verdict v =
			play(rows[i].setting, rows[i].line, targets, error);
		const char *said = v == CHANGE_DONE
			? order_name(targets[0].next.state.kind)
			: error;

		if (v != rows[i].verdict || strcmp(said, rows[i].says) != 0)
			fail_msg("%s: %d: %s", rows[i].line, (int)v, said);
	}
}

static void an_order_is_filled_in(void **state)
{
	struct change_target targets[2];
	char error[COMMAND_ERROR_MAX];
	const struct order *o = &targets[0].next.state;

	(void)state;
	play(&both, "drain a -m disk --for 1h --volatile", targets, error);
	assert_string_equal(o->who, "alice");
	assert_string_equal(o->why, "disk");
	assert_int_equal(o->since_s, 1000);
	assert_int_equal(o->until_s, 4600);
	assert_int_equal(o->keeping, ORDER_VOLATILE);
	assert_true(targets[0].chosen);
	assert_false(targets[1].chosen);
}

/* A hold ends by itself, even when its restart never comes. */
static void a_hold_has_an_end(void **state)
{
	struct change_target targets[2];
	char error[COMMAND_ERROR_MAX];
	const struct order *o = &targets[0].next.hold;

	(void)state;
	play(&both, "hold a -m restart", targets, error);
	assert_int_equal(o->kind, ORDER_HOLD);
	assert_string_equal(o->who, "alice");
	assert_string_equal(o->why, "restart");
	assert_int_equal(o->since_s, 1000);
	assert_int_equal(o->until_s, 1000 + 15 * 60);
	assert_int_equal(o->keeping, ORDER_DURABLE);
	assert_int_equal(targets[0].next.state.kind, ORDER_NONE);
	assert_int_equal(targets[1].next.hold.kind, ORDER_NONE);
	play(&both, "hold a --for 2h --volatile", targets, error);
	assert_int_equal(o->until_s, 1000 + 7200);
	assert_int_equal(o->keeping, ORDER_VOLATILE);
	play(&both, "hold a --for 1s", targets, error);
	assert_int_equal(o->until_s, 1001);
}

/* The restart that it waits for is the next one. */
static void a_hold_again(void **state)
{
	struct change_target t = { .name = "a" };
	char error[COMMAND_ERROR_MAX];

	(void)state;
	t.now.hold = (struct order){ .kind = ORDER_HOLD,
		.who = "root",
		.since_s = 400,
		.until_s = 1300,
		.left = true };
	change(&t, "hold", error);
	assert_int_equal(t.next.hold.since_s, 400);
	assert_int_equal(t.next.hold.until_s, 1000 + CHANGE_HOLD_S);
	assert_false(t.next.hold.left);
	assert_string_equal(t.next.hold.who, "alice");
}

/* It takes the place of the state order, and is never on disk. */
static void a_release_is_a_state(void **state)
{
	struct change_target t = { .name = "a" };
	char error[COMMAND_ERROR_MAX];

	(void)state;
	t.now.state.kind = ORDER_DRAIN;
	t.now.ceiling.kind = ORDER_WEIGHT;
	t.now.hold.kind = ORDER_HOLD;
	change(&t, "release -m gone", error);
	assert_int_equal(t.next.state.kind, ORDER_RELEASE);
	assert_int_equal(t.next.state.keeping, ORDER_VOLATILE);
	assert_int_equal(t.next.state.until_s, 0);
	assert_string_equal(t.next.state.why, "gone");
	t.now = t.next;
	change(&t, "auto", error);
	assert_int_equal(t.next.state.kind, ORDER_NONE);
}

/* Each order has a slot of its own, and leaves the others alone. */
static void the_other_slots_stay(void **state)
{
	struct change_target t = { .name = "a" };
	char error[COMMAND_ERROR_MAX];

	(void)state;
	t.now.state.kind = ORDER_DRAIN;
	t.now.hold.kind = ORDER_HOLD;
	change(&t, "weight 10%", error);
	assert_int_equal(t.next.state.kind, ORDER_DRAIN);
	assert_int_equal(t.next.ceiling.kind, ORDER_WEIGHT);
	assert_int_equal(t.next.ceiling.percent, 10);
	assert_int_equal(t.next.ceiling.until_s, 0);
	assert_int_equal(t.next.ceiling.keeping, ORDER_DURABLE);
	assert_int_equal(t.next.hold.kind, ORDER_HOLD);
	assert_int_equal(t.now.ceiling.kind, ORDER_NONE);
	change(&t, "hold", error);
	assert_int_equal(t.next.state.kind, ORDER_DRAIN);
	assert_int_equal(t.next.ceiling.kind, ORDER_NONE);
	assert_int_equal(t.next.hold.until_s, 1000 + CHANGE_HOLD_S);
}

/* Who is not meant keeps what he has; a repeated order keeps its since. */
static void all_of_them(void **state)
{
	struct change_target targets[2];
	char error[COMMAND_ERROR_MAX];

	(void)state;
	play(&b_drained, "drain --all --force", targets, error);
	assert_int_equal(targets[0].next.state.since_s, 1000);
	assert_int_equal(targets[1].next.state.kind, ORDER_DRAIN);
	assert_int_equal(targets[1].next.state.since_s, 0);
	assert_string_equal(targets[1].next.state.who, "alice");
	play(&b_drained, "maint a --force", targets, error);
	assert_true(order_same(&targets[1].next.state, &targets[1].now.state));
}

/* By itself not a hold: the restart that it is there for still comes. */
static void auto_ends_what_it_is_told_to(void **state)
{
	static const struct {
		const char *line;
		enum order_kind state, ceiling, hold;
	} ends[] = {
		{ "auto", ORDER_NONE, ORDER_NONE, ORDER_HOLD },
		{ "auto --state", ORDER_NONE, ORDER_WEIGHT, ORDER_HOLD },
		{ "auto --weight", ORDER_DRAIN, ORDER_NONE, ORDER_HOLD },
		{ "auto --hold", ORDER_DRAIN, ORDER_WEIGHT, ORDER_NONE },
		{ "auto --state --weight", ORDER_NONE, ORDER_NONE, ORDER_HOLD },
		{ "auto --state --hold", ORDER_NONE, ORDER_WEIGHT, ORDER_NONE },
		{ "auto --hold --weight", ORDER_DRAIN, ORDER_NONE, ORDER_NONE },
		{ "auto --state --weight --hold", ORDER_NONE, ORDER_NONE,
			ORDER_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct change_target t = { .name = "a" };
		char error[COMMAND_ERROR_MAX];

		t.now.state.kind = ORDER_DRAIN;
		t.now.ceiling.kind = ORDER_WEIGHT;
		t.now.hold.kind = ORDER_HOLD;
		change(&t, ends[i].line, error);
		assert_int_equal(t.next.state.kind, ends[i].state);
		assert_int_equal(t.next.ceiling.kind, ends[i].ceiling);
		assert_int_equal(t.next.hold.kind, ends[i].hold);
	}
}

/* While an order was being written, a hold has ended, and one was given. */
static void what_changed_meanwhile_stays(void **state)
{
	struct change_target t = { .name = "a" };
	char error[COMMAND_ERROR_MAX];
	struct orders orders;

	(void)state;
	t.now.hold = (struct order){ .kind = ORDER_HOLD, .who = "root" };
	t.now.state = (struct order){ .kind = ORDER_DRAIN, .who = "bob" };
	change(&t, "weight 50%", error);
	memset(&orders, 0, sizeof(orders));
	orders.state = (struct order){ .kind = ORDER_MAINT, .who = "eve" };
	change_merge(&orders, &t);
	assert_int_equal(orders.ceiling.percent, 50);
	assert_int_equal(orders.hold.kind, ORDER_NONE);
	assert_int_equal(orders.state.kind, ORDER_MAINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(an_order_is_filled_in),
		cmocka_unit_test(a_hold_has_an_end),
		cmocka_unit_test(a_hold_again),
		cmocka_unit_test(a_release_is_a_state),
		cmocka_unit_test(the_other_slots_stay),
		cmocka_unit_test(all_of_them),
		cmocka_unit_test(what_changed_meanwhile_stays),
		cmocka_unit_test(auto_ends_what_it_is_told_to),
	};

	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
