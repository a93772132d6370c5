#include "t.h"

#include <stdatomic.h>

#include "turns.h"

enum { WAITERS = 4 };

struct fix {
	uv_loop_t loop;
	uv_thread_t thread; /* the loop's */
	struct turns turns;
	struct waiter {
		struct fix *fix;
		char name;
		struct turns_waiter w;
		bool elsewhere; /* its work was not in the loop's thread */
		int again;      /* how often it asks again from inside */
	} waiters[WAITERS];
	atomic_int working;
	atomic_int together; /* the most at once */
	char worked[32];     /* names, in order */
	atomic_size_t n_worked;
	char over[32];
	size_t n_over;
	int leaver; /* waiter that leaves from inside a callback, or -1 */
};

static void on_work(void *arg)
{
	struct waiter *waiter = arg;
	struct fix *f = waiter->fix;
	uv_thread_t self = uv_thread_self();
	int working = atomic_fetch_add(&f->working, 1) + 1;

	if (working > atomic_load(&f->together))
		atomic_store(&f->together, working);
	waiter->elsewhere = !uv_thread_equal(&self, &f->thread);
	f->worked[atomic_fetch_add(&f->n_worked, 1)] = waiter->name;
	atomic_fetch_sub(&f->working, 1);
}

static void on_over(void *arg);

static void want(struct waiter *waiter)
{
	turns_wait(&waiter->fix->turns, &waiter->w, on_work, on_over, waiter);
}

static void on_over(void *arg)
{
	struct waiter *waiter = arg;
	struct fix *f = waiter->fix;

	f->over[f->n_over++] = waiter->name;
	if (f->leaver >= 0)
		turns_leave(&f->waiters[f->leaver].w);
	if (waiter->again-- > 0)
		want(waiter);
}

static void start(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->thread = uv_thread_self();
	turns_open(&f->turns, &f->loop);
	f->leaver = -1;
	for (int i = 0; i < WAITERS; i++) {
		f->waiters[i].fix = f;
		f->waiters[i].name = (char)('a' + i);
	}
}

static void want_all(struct fix *f)
{
	for (int i = 0; i < WAITERS; i++)
		want(&f->waiters[i]);
	assert_int_equal(f->n_over, 0);
}

/* Runs to the end; then who worked, and who was told, must be these. */
static void expect(struct fix *f, const char *worked, const char *over)
{
	t_loop_close(&f->loop);
	assert_string_equal(f->over, over);
	assert_string_equal(f->worked, worked);
	assert_in_range(atomic_load(&f->together), worked[0] ? 1 : 0, 1);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(f->waiters[i].elsewhere,
			strchr(worked, f->waiters[i].name) != NULL);
}

static void test_order(void **state)
{
	static const int order[] = { 2, 0, 3, 1 };
	struct fix f;

	(void)state;
	start(&f);
	for (int i = 0; i < WAITERS; i++)
		want(&f.waiters[order[i]]);
	expect(&f, "cadb", "cadb");
}

static void test_nobody(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_false(turns_leave(&f.waiters[0].w));
	assert_false(uv_loop_alive(&f.loop));
	expect(&f, "", "");
}

/* Who asks again goes before those who have not begun. */
static void test_again(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	f.waiters[0].again = 3;
	want_all(&f);
	expect(&f, "abacada", "abacada");

	start(&f);
	for (int i = 0; i < WAITERS; i++)
		f.waiters[i].again = 1;
	want_all(&f);
	expect(&f, "ababcdcd", "ababcdcd");
}

/* Who leaves between two pieces begins anew. */
static void test_leave_between(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	want(&f.waiters[0]);
	while (f.n_over == 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_false(turns_leave(&f.waiters[0].w));
	for (int i = WAITERS - 1; i >= 0; i--)
		want(&f.waiters[i]);
	expect(&f, "adcba", "adcba");
}

/* One in the middle, and the last, and then the queue still works. */
static void test_leave(void **state)
{
	static const char *const left[WAITERS] = { NULL, "acdb", "abdc",
		"abcd" };

	(void)state;
	for (int i = 1; i < WAITERS; i++) {
		struct fix f;

		start(&f);
		want_all(&f);
		assert_false(turns_leave(&f.waiters[i].w));
		assert_false(turns_leave(&f.waiters[i].w));
		want(&f.waiters[i]);
		expect(&f, left[i], left[i]);
	}
}

static void test_leave_from_a_callback(void **state)
{
	static const char *const left[WAITERS] = { "abcd", "abcd", "abd",
		"abc" };

	(void)state;
	for (int i = 0; i < WAITERS; i++) {
		struct fix f;

		start(&f);
		f.leaver = i;
		want_all(&f);
		while (f.n_over == 0)
			uv_run(&f.loop, UV_RUN_ONCE);
		f.leaver = -1;
		t_loop_close(&f.loop);
		assert_string_equal(f.over, left[i]);
	}
}

/*
 * While files hang all threads of the pool: who has his turn and leaves is told
 * at once, has not worked, and the next one waits for a thread in his place.
 */
static void test_leave_without_a_thread(void **state)
{
	struct t_pool pool;
	struct fix f;

	(void)state;
	start(&f);
	t_pool_hold(&pool, &f.loop);
	want_all(&f);
	assert_true(turns_leave(&f.waiters[0].w));
	assert_int_equal(f.n_over, 0);
	while (f.n_over == 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_string_equal(f.over, "a");
	assert_int_equal(f.n_worked, 0);
	t_pool_let_go(&pool);
	expect(&f, "bcd", "abcd");
}

/* All leave after so many were told: who works then is told yet. */
static void test_leave_sweep(void **state)
{
	(void)state;
	for (size_t told = 0; told <= WAITERS; told++) {
		size_t later = 0;
		struct fix f;

		start(&f);
		want_all(&f);
		while (f.n_over < told)
			uv_run(&f.loop, UV_RUN_ONCE);
		for (int k = WAITERS - 1; k >= 0; k--)
			later += turns_leave(&f.waiters[k].w);
		told = f.n_over;
		assert_in_range(later, 0, 1);
		t_loop_close(&f.loop);
		assert_int_equal(f.n_over, told + later);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_leave_between),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_leave_from_a_callback),
		cmocka_unit_test(test_leave_without_a_thread),
		cmocka_unit_test(test_leave_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
