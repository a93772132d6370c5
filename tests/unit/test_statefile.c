#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "statefile.h"
#include "statefile_cases.h"
#include "text.h"

static struct orders orders = {
	.state = { .kind = ORDER_DRAIN,
		.who = "alice",
		.why = "caf\xc3\xa9",
		.since_s = 100,
		.until_s = 200 },
	.ceiling = { .kind = ORDER_WEIGHT,
		.percent = 10,
		.who = "bob",
		.since_s = 50 },
	.hold = { .kind = ORDER_HOLD,
		.who = "root",
		.since_s = 7,
		.keeping = ORDER_VOLATILE },
};

static struct poller known[] = {
	{ .last_s = 90,
		.interval_ms = 1000,
		.longest_ms = 1500,
		.told = ANSWER_DRAIN,
		.taken = true,
		.sure = true,
		.earlier = true },
	{ .last_s = 80, .told = ANSWER_IN },
};

static struct pollers pollers = { .list = known, .n = 2, .ended_s = 70 };

static const struct pollers nobody;

struct found {
	struct orders orders;
	struct pollers pollers;
	char name[64];
	int n;
};

static void on_found(void *arg, const struct statefile_server *s)
{
	struct found *f = arg;

	f->n++;
	f->orders = *s->orders;
	pollers_copy(&f->pollers, s->pollers);
	strncpy(f->name, s->name, sizeof(f->name) - 1);
}

static char *encode(void)
{
	const struct statefile_server servers[] = { { "a.example.com", &orders,
		&pollers } };
	char *text;

	addr_host_parse(&known[0].host, "192.0.2.1");
	addr_host_parse(&known[1].host, "2001:db8::1");
	text = statefile_encode(servers, 1);
	assert_non_null(text);
	return text;
}

static void comes_back_whole(void **state)
{
	char error[STATEFILE_ERROR_MAX], *text = encode();
	struct found f = { .n = 0 };

	(void)state;
	assert_int_equal(
		statefile_decode(text, strlen(text), on_found, &f, error), 0);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.name, "a.example.com");
	assert_true(order_same(&f.orders.state, &orders.state));
	assert_true(order_same(&f.orders.ceiling, &orders.ceiling));
	/* A volatile one is not on disk. */
	assert_int_equal(f.orders.hold.kind, ORDER_NONE);
	assert_int_equal(f.pollers.n, 2);
	assert_memory_equal(f.pollers.list, known, sizeof(known));
	assert_int_equal(f.pollers.ended_s, 70);
	pollers_free(&f.pollers);
	free(text);
}

/* Who is about to be told a drain may have been told at the next start. */
static void a_drain_takes_all(void **state)
{
	static const struct orders none = { .state = { .kind = ORDER_NONE } };
	struct poller p = { .told = ANSWER_IN };
	const struct pollers all = {
		.list = &p, .n = 1, .saying = ANSWER_DRAIN
	};
	const struct statefile_server servers[] = { { "a", &none, &all } };
	char error[STATEFILE_ERROR_MAX], *text;
	struct found f = { .n = 0 };

	(void)state;
	text = statefile_encode(servers, 1);
	assert_int_equal(
		statefile_decode(text, strlen(text), on_found, &f, error), 0);
	assert_int_equal(f.pollers.n, 1);
	assert_true(f.pollers.list[0].taken);
	assert_false(f.pollers.list[0].sure);
	assert_int_equal(f.pollers.list[0].told, ANSWER_IN);
	pollers_free(&f.pollers);
	free(text);
}

/* Whether the server has been seen to go outlives usherd. */
static void a_hold_that_the_server_has_left(void **state)
{
	static const struct orders held = { .hold = { .kind = ORDER_HOLD,
						    .who = "root",
						    .since_s = 7,
						    .until_s = 900,
						    .left = true } };
	const struct statefile_server servers[] = { { "a", &held, &nobody } };
	char error[STATEFILE_ERROR_MAX], *text = statefile_encode(servers, 1);
	struct found f = { .n = 0 };

	(void)state;
	assert_int_equal(
		statefile_decode(text, strlen(text), on_found, &f, error), 0);
	assert_true(order_same(&f.orders.hold, &held.hold));
	assert_true(f.orders.hold.left);
	free(text);
}

/* Cut anywhere, the file says so, and no order of it counts. */
static void cut_anywhere(void **state)
{
	char error[STATEFILE_ERROR_MAX], *text = encode();
	struct found f = { .n = 0 };

	(void)state;
	for (size_t len = 0; len < strlen(text); len++) {
		error[0] = '\0';
		assert_int_not_equal(
			statefile_decode(text, len, on_found, &f, error), 0);
		assert_int_not_equal(strlen(error), 0);
	}
	assert_int_equal(f.n, 0);
	free(text);
}

static void expect_sentence(const char *error)
{
	char clean[STATEFILE_ERROR_MAX];

	assert_int_not_equal(strlen(error), 0);
	strcpy(clean, error);
	text_clean(clean);
	text_quotable(clean);
	assert_string_equal(error, clean);
}

static void each_damage(void **state)
{
	char error[STATEFILE_ERROR_MAX];
	struct found f = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		error[0] = '\0';
		if (statefile_decode(damaged[i], strlen(damaged[i]), on_found,
			    &f, error) == 0)
			fail_msg("taken: %s", damaged[i]);
		expect_sentence(error);
	}
	/* Not even those of the servers before the damage. */
	assert_int_equal(f.n, 0);
}

/* The rows above are damaged by what they say they are. */
static void not_damaged(void **state)
{
	static const char *const good[] = {
		FILE_OF("state", ORDER("drain", "0")),
		FILE_OF("ceiling", ORDER("weight", "100")),
		CANARY_OF("5", STEPS("[5]", "0", "0")),
		CANARY_OF("25", STEPS("[5,25,50]", "1", "900")),
		CANARY_OF("8", STEPS("[1,2,3,4,5,6,7,8]", "7", "0")),
		FILE_OF("hold", ORDER("hold", "0")),
		FILE_OF("pollers", "[]"),
		POLLER(HOST, "0", "600000", "\"in\"", "true"),
		POLLER_ENDING("600000", "true"),
		FILE_OF("ended", "1"),
		FILE_OF("state", ORDER_AT("0", "9223372036854775807")),
	};
	char error[STATEFILE_ERROR_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct found f = { .n = 0 };

		if (statefile_decode(
			    good[i], strlen(good[i]), on_found, &f, error) != 0)
			fail_msg("%s: %s", error, good[i]);
		assert_int_equal(f.n, 2);
		pollers_free(&f.pollers);
	}
}

/* Each byte turned into a few others: refused, or orders that can be. */
static void any_byte_changed(void **state)
{
	static const char others[] = { '\0', '"', '{', '9', '-', '\x80' };
	char error[STATEFILE_ERROR_MAX], *text = encode();
	size_t len = strlen(text);

	(void)state;
	for (size_t i = 0; i < len * sizeof(others); i++) {
		char *at = &text[i / sizeof(others)], before = *at;
		struct found f = { .n = 0 };

		*at = others[i % sizeof(others)];
		error[0] = '\0';
		if (statefile_decode(text, len, on_found, &f, error) == 0) {
			assert_true(f.orders.ceiling.percent <= 100);
			assert_true(f.pollers.n <= 2);
		} else {
			assert_int_equal(f.n, 0);
			expect_sentence(error);
		}
		pollers_free(&f.pollers);
		*at = before;
	}
	free(text);
}

/* Not what usherd writes, but it must be able to write it again. */
static void too_long_a_reason(void **state)
{
	char text[2048], why[4 * ORDER_WHY_MAX] = "x";
	char error[STATEFILE_ERROR_MAX], *again;
	struct statefile_server server = { .name = "a" };
	struct found f = { .n = 0 };

	(void)state;
	for (int i = 0; i < ORDER_WHY_MAX; i++)
		strcat(why, "\xc3\xa9");
	snprintf(text, sizeof(text),
		"{\"version\":1,\"servers\":{\"a\":{\"state\":" ORDER_OF(
			"\"\\u001b[31m\"", "\"%s\"") "}}}",
		why);
	assert_int_equal(
		statefile_decode(text, strlen(text), on_found, &f, error), 0);
	assert_string_equal(f.orders.state.who, "?[31m");
	server.orders = &f.orders;
	server.pollers = &nobody;
	again = statefile_encode(&server, 1);
	assert_non_null(again);
	free(again);
}

static void no_orders_at_all(void **state)
{
	static const struct orders none = { .state = { .kind = ORDER_NONE } };
	const struct statefile_server servers[] = { { "a", &none, &nobody },
		{ "b", &none, &nobody } };
	char error[STATEFILE_ERROR_MAX];
	struct found f = { .n = 0 };

	(void)state;
	for (size_t n = 0; n <= 2; n++) {
		char *text = statefile_encode(servers, n);

		assert_non_null(text);
		assert_int_equal(statefile_decode(text, strlen(text), on_found,
					 &f, error),
			0);
		free(text);
	}
	assert_int_equal(f.n, 0);
}

static void deep_nesting_is_refused(void **state)
{
	enum { DEPTH = 100000 };
	static const char *const openers[] = { "[", "{\"a\":" };
	char error[STATEFILE_ERROR_MAX], *text = malloc(DEPTH + 8);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t len = 0;

		for (; len < DEPTH; len += strlen(openers[i]))
			strcpy(text + len, openers[i]);
		assert_int_not_equal(
			statefile_decode(text, len, on_found, NULL, error), 0);
		expect_sentence(error);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_whole),
		cmocka_unit_test(a_drain_takes_all),
		cmocka_unit_test(a_hold_that_the_server_has_left),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(each_damage),
		cmocka_unit_test(not_damaged),
		cmocka_unit_test(any_byte_changed),
		cmocka_unit_test(too_long_a_reason),
		cmocka_unit_test(no_orders_at_all),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests_name("statefile", tests, NULL, NULL);
}
