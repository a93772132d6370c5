#include "t.h"

#include "order.h"

static struct order make(enum order_kind kind, int64_t since_s, int64_t until_s)
{
	return (struct order){ .kind = kind,
		.who = "alice",
		.why = "disk",
		.since_s = since_s,
		.until_s = until_s };
}

static void names_go_both_ways(void **state)
{
	(void)state;
	for (enum order_kind k = ORDER_NONE; k <= ORDER_HOLD; k++)
		assert_int_equal(order_kind(order_name(k)), k);
	assert_int_equal(order_kind("drian"), ORDER_NONE);
}

static void each_has_its_slot(void **state)
{
	struct orders o = { .state = { .kind = ORDER_NONE } };
	const enum order_kind given[] = { ORDER_DRAIN, ORDER_WEIGHT, ORDER_HOLD,
		ORDER_MAINT, ORDER_RELEASE };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct order order = make(given[i], 10, 0);

		order_give(&o, &order);
	}
	assert_int_equal(o.state.kind, ORDER_RELEASE);
	assert_int_equal(o.ceiling.kind, ORDER_WEIGHT);
	assert_int_equal(o.hold.kind, ORDER_HOLD);
}

static void given_again_it_keeps_its_since(void **state)
{
	struct orders o = { .state = { .kind = ORDER_NONE } };
	struct order first = make(ORDER_DRAIN, 10, 100);
	struct order again = make(ORDER_DRAIN, 50, 0);
	struct order other = make(ORDER_MAINT, 60, 0);

	(void)state;
	order_give(&o, &first);
	order_give(&o, &again);
	assert_int_equal(o.state.since_s, 10);
	assert_int_equal(o.state.until_s, 0);
	order_give(&o, &other);
	assert_int_equal(o.state.since_s, 60);
}

static void given_again_it_takes_the_rest(void **state)
{
	struct orders o = { .state = { .kind = ORDER_NONE } };
	struct order first = make(ORDER_WEIGHT, 10, 0);
	struct order again = make(ORDER_WEIGHT, 50, 100);
	struct order other = make(ORDER_WEIGHT, 60, 0);

	(void)state;
	first.percent = again.percent = 10;
	strcpy(again.who, "bob");
	strcpy(again.why, "");
	again.keeping = ORDER_VOLATILE;
	order_give(&o, &first);
	order_give(&o, &again);
	again.since_s = 10;
	assert_true(order_same(&o.ceiling, &again));
	/* Another percentage is another order. */
	other.percent = 20;
	order_give(&o, &other);
	assert_true(order_same(&o.ceiling, &other));
}

static void any_difference_counts(void **state)
{
	const struct order one = make(ORDER_WEIGHT, 10, 100);
	struct order others[7];

	(void)state;
	for (size_t i = 0; i < 7; i++)
		others[i] = one;
	assert_true(order_same(&one, &others[0]));
	others[0].kind = ORDER_CANARY;
	others[1].percent = 1;
	others[2].since_s = 11;
	others[3].until_s = 0;
	others[4].keeping = ORDER_VOLATILE;
	strcpy(others[5].who, "alic");
	strcpy(others[6].why, "disks");
	for (size_t i = 0; i < 7; i++)
		assert_false(order_same(&one, &others[i]));
}

static void all_run_out_at_once(void **state)
{
	const enum order_kind kinds[] = { ORDER_UP, ORDER_CANARY, ORDER_HOLD };
	struct orders o = { .state = { .kind = ORDER_NONE } };
	struct order ended[ORDER_SLOTS];

	(void)state;
	for (size_t i = 0; i < ORDER_SLOTS; i++) {
		struct order order = make(kinds[i], 10, 100 - (int64_t)i);

		order_give(&o, &order);
	}
	assert_int_equal(order_next_end(&o), 98);
	assert_int_equal(order_expire(&o, INT64_MAX, ended), ORDER_SLOTS);
	for (size_t i = 0; i < ORDER_SLOTS; i++)
		assert_int_equal(ended[i].kind, kinds[i]);
	assert_int_equal(o.state.kind, ORDER_NONE);
	assert_int_equal(o.ceiling.kind, ORDER_NONE);
	assert_int_equal(o.hold.kind, ORDER_NONE);
	assert_int_equal(order_expire(&o, INT64_MAX, ended), 0);
}

/* The clock may jump: an order runs out early or late by the jump alone. */
static void runs_out(void **state)
{
	struct orders o = { .state = { .kind = ORDER_NONE } };
	struct order drain = make(ORDER_DRAIN, 10, 100);
	struct order weight = make(ORDER_WEIGHT, 10, 200);
	struct order hold = make(ORDER_HOLD, 10, 0);
	struct order ended[ORDER_SLOTS];

	(void)state;
	assert_int_equal(order_next_end(&o), 0);
	order_give(&o, &drain);
	order_give(&o, &weight);
	order_give(&o, &hold);
	assert_int_equal(order_next_end(&o), 100);
	assert_int_equal(order_expire(&o, 99, ended), 0);
	assert_int_equal(order_expire(&o, -31536000, ended), 0);
	assert_int_equal(order_expire(&o, 100, ended), 1);
	assert_int_equal(ended[0].kind, ORDER_DRAIN);
	assert_int_equal(order_next_end(&o), 200);
	assert_int_equal(order_expire(&o, 31536000, ended), 1);
	assert_int_equal(ended[0].kind, ORDER_WEIGHT);
	assert_int_equal(order_next_end(&o), 0);
	assert_int_equal(o.hold.kind, ORDER_HOLD);
}

static void what_keeps_work_away(void **state)
{
	(void)state;
	for (enum order_kind k = ORDER_NONE; k <= ORDER_HOLD; k++) {
		struct orders o = { .state = { .kind = ORDER_NONE } };
		struct order order = make(k, 10, 0);
		int takes =
			k == ORDER_DRAIN || k == ORDER_MAINT || k == ORDER_HOLD;

		order_give(&o, &order);
		assert_int_equal(order_takes(&o), takes);
		assert_int_equal(order_keeps_out(&o), takes || k == ORDER_DOWN);
	}
}

static void describes_itself(void **state)
{
	struct order o = make(ORDER_DRAIN, 0, 0);
	char text[64];

	(void)state;
	order_describe(text, sizeof(text), &o);
	assert_string_equal(text, "drain by alice: disk");
	o.why[0] = '\0';
	order_describe(text, sizeof(text), &o);
	assert_string_equal(text, "drain by alice");
	assert_int_equal(order_describe(text, 6, &o), 5);
	assert_string_equal(text, "drain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(each_has_its_slot),
		cmocka_unit_test(given_again_it_keeps_its_since),
		cmocka_unit_test(given_again_it_takes_the_rest),
		cmocka_unit_test(any_difference_counts),
		cmocka_unit_test(runs_out),
		cmocka_unit_test(all_run_out_at_once),
		cmocka_unit_test(what_keeps_work_away),
		cmocka_unit_test(describes_itself),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
