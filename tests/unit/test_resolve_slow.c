/* Names that hang, and those beside them. */
#include "resolve_fix.h"

/* While names wait for a place there is a timer: its next turn. */
static void pass(struct fix *f, uint64_t ms)
{
	now_ms += ms;
	assert_int_equal(uv_loop_alive(&f->loop), 1);
	uv_run(&f->loop, UV_RUN_ONCE);
}

/* Those that wait for a place get it. */
static void wait_looks(struct fix *f, size_t n)
{
	for (int turns = 0; looks_n < n && turns < 100; turns++)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(looks_n, n);
}

static void expect_last_look(const char *host)
{
	assert_string_equal(looks[looks_n - 1].host, host);
}

/* Not a moment before. */
static void test_slow_gives_its_place_away(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_and_ask(&f, NAMES);
	pass(&f, RESOLVE_SLOW_MS - 1);
	assert_int_equal(looks_n, RESOLVE_AT_ONCE);
	now_ms++;
	wait_looks(&f, NAMES);
	assert_int_equal(uv_loop_alive(&f.loop), 0); /* nobody waits */
	for (size_t i = 0; i < NAMES; i++)
		answer(i, HOSTS("192.0.2.1"));
	for (int i = 0; i < NAMES; i++)
		assert_int_equal(f.names[i].calls, 1);
	stop(&f);
}

/* From its start: not since it has had to wait, nor since it was asked again.
 */
static void test_how_long_it_took(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_and_ask(&f, NAMES);
	now_ms += 5;
	resolve_ask(f.names[0].n);
	now_ms += 2;
	assert_int_equal(resolve_took_ms(f.names[0].n), 0);
	answer(0, HOSTS("192.0.2.1"));
	assert_int_equal(resolve_took_ms(f.names[0].n), 7);
	expect_last_look("host32.invalid");
	now_ms += 3;
	answer(looks_n - 1, HOSTS("192.0.2.1"));
	assert_int_equal(resolve_took_ms(f.names[RESOLVE_AT_ONCE].n), 3);
	for (size_t i = 0; i < looks_n; i++)
		if (!looks[i].over)
			answer(i, HOSTS("192.0.2.1"));
	stop(&f);
}

/* Places of their own: none of a name's that was quick, nor without end. */
static void test_slow_names_among_themselves(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_and_ask(&f, NAMES);
	now_ms += RESOLVE_SLOW_MS;
	wait_looks(&f, NAMES);
	now_ms += RESOLVE_SLOW_MS;
	for (size_t i = 0; i < NAMES; i++)
		fail_look(i, UV_EAI_AGAIN);
	for (int i = 0; i < NAMES; i++)
		resolve_ask(f.names[i].n);
	assert_int_equal(at_once, RESOLVE_AT_ONCE);
	now_ms += RESOLVE_SLOW_MS;
	open_name(&f, NAMES, "quick.invalid");
	resolve_ask(f.names[NAMES].n);
	assert_int_equal(at_once, RESOLVE_AT_ONCE + 1);
	expect_last_look("quick.invalid");

	/* Each that ends makes way for the next; it is still slow. */
	assert_int_equal(RESOLVE_AT_ONCE, 32);
	fail_look(NAMES, UV_EAI_AGAIN);
	expect_last_look("host32.invalid");
	resolve_ask(f.names[0].n);
	assert_int_equal(at_once, RESOLVE_AT_ONCE + 1);

	/* One that was quick is as any other again. */
	answer(looks_n - 1, HOSTS("192.0.2.1"));
	resolve_ask(f.names[RESOLVE_AT_ONCE].n);
	assert_int_equal(at_once, RESOLVE_AT_ONCE + 2);
	expect_last_look("host32.invalid");
	for (size_t i = 0; i < looks_n; i++)
		if (!looks[i].over)
			answer(i, HOSTS("192.0.2.1"));
	assert_int_equal(at_once, 0);
	stop(&f);
}

/* All hang: RESOLVE_MAX at once, then the rest waits, and loses nothing. */
static void hang_to_the_limit(struct fix *f)
{
	start(f);
	open_name(f, MANY - 1, "host.invalid");
	resolve_ask(f->names[MANY - 1].n);
	answer(0, HOSTS("192.0.2.1"));
	looks_n = 0;
	open_and_ask(f, MANY - 1);
	resolve_ask(f->names[MANY - 1].n);
	while (looks_n < RESOLVE_MAX) {
		now_ms += RESOLVE_SLOW_MS;
		wait_looks(f, looks_n + RESOLVE_AT_ONCE);
	}
	for (int i = 0; i < MANY; i++)
		resolve_ask(f->names[i].n);
	pass(f, RESOLVE_SLOW_MS);
	assert_int_equal(at_once, RESOLVE_MAX);
	assert_true(resolve_pending(f->names[MANY - 1].n));
	expect_addrs(&f->names[MANY - 1], "192.0.2.1:8140");
}

static void test_limit(void **state)
{
	struct fix f;

	(void)state;
	hang_to_the_limit(&f);
	for (size_t i = 0; i < MANY; i++)
		answer(i, HOSTS("192.0.2.2"));
	assert_int_equal(most_at_once, RESOLVE_MAX);
	assert_int_equal(looks_n, MANY);
	for (int i = 0; i < MANY; i++)
		expect_addrs(&f.names[i], "192.0.2.2:8140");
	stop(&f);
}

/* What is under way can't be taken back, so it has its place to the end. */
static void test_limit_after_all_are_closed(void **state)
{
	struct fix f;

	(void)state;
	hang_to_the_limit(&f);
	for (int i = 0; i < MANY; i++)
		close_name(&f, i);
	open_name(&f, 0, "new.invalid");
	resolve_ask(f.names[0].n);
	pass(&f, RESOLVE_SLOW_MS);
	assert_int_equal(looks_n, RESOLVE_MAX);
	answer(7, HOSTS("192.0.2.1"));
	assert_string_equal(looks[RESOLVE_MAX].host, "new.invalid");
	stop(&f);
	for (size_t i = 0; i < looks_n; i++)
		if (!looks[i].over)
			answer(i, HOSTS("192.0.2.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_gives_its_place_away),
		cmocka_unit_test(test_how_long_it_took),
		cmocka_unit_test(test_slow_names_among_themselves),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_after_all_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
