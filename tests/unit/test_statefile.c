#include "t.h"

#include <stdlib.h>

#include "statefile.h"

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

struct found {
	struct orders orders;
	char name[64];
	int n;
};

static void on_found(void *arg, const char *name, const struct orders *o)
{
	struct found *f = arg;

	f->n++;
	f->orders = *o;
	strncpy(f->name, name, sizeof(f->name) - 1);
}

static char *encode(void)
{
	const struct statefile_server servers[] = { { "a.example.com",
		&orders } };
	char *text = statefile_encode(servers, 1);

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

#define ORDER(kind, percent) \
	"{\"kind\":\"" kind "\",\"who\":\"x\",\"why\":\"\",\"since\":1," \
	"\"until\":0,\"percent\":" percent "}"
#define FILE_OF(slot, order) \
	"{\"version\":1,\"servers\":{\"good\":{\"state\":" ORDER( \
		"drain", "0") "},\"a\":{\"" slot "\":" order "}}}"

static const char *const damaged[] = {
	"{\"version\":2,\"servers\":{}}",
	"{\"version\":1}",
	"{\"version\":1,\"servers\":[]}",
	"{\"version\":1,\"servers\":{},\"more\":1}",
	"[]",
	FILE_OF("state", ORDER("weight", "10")),
	FILE_OF("ceiling", ORDER("drain", "0")),
	FILE_OF("state", ORDER("none", "0")),
	FILE_OF("state", ORDER("drian", "0")),
	FILE_OF("ceiling", ORDER("weight", "101")),
	FILE_OF("ceiling", ORDER("weight", "-1")),
	FILE_OF("ceiling", ORDER("weight", "\"x\"")),
	FILE_OF("stat", ORDER("drain", "0")),
	FILE_OF("state", "{}"),
	FILE_OF("state", "1"),
};

static void each_damage(void **state)
{
	char error[STATEFILE_ERROR_MAX];
	struct found f = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		if (statefile_decode(damaged[i], strlen(damaged[i]), on_found,
			    &f, error) == 0)
			fail_msg("taken: %s", damaged[i]);
	}
	/* Not even those of the servers before the damage. */
	assert_int_equal(f.n, 0);
}

static void deep_nesting_is_refused(void **state)
{
	enum { DEPTH = 100000 };
	char error[STATEFILE_ERROR_MAX], *text = malloc(DEPTH);

	(void)state;
	memset(text, '[', DEPTH);
	assert_int_not_equal(
		statefile_decode(text, DEPTH, on_found, NULL, error), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_whole),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(each_damage),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests_name("statefile", tests, NULL, NULL);
}
