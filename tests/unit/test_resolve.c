#include "resolve_fix.h"

static void test_literals(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_name(&f, 0, "192.0.2.1");
	open_name(&f, 1, "2001:db8::1");
	for (int i = 0; i < 2; i++)
		resolve_ask(f.names[i].n);
	expect_addrs(&f.names[0], "192.0.2.1:8140");
	expect_addrs(&f.names[1], "[2001:db8::1]:8140");
	assert_int_equal(looks_n, 0);
	stop(&f);
	assert_int_equal(f.names[0].calls + f.names[1].calls, 0);
}

static void test_localhost(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_name(&f, 0, "localhost");
	expect_addrs(&f.names[0], "");
	resolve_ask(f.names[0].n);
	assert_int_equal(f.names[0].calls, 0);
	let_go(0);
	assert_int_equal(f.names[0].status, 0);
	assert_in_range(resolve_addrs(f.names[0].n)->n, 1, 2);
	assert_int_equal(
		addr_port((const struct sockaddr *)resolve_addrs(f.names[0].n)
				  ->sa),
		8140);
	stop(&f);
	assert_int_equal(f.names[0].calls, 1);
}

static void test_failing_keeps_the_last(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_name(&f, 0, "host.invalid");
	resolve_ask(f.names[0].n);
	fail_look(0, UV_EAI_NONAME);
	assert_int_equal(f.names[0].status, UV_EAI_NONAME);
	expect_addrs(&f.names[0], "");

	resolve_ask(f.names[0].n);
	answer(1, HOSTS("192.0.2.1", "2001:db8::1"));
	assert_int_equal(f.names[0].status, 0);
	expect_addrs(&f.names[0], "192.0.2.1:8140 [2001:db8::1]:8140");

	resolve_ask(f.names[0].n);
	fail_look(2, UV_EAI_AGAIN);
	assert_int_equal(f.names[0].status, UV_EAI_AGAIN);
	expect_addrs(&f.names[0], "192.0.2.1:8140 [2001:db8::1]:8140");

	resolve_ask(f.names[0].n);
	answer(3, (const char *const[]){ NULL }); /* a name without any */
	expect_addrs(&f.names[0], "192.0.2.1:8140 [2001:db8::1]:8140");

	resolve_ask(f.names[0].n);
	answer(4, HOSTS("192.0.2.2"));
	expect_addrs(&f.names[0], "192.0.2.2:8140");
	assert_int_equal(f.names[0].calls, 5);
	stop(&f);
}

static void test_more_addresses_than_fit(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_name(&f, 0, "host.invalid");
	resolve_ask(f.names[0].n);
	answer(0,
		HOSTS("::1", "::2", "::3", "::4", "::5", "::6", "::7", "::8",
			"::9"));
	assert_int_equal(resolve_addrs(f.names[0].n)->n, RESOLVE_ADDRS_MAX);
	stop(&f);
}

static void test_asking_twice_is_asking_once(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_and_ask(&f, NAMES);
	for (int i = 0; i < NAMES; i++)
		resolve_ask(f.names[i].n);
	for (size_t i = 0; i < NAMES; i++)
		answer(i, HOSTS("192.0.2.1"));
	assert_int_equal(looks_n, NAMES);
	for (int i = 0; i < NAMES; i++)
		assert_int_equal(f.names[i].calls, 1);
	stop(&f);
}

/* In the order in which they were asked for, whichever ends first. */
static void test_at_once(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	open_and_ask(&f, NAMES);
	for (size_t i = 0; i < NAMES; i++) {
		char host[32];

		snprintf(host, sizeof(host), "host%zu.invalid", i);
		assert_true(i < looks_n);
		assert_string_equal(looks[i].host, host);
		if (i % 2 == 1)
			fail_look(i, UV_EAI_FAIL);
		if (i % 2 == 1)
			answer(i - 1, HOSTS("192.0.2.1"));
	}
	assert_int_equal(most_at_once, RESOLVE_AT_ONCE);
	stop(&f);
}

/* What can't even be started keeps nobody else waiting, nor itself. */
static void test_refused_at_once(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	bad_host = "host2.invalid";
	open_and_ask(&f, NAMES);
	answer(0, HOSTS("192.0.2.1"));
	assert_int_equal(at_once, RESOLVE_AT_ONCE);
	assert_string_equal(looks[2].host, "host3.invalid");
	for (size_t i = 1; i < NAMES - 1; i++)
		answer(i, HOSTS("192.0.2.1"));
	assert_int_equal(f.names[NAMES - 1].calls, 1);
	assert_int_equal(f.names[2].calls, 0);
	bad_host = NULL;
	resolve_ask(f.names[2].n);
	answer(NAMES - 1, HOSTS("192.0.2.1"));
	assert_int_equal(f.names[2].calls, 1);
	stop(&f);
}

/* Closes the names, each in another state, after so many look-ups. */
static void test_close_sweep(void **state)
{
	(void)state;
	for (size_t ended = 0; ended <= NAMES; ended++) {
		struct fix f;

		start(&f);
		open_and_ask(&f, NAMES);
		for (size_t i = 0; i < ended; i++)
			answer(i, HOSTS("192.0.2.1"));
		for (int i = 0; i < NAMES; i++)
			close_name(&f, i);
		resolver_close(f.resolver);
		/* What was under way ends after all; nothing is started. */
		for (size_t i = 0; i < looks_n; i++) {
			assert_int_equal(looks[i].left, i >= ended);
			if (i >= ended)
				answer(i, HOSTS("192.0.2.1"));
		}
		assert_int_equal(at_once, 0);
		for (size_t i = 0; i < NAMES; i++)
			assert_int_equal(f.names[i].calls, i < ended);
		t_loop_close(&f.loop);
	}
}

/* The others go on when one of them is closed. */
static void test_close_one(void **state)
{
	(void)state;
	for (int closed = 0; closed < NAMES; closed++) {
		struct fix f;

		start(&f);
		open_and_ask(&f, NAMES);
		close_name(&f, closed);
		for (size_t i = 0; i < looks_n; i++)
			answer(i, HOSTS("192.0.2.1"));
		for (int i = 0; i < NAMES; i++)
			assert_int_equal(f.names[i].calls, i != closed);
		assert_int_equal(most_at_once, RESOLVE_AT_ONCE);
		stop(&f);
	}
}

static void test_close_in_the_callback(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	for (int i = 0; i < NAMES; i++)
		f.names[i].close_in_callback = true;
	open_and_ask(&f, NAMES);
	for (size_t i = 0; i < NAMES; i++)
		answer(i, HOSTS("192.0.2.1"));
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_localhost),
		cmocka_unit_test(test_failing_keeps_the_last),
		cmocka_unit_test(test_more_addresses_than_fit),
		cmocka_unit_test(test_asking_twice_is_asking_once),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_refused_at_once),
		cmocka_unit_test(test_close_sweep),
		cmocka_unit_test(test_close_one),
		cmocka_unit_test(test_close_in_the_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
