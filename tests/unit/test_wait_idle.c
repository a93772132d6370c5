/* Whether it is idle, once all have been told to keep away from it. */
#include "wait_scene.h"

/* Delivered, and a look at what runs. */
static void open_delivered(struct scene *s, enum found found, const char *says)
{
	open_scene(s, WAIT_IDLE);
	before(s, 5, "1");
	order(s, ORDER_DRAIN);
	step(s, 1000, "1", found, WAIT_GOES_ON, "delivered to 1 HAProxy");
	step(s, 1000, "1", found, WAIT_GOES_ON, says);
}

static void busy_then_idle(void **state)
{
	struct scene s;

	(void)state;
	open_delivered(&s, QUEUE, "1 request running, 2 waiting");
	lacks(&s, "1 request running, 2 waiting");
	quiet(&s, 10, "1", QUEUE);
	step(&s, 1000, "1", RUNNING, WAIT_GOES_ON,
		"1 request running, 0 waiting");
	lacks(&s, "1 request running, 0 waiting");
	step(&s, 1000, "1", IDLE, WAIT_GOES_ON,
		"0 requests running, 0 waiting");
	quiet(&s, 4, "1", IDLE);
	step(&s, 999, "1", IDLE, WAIT_GOES_ON, "");
	step(&s, 1, "1", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

static void busy_again(void **state)
{
	struct scene s;

	(void)state;
	open_delivered(&s, IDLE, "0 requests running, 0 waiting");
	quiet(&s, 3, "1", IDLE);
	step(&s, 999, "1", RUNNING, WAIT_GOES_ON,
		"1 request running, 0 waiting");
	step(&s, 1000, "1", IDLE, WAIT_GOES_ON,
		"0 requests running, 0 waiting");
	quiet(&s, 4, "1", IDLE);
	step(&s, 1000, "1", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

/* One that came and went between two probes: only its counter tells. */
static void busy_unseen(void **state)
{
	struct scene s;

	(void)state;
	open_delivered(&s, IDLE, "0 requests running, 0 waiting");
	quiet(&s, 3, "1", IDLE);
	s.borrows++;
	quiet(&s, 6, "1", IDLE);
	step(&s, 1000, "1", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

/* What was seen before the delivery says nothing of the time after it. */
static void no_probe_since_the_delivery(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	before(&s, 5, "1");
	order(&s, ORDER_DRAIN);
	for (int i = 0; i <= 6; i++) {
		s.now.ms += 1000;
		probe(&s, IDLE);
	}
	poll_as(&s, "1");
	step(&s, 1, "", NO_PROBE, WAIT_GOES_ON, "delivered to 1 HAProxy");
	step(&s, 1000, "1", NO_PROBE, WAIT_GOES_ON,
		"0 requests running, 0 waiting");
	quiet(&s, 60, "1", NO_PROBE);
	step(&s, 1000, "1", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

/* Twice seen to be idle, and five seconds between. */
static void one_probe_is_not_enough(void **state)
{
	struct scene s;

	(void)state;
	open_delivered(&s, RUNNING, "1 request running, 0 waiting");
	step(&s, 1000, "1", IDLE, WAIT_GOES_ON,
		"0 requests running, 0 waiting");
	quiet(&s, 60, "1", NO_PROBE);
	step(&s, 1000, "1", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

static void slow_since_the_delivery(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	before(&s, 5, "1");
	order(&s, ORDER_DRAIN);
	for (int i = 0; i <= 6; i++) {
		s.now.ms += 1000;
		probe(&s, IDLE);
	}
	poll_as(&s, "1");
	step(&s, 0, "", NO_PROBE, WAIT_GOES_ON, "delivered to 1 HAProxy");
	step(&s, 1000, "1", NO_PROBE, WAIT_GOES_ON,
		"0 requests running, 0 waiting");
	quiet(&s, 60, "1", SLOW);
	close_scene(&s);
}

static void too_slow_for_figures(void **state)
{
	struct scene s;

	(void)state;
	open_delivered(&s, SLOW, "");
	quiet(&s, 120, "1", SLOW);
	step(&s, 1000, "1", IDLE, WAIT_GOES_ON,
		"0 requests running, 0 waiting");
	quiet(&s, 4, "1", IDLE);
	step(&s, 1000, "1", IDLE, WAIT_DONE, "");
	close_scene(&s);
}

static void no_figures_ever(void **state)
{
	struct scene s;

	(void)state;
	open_delivered(&s, NO_FIGURES, "");
	step(&s, 1000, "1", NO_FIGURES, WAIT_GOES_ON,
		"no JRuby figures to be had, so whether it is idle "
		"can't be seen: waiting 30s instead");
	quiet(&s, 29, "1", NO_FIGURES);
	lacks(&s, "it has not settled yet");
	step(&s, 999, "1", NO_FIGURES, WAIT_GOES_ON, "");
	step(&s, 1, "1", NO_FIGURES, WAIT_DONE, "");
	close_scene(&s);
}

/* Blindness that was seen before is no reason to count from then. */
static void blind_before_the_delivery(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	s.rules.blind_ms = 10000;
	before(&s, 5, "1");
	order(&s, ORDER_DRAIN);
	for (int i = 0; i < 3; i++)
		probe(&s, NO_FIGURES);
	step(&s, 0, "", NO_PROBE, WAIT_GOES_ON,
		"no JRuby figures to be had, so whether it is idle "
		"can't be seen: waiting 10s instead");
	quiet(&s, 2, "", NO_FIGURES);
	step(&s, 1000, "1", NO_FIGURES, WAIT_GOES_ON, "delivered to 1 HAProxy");
	quiet(&s, 9, "1", NO_FIGURES);
	step(&s, 1000, "1", NO_FIGURES, WAIT_DONE, "");
	close_scene(&s);
}

static void figures_come_back(void **state)
{
	struct scene s;

	(void)state;
	open_delivered(&s, NO_FIGURES, "");
	step(&s, 1000, "1", NO_FIGURES, WAIT_GOES_ON,
		"no JRuby figures to be had, so whether it is idle "
		"can't be seen: waiting 30s instead");
	step(&s, 1000, "1", RUNNING, WAIT_GOES_ON,
		"1 request running, 0 waiting");
	quiet(&s, 60, "1", RUNNING);
	step(&s, 1000, "1", CLOSED, WAIT_DONE, "nothing listens there");
	close_scene(&s);
}

static void nothing_is_known(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	order(&s, ORDER_DRAIN);
	step(&s, 1000, "", NO_PROBE, WAIT_GOES_ON,
		"warning: no HAProxy polls, so nobody has been told");
	quiet(&s, 3600, "", NO_PROBE);
	lacks(&s, "it has not been idle for 5s");
	close_scene(&s);
}

static void the_order_ends(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, WAIT_IDLE);
	step(&s, 1000, "1", IDLE, WAIT_LOST,
		"no order keeps it out of service: drain it first");
	close_scene(&s);
	open_delivered(&s, RUNNING, "1 request running, 0 waiting");
	order(&s, ORDER_NONE);
	step(&s, 1000, "1", RUNNING, WAIT_LOST,
		"no order keeps it out of service any more");
	close_scene(&s);
	open_scene(&s, WAIT_IDLE);
	measure(&s, VERDICT_FAIL);
	step(&s, 1000, "1", CLOSED, WAIT_LOST,
		"no order keeps it out of service: drain it first");
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_then_idle),
		cmocka_unit_test(busy_again),
		cmocka_unit_test(busy_unseen),
		cmocka_unit_test(no_probe_since_the_delivery),
		cmocka_unit_test(one_probe_is_not_enough),
		cmocka_unit_test(slow_since_the_delivery),
		cmocka_unit_test(too_slow_for_figures),
		cmocka_unit_test(no_figures_ever),
		cmocka_unit_test(blind_before_the_delivery),
		cmocka_unit_test(figures_come_back),
		cmocka_unit_test(nothing_is_known),
		cmocka_unit_test(the_order_ends),
	};

	return cmocka_run_group_tests_name("wait idle", tests, NULL, NULL);
}
