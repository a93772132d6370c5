#include "t.h"

#include "turns.h"

enum { WAITERS = 4 };

struct fix {
	uv_loop_t loop;
	struct turns turns;
	struct waiter {
		struct fix *fix;
		char name;
		struct turns_waiter w;
	} waiters[WAITERS];
	char called[32]; /* names, in order */
	size_t n;
	int leaver; /* waiter that leaves from inside a callback, or -1 */
	int again;  /* how often waiter 0 asks again from inside its own */
};

static void on_turn(void *arg)
{
	struct waiter *waiter = arg;
	struct fix *f = waiter->fix;

	f->called[f->n++] = waiter->name;
	if (f->leaver >= 0)
		turns_leave(&f->turns, &f->waiters[f->leaver].w);
	if (waiter == &f->waiters[0] && f->again-- > 0)
		turns_wait(&f->turns, &waiter->w, on_turn, waiter);
}

static void want(struct fix *f, int i)
{
	turns_wait(&f->turns, &f->waiters[i].w, on_turn, &f->waiters[i]);
}

static void start(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	turns_open(&f->turns, &f->loop);
	f->leaver = -1;
	for (int i = 0; i < WAITERS; i++) {
		f->waiters[i].fix = f;
		f->waiters[i].name = (char)('a' + i);
	}
}

/* Runs to the end; then who was called must be this, one per turn. */
static void expect(struct fix *f, const char *called)
{
	while (uv_loop_alive(&f->loop)) {
		size_t before = f->n;

		uv_run(&f->loop, UV_RUN_NOWAIT);
		assert_in_range(f->n - before, 0, 1);
		assert_true(f->n < sizeof(f->called) - 1);
	}
	assert_string_equal(f->called, called);
	turns_close(&f->turns);
	t_loop_close(&f->loop);
}

static void test_order(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	want(&f, 2);
	want(&f, 0);
	want(&f, 3);
	want(&f, 1);
	want(&f, 2); /* changes nothing */
	want(&f, 1);
	assert_int_equal(f.n, 0);
	expect(&f, "cadb");
}

static void test_nobody(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	turns_leave(&f.turns, &f.waiters[0].w);
	assert_false(uv_loop_alive(&f.loop));
	expect(&f, "");
}

/* Who asks again from inside stands behind those who wait. */
static void test_again(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	f.again = 3;
	want(&f, 0);
	want(&f, 1);
	want(&f, 2);
	expect(&f, "abcaaa");
}

/* The first, one in the middle, the last, and then the queue still works. */
static void test_leave(void **state)
{
	static const char *const left[WAITERS] = { "bcd", "acd", "abd", "abc" };

	(void)state;
	for (int i = 0; i < WAITERS; i++) {
		char expected[8];
		struct fix f;

		start(&f);
		for (int k = 0; k < WAITERS; k++)
			want(&f, k);
		turns_leave(&f.turns, &f.waiters[i].w);
		turns_leave(&f.turns, &f.waiters[i].w);
		want(&f, i);
		strcpy(expected, left[i]);
		expected[3] = f.waiters[i].name;
		expected[4] = '\0';
		expect(&f, expected);
	}
}

static void test_all_leave(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	want(&f, 0);
	want(&f, 1);
	turns_leave(&f.turns, &f.waiters[1].w);
	turns_leave(&f.turns, &f.waiters[0].w);
	assert_false(uv_loop_alive(&f.loop));
	want(&f, 3);
	expect(&f, "d");
}

static void test_leave_from_a_callback(void **state)
{
	static const char *const left[WAITERS] = { "abcd", "acd", "abd",
		"abc" };

	(void)state;
	for (int i = 0; i < WAITERS; i++) {
		struct fix f;

		start(&f);
		f.leaver = i;
		for (int k = 0; k < WAITERS; k++)
			want(&f, k);
		expect(&f, left[i]);
	}
}

/* Leaves after so many turns, at each of them. */
static void test_leave_sweep(void **state)
{
	(void)state;
	for (int turns = 0; turns <= WAITERS; turns++) {
		struct fix f;

		start(&f);
		for (int k = 0; k < WAITERS; k++)
			want(&f, k);
		for (int i = 0; i < turns; i++)
			uv_run(&f.loop, UV_RUN_NOWAIT);
		for (int k = 0; k < WAITERS; k++)
			turns_leave(&f.turns, &f.waiters[k].w);
		assert_int_equal(f.n, turns);
		assert_false(uv_loop_alive(&f.loop));
		turns_close(&f.turns);
		t_loop_close(&f.loop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_all_leave),
		cmocka_unit_test(test_leave_from_a_callback),
		cmocka_unit_test(test_leave_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
