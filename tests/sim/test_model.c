/*
 * The simulator's own parts: HAProxy's arithmetic and Puppet Server's queue.
 */
#include "../unit/t.h"

#include <stdlib.h>

#include "balancer.h"
#include "farm.h"

enum { TURNS = 12000 };

/* Its hash; far from the numbers that the ring itself hashes. */
static uint32_t agent(uint32_t i)
{
	return ring_hash(0x80000000 + i);
}

/* How many of TURNS new connections, each from another agent, a server got. */
static void share_out(struct balancer *b, unsigned *got)
{
	memset(got, 0, b->n * sizeof(*got));
	for (uint32_t i = 0; i < TURNS; i++) {
		int server = balancer_pick(b, agent(i), -1);

		assert_true(server >= 0);
		got[server]++;
	}
}

static void near(unsigned got, unsigned want, unsigned off)
{
	assert_in_range(got, want - off, want + off);
}

static void test_roundrobin(void **state)
{
	const unsigned weights[] = { 100, 100, 200 };
	struct balancer b;
	unsigned got[3];

	(void)state;
	balancer_open(&b, BALANCE_ROUNDROBIN, weights, 3);
	share_out(&b, got);
	near(got[2], TURNS / 2, 1);
	balancer_reply(&b, 2, "up 50% # load\n");
	share_out(&b, got);
	near(got[2], TURNS / 3, 1);
	balancer_reply(&b, 0, "fail 100% # connection refused\n");
	share_out(&b, got);
	assert_int_equal(got[0], 0);
	near(got[1], TURNS / 2, 1);
	balancer_reply(&b, 0, "up 100%\n");
	share_out(&b, got);
	near(got[0], TURNS / 3, 1);
	balancer_free(&b);
}

/* The trap of small weights: 1% of 32 is none. */
static void test_percentages_are_cut(void **state)
{
	const unsigned weights[] = { 32, 256 };
	struct balancer b;

	(void)state;
	balancer_open(&b, BALANCE_ROUNDROBIN, weights, 2);
	balancer_reply(&b, 0, "up 50%\n");
	assert_int_equal(b.weights[0], 16);
	balancer_reply(&b, 0, "up 4%\n");
	assert_int_equal(b.weights[0], 1);
	balancer_reply(&b, 0, "up 1%\n");
	assert_int_equal(b.weights[0], 0);
	balancer_reply(&b, 0, "# no verdict yet\n");
	assert_int_equal(b.weights[0], 0);
	assert_int_equal(b.sum, 256);
	balancer_free(&b);
}

/* Who was not at the server whose weight falls stays where he was. */
static void test_source(void **state)
{
	const unsigned weights[] = { 100, 100, 200 };
	struct balancer b;
	unsigned got[3], left = 0;

	(void)state;
	balancer_open(&b, BALANCE_SOURCE, weights, 3);
	share_out(&b, got);
	near(got[2], TURNS / 2, TURNS / 20);
	balancer_reply(&b, 2, "up 50%\n");
	for (uint32_t i = 0; i < TURNS; i++) {
		int home = balancer_home(&b, agent(i));
		int now = balancer_pick(&b, agent(i), -1);

		if (home != 2)
			assert_int_equal(now, home);
		else if (now != 2)
			left++;
	}
	near(left, TURNS / 6, TURNS / 20);
	for (unsigned i = 0; i < 3; i++)
		balancer_reply(&b, i, "down 100%\n");
	assert_int_equal(balancer_pick(&b, 1, -1), -1);
	balancer_free(&b);
}

static void test_leastconn(void **state)
{
	const unsigned weights[] = { 100, 300 };
	struct balancer b;

	(void)state;
	balancer_open(&b, BALANCE_LEASTCONN, weights, 2);
	for (unsigned i = 0; i < 400; i++)
		balancer_connected(&b, (unsigned)balancer_pick(&b, 0, -1));
	near(b.targets[0].conns, 100, 1);
	assert_int_equal(balancer_pick(&b, 0, 0), 1);
	assert_int_equal(balancer_pick(&b, 0, 1), 0);
	balancer_free(&b);
}

static void test_queue(void **state)
{
	struct server s = { .jrubies = 2, .slow = FARM_NORMAL, .open = true };
	struct place place;
	struct jruby j;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_true(server_queue(&s, i, 1000 + i));
	assert_true(server_lend(&s, &place, 2000));
	assert_true(server_lend(&s, &place, 2000));
	assert_int_equal(place.request, 1);
	assert_false(server_lend(&s, &place, 2000));
	server_figures(&s, &j, 3000);
	assert_int_equal(j.jrubies, 2);
	assert_int_equal(j.free, 0);
	assert_int_equal(j.borrowed, 2);
	assert_int_equal(j.waiting, 98);
	assert_int_equal(j.oldest_waiter_ms, 1998);
	s.locked = true;
	server_give_back(&s);
	assert_false(server_lend(&s, &place, 3000));
	server_figures(&s, &j, 3000);
	assert_int_equal(j.free, 1);
	s.queue_limit = 98;
	assert_false(server_queue(&s, 100, 3000));
	server_figures(&s, &j, 3000);
	assert_int_equal(j.queue_limit_hits, 1);
	free(s.places);
}

/* The status page answers until more are there than Jetty has threads. */
static void test_threads(void **state)
{
	struct server s = { .jrubies = 1, .slow = FARM_NORMAL, .open = true };
	struct jruby j;

	(void)state;
	for (uint32_t i = 0; i < FARM_THREADS - 1; i++)
		server_queue(&s, i, 1000);
	assert_int_equal(server_ahead(&s), 0);
	for (uint32_t i = 0; i < 11; i++)
		server_queue(&s, i, 1000);
	assert_int_equal(server_ahead(&s), 11);
	server_figures(&s, &j, 1000);
	assert_int_equal(j.waiting, FARM_THREADS);
	free(s.places);
}

static void test_comes_back(void **state)
{
	struct server s = { .jrubies = 4, .slow = FARM_NORMAL, .open = true };
	struct jruby j;

	(void)state;
	assert_int_equal(server_takes_ms(&s, 100, 1000), 100);
	server_end(&s);
	server_start(&s, 100000);
	server_figures(&s, &j, 100000);
	assert_int_equal(j.free, 1);
	assert_int_equal(server_takes_ms(&s, 100, 100000), 100 * FARM_COLD);
	server_figures(&s, &j, 100000 + 2 * FARM_BUILD_MS);
	assert_int_equal(j.free, 3);
	assert_int_equal(server_takes_ms(&s, 100, 100000 + FARM_WARM_MS), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roundrobin),
		cmocka_unit_test(test_percentages_are_cut),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_leastconn),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
