/* Who has been told, on the way out of service and back. */
#include "wait_scene.h"

/* --- out of service --- */

static void nobody_polls(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	order(&s, ORDER_DRAIN);
	lacks(&s, "nobody has been told");
	step(&s, 1000, "", CLOSED, WAIT_GOES_ON,
		"warning: no HAProxy polls, so nobody has been told");
	step(&s, 1000, "", CLOSED, WAIT_GOES_ON, "nothing listens there");
	lacks(&s, "it has not settled yet");
	quiet(&s, 2, "", CLOSED);
	step(&s, 1999, "", CLOSED, WAIT_GOES_ON, "");
	step(&s, 1, "", CLOSED, WAIT_DONE, "");
	close_scene(&s);
}

static void nobody_polls_an_idle_one(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	order(&s, ORDER_DRAIN);
	step(&s, 1000, "", IDLE, WAIT_GOES_ON,
		"warning: no HAProxy polls, so nobody has been told");
	step(&s, 1000, "", IDLE, WAIT_GOES_ON, "0 requests running, 0 waiting");
	quiet(&s, 3, "", IDLE);
	step(&s, 1000, "", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

static void one_is_told_late(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	before(&s, 10, "12");
	order(&s, ORDER_DRAIN);
	step(&s, 1000, "1", IDLE, WAIT_GOES_ON,
		"0 requests running, 0 waiting");
	lacks(&s, "1 of 2 HAProxies told, not 192.0.2.2");
	quiet(&s, 1, "1", IDLE);
	step(&s, 1000, "12", IDLE, WAIT_GOES_ON, "delivered to 2 HAProxies");
	quiet(&s, 4, "12", IDLE);
	lacks(&s, "it has not settled yet");
	step(&s, 1000, "12", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

/* Five seconds from the delivery, however long it was idle before. */
static void idle_long_before(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	before(&s, 10, "1");
	order(&s, ORDER_DRAIN);
	step(&s, 0, "", IDLE, WAIT_GOES_ON, "0 requests running, 0 waiting");
	for (int i = 0; i < 6; i++)
		step(&s, 500, "", IDLE, WAIT_GOES_ON, "");
	lacks(&s, "0 of 1 HAProxies told, not 192.0.2.1");
	poll_as(&s, "1");
	step(&s, 0, "", IDLE, WAIT_GOES_ON, "delivered to 1 HAProxy");
	quiet(&s, 4, "1", IDLE);
	step(&s, 999, "1", IDLE, WAIT_GOES_ON, "");
	step(&s, 1, "1", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

static void one_falls_silent(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	before(&s, 10, "12");
	order(&s, ORDER_MAINT);
	step(&s, 1000, "1", CLOSED, WAIT_GOES_ON, "nothing listens there");
	quiet(&s, 2, "1", CLOSED);
	lacks(&s, "1 of 2 HAProxies told, not 192.0.2.2");
	step(&s, 1, "1", CLOSED, WAIT_GOES_ON,
		"delivered to 1 HAProxy; warning: 192.0.2.2 polls no more and "
		"has not been told");
	quiet(&s, 4, "1", CLOSED);
	step(&s, 1000, "1", CLOSED, WAIT_DONE, "");
	close_scene(&s);
}

/* Who was told before falling silent is no reason to warn. */
static void silent_but_told(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	before(&s, 5, "12");
	order(&s, ORDER_DRAIN);
	before(&s, 1, "2");
	before(&s, 5, "1");
	step(&s, 1000, "1", CLOSED, WAIT_GOES_ON, "delivered to 1 HAProxy");
	close_scene(&s);
}

static void all_fall_silent(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	before(&s, 5, "1");
	before(&s, 5, "");
	order(&s, ORDER_DRAIN);
	step(&s, 0, "", CLOSED, WAIT_GOES_ON,
		"warning: no HAProxy polls, so nobody has been told; warning: "
		"192.0.2.1 polls no more and has not been told");
	close_scene(&s);
}

/* Those of an earlier run may still come. */
static void known_from_an_earlier_run(void **state)
{
	struct poller was = { .interval_ms = 2000, .told = ANSWER_IN };
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	assert_int_equal(addr_host_parse(&was.host, "192.0.2.1"), 0);
	pollers_restore(&s.pollers, &was);
	order(&s, ORDER_DRAIN);
	step(&s, 0, "", CLOSED, WAIT_GOES_ON, "nothing listens there");
	quiet(&s, 6, "", CLOSED);
	step(&s, 1, "", CLOSED, WAIT_GOES_ON,
		"warning: no HAProxy polls, so nobody has been told; warning: "
		"192.0.2.1 polls no more and has not been told");
	close_scene(&s);
}

/* By health or weight, as with `down` and `ready = never`, will do too. */
static void told_without_drain(void **state)
{
	static const struct {
		enum order_kind kind;
		enum poller_policy policy;
	} rows[] = {
		{ ORDER_DOWN, POLLER_AUTO },
		{ ORDER_DOWN, POLLER_ALWAYS },
		{ ORDER_DOWN, POLLER_NEVER },
		{ ORDER_DRAIN, POLLER_NEVER },
		{ ORDER_MAINT, POLLER_NEVER },
		{ ORDER_MAINT, POLLER_ALWAYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scene s;

		open_scene(&s, WAIT_IDLE);
		s.policy = rows[i].policy;
		before(&s, 5, "1");
		order(&s, rows[i].kind);
		lacks(&s, "0 of 1 HAProxies told, not 192.0.2.1");
		step(&s, 1000, "1", CLOSED, WAIT_GOES_ON,
			"delivered to 1 HAProxy");
		close_scene(&s);
	}
}

/* A restored order, or a second one that waits: all were told long ago. */
static void told_already(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	order(&s, ORDER_DRAIN);
	before(&s, 60, "12");
	step(&s, 0, "", CLOSED, WAIT_GOES_ON, "delivered to 2 HAProxies");
	step(&s, 1000, "12", CLOSED, WAIT_GOES_ON, "nothing listens there");
	quiet(&s, 3, "12", CLOSED);
	step(&s, 1000, "12", CLOSED, WAIT_DONE, "");
	close_scene(&s);
}

/* --- into service --- */

static void a_start(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_SERVING);
	before(&s, 5, "12");
	measure(&s, VERDICT_FAIL);
	step(&s, 1000, "12", CLOSED, WAIT_GOES_ON, "measured: fail");
	lacks(&s, "it is fail");
	quiet(&s, 20, "12", CLOSED);
	measure(&s, VERDICT_DOWN);
	step(&s, 1000, "12", CLOSED, WAIT_GOES_ON, "measured: down");
	measure(&s, VERDICT_UP);
	step(&s, 1000, "1", NO_PROBE, WAIT_GOES_ON, "measured: up");
	lacks(&s, "1 of 2 HAProxies told, not 192.0.2.2");
	step(&s, 1000, "12", NO_PROBE, WAIT_DONE, "delivered to 2 HAProxies");
	close_scene(&s);
}

static void in_service_already(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_SERVING);
	before(&s, 5, "1");
	step(&s, 0, "", NO_PROBE, WAIT_GOES_ON, "measured: up");
	step(&s, 0, "", NO_PROBE, WAIT_DONE, "delivered to 1 HAProxy");
	close_scene(&s);
	open_scene(&s, WAIT_SERVING);
	step(&s, 0, "", NO_PROBE, WAIT_GOES_ON, "measured: up");
	step(&s, 0, "", NO_PROBE, WAIT_DONE,
		"warning: no HAProxy polls, so nobody has been told");
	close_scene(&s);
}

static void an_order_keeps_it_out(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_SERVING);
	before(&s, 5, "1");
	order(&s, ORDER_DRAIN);
	step(&s, 1000, "1", NO_PROBE, WAIT_GOES_ON,
		"measured: up, but an order keeps it out");
	lacks(&s, "it is up, and an order keeps it out");
	quiet(&s, 60, "1", NO_PROBE);
	order(&s, ORDER_NONE);
	step(&s, 1000, "", NO_PROBE, WAIT_GOES_ON, "measured: up");
	lacks(&s, "0 of 1 HAProxies told, not 192.0.2.1");
	step(&s, 1000, "1", NO_PROBE, WAIT_DONE, "delivered to 1 HAProxy");
	close_scene(&s);
}

/* --- given back --- */

static void released(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_RELEASED);
	order(&s, ORDER_DRAIN);
	before(&s, 5, "12");
	order(&s, ORDER_RELEASE);
	step(&s, 1000, "12", NO_PROBE, WAIT_GOES_ON,
		"telling 2 HAProxies for 30s");
	lacks(&s, "0 of 2 HAProxies have been told for 30s");
	quiet(&s, 30, "12", NO_PROBE);
	lacks(&s, "2 of 2 HAProxies have been told for 30s");
	s.released = true;
	step(&s, 1000, "12", NO_PROBE, WAIT_DONE, "");
	close_scene(&s);
	open_scene(&s, WAIT_RELEASED);
	order(&s, ORDER_RELEASE);
	step(&s, 1000, "", NO_PROBE, WAIT_GOES_ON,
		"warning: no HAProxy polls, so nobody can be told");
	quiet(&s, 30, "", NO_PROBE);
	s.released = true;
	step(&s, 1000, "", NO_PROBE, WAIT_DONE, "");
	close_scene(&s);
}

static void the_release_ends(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_RELEASED);
	before(&s, 5, "1");
	order(&s, ORDER_RELEASE);
	step(&s, 1000, "1", RUNNING, WAIT_GOES_ON, "telling 1 HAProxy for 30s");
	/* What runs there is no matter. */
	lacks(&s, "1 of 1 HAProxies have been told for 30s");
	order(&s, ORDER_NONE);
	step(&s, 1000, "1", NO_PROBE, WAIT_LOST, "the release has ended");
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_polls),
		cmocka_unit_test(nobody_polls_an_idle_one),
		cmocka_unit_test(one_is_told_late),
		cmocka_unit_test(idle_long_before),
		cmocka_unit_test(one_falls_silent),
		cmocka_unit_test(silent_but_told),
		cmocka_unit_test(all_fall_silent),
		cmocka_unit_test(known_from_an_earlier_run),
		cmocka_unit_test(told_without_drain),
		cmocka_unit_test(told_already),
		cmocka_unit_test(a_start),
		cmocka_unit_test(in_service_already),
		cmocka_unit_test(an_order_keeps_it_out),
		cmocka_unit_test(released),
		cmocka_unit_test(the_release_ends),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
