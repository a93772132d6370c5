/*
 * Connections that are held, of peers that go too far, and all of them closed
 * at each turn.
 */
#include "holder.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	PIECE = 100000,
	TOO_MUCH = 4 * SERVE_UNSENT_MAX,
	SWEEP_MAX = 20,
};

static char big[TOO_MUCH];

/* Who does not read what is sent to him is let go. */
static void test_peer_does_not_read(void **state)
{
	struct holder f;

	(void)state;
	holder_open_held(&f);
	for (size_t sent = 0; sent < TOO_MUCH; sent += PIECE)
		serve_write(f.conn, big, PIECE);
	assert_int_equal(f.gone, 0);
	holder_turn_until(&f, &f.gone, 1);
	holder_expect_none(&f);
	holder_close(&f);
}

static void write_too_much(struct serve_conn *c)
{
	serve_write(c, big, sizeof(big));
	serve_write(c, "end\n", 4); /* has no room */
}

static void test_too_much_in_the_callback(void **state)
{
	struct holder f;

	(void)state;
	holder_open(&f, SERVE_MORE);
	f.before_hold = write_too_much;
	holder_say(f.client, "x\n", 2);
	holder_turn_until(&f, &f.gone, 1);
	assert_int_equal(f.held, 1);
	holder_expect_none(&f);
	holder_close(&f);
}

/* A reply with a piece missing must not look whole. */
static void test_no_end_after_a_missing_piece(void **state)
{
	struct holder f;

	(void)state;
	holder_open_held(&f);
	write_too_much(f.conn);
	serve_write(f.conn, "end\n", 4);
	serve_finish(f.conn);
	holder_turn_often(&f);
	holder_expect_end(&f, SIZE_MAX);
	assert_true(f.got.len < sizeof(big));
	holder_expect_none(&f);
	assert_int_equal(f.gone, 0);
	holder_close(&f);
}

/* What comes while it is held is forgotten, up to a limit. */
static void test_peer_goes_on_talking(void **state)
{
	enum { STEP = 1024 };
	struct holder f;

	(void)state;
	holder_open_held(&f);
	for (size_t said = 0; said < SERVE_FORGET_MAX; said += STEP) {
		holder_say(f.client, big, STEP);
		holder_turn(&f);
	}
	holder_turn_often(&f);
	assert_int_equal(f.gone, 0);
	assert_int_equal(f.held, 1);
	holder_say(f.client, "x", 1);
	holder_turn_until(&f, &f.gone, 1);
	holder_expect_none(&f);
	holder_close(&f);
}

static void allow_files(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur >= n)
		return;
	limit.rlim_cur = n;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		fail_msg("this needs %lu files: raise ulimit -Hn",
			(unsigned long)n);
}

/* The oldest makes room, and who holds it hears so. */
static void test_one_too_many(void **state)
{
	static int clients[SERVE_CONNECTIONS_MAX];
	const struct serve_conn *first = NULL;
	struct holder f;

	(void)state;
	allow_files(2 * SERVE_CONNECTIONS_MAX + 100);
	holder_open(&f, SERVE_OPENED);
	for (size_t i = 0; i < SERVE_CONNECTIONS_MAX; i++) {
		holder_turn_until(&f, &f.held, i + 1);
		assert_int_equal(f.gone, 0);
		first = i == 0 ? f.conn : first;
		clients[i] = holder_connect(&f);
	}
	holder_turn_until(&f, &f.gone, 1);
	assert_ptr_not_equal(f.conn, first);
	holder_expect_end(&f, SIZE_MAX);
	for (size_t i = 0; i < SERVE_CONNECTIONS_MAX; i++)
		close(clients[i]);
	holder_close(&f);
}

/* --- closing at each turn --- */

typedef void (*act_fn)(struct holder *f);

static void act_write(struct holder *f)
{
	serve_write(f->conn, "ok\n", 3);
}

static void act_write_much(struct holder *f)
{
	for (int i = 0; i < 10; i++)
		serve_write(f->conn, big, PIECE);
}

static void act_write_too_much(struct holder *f)
{
	write_too_much(f->conn);
}

static void act_finish(struct holder *f)
{
	act_write(f);
	serve_finish(f->conn);
}

static void act_finish_much(struct holder *f)
{
	act_write_much(f);
	serve_finish(f->conn);
}

static void act_leave_and_write(struct holder *f)
{
	holder_leave(f);
	act_write(f);
}

static void act_leave_and_finish(struct holder *f)
{
	holder_leave(f);
	act_finish(f);
}

static const act_fn acts[] = { act_write, act_write_much, act_write_too_much,
	act_finish, act_finish_much, act_leave_and_write,
	act_leave_and_finish };

static void close_after(act_fn act, int turns)
{
	struct holder f;

	holder_open(&f, SERVE_MORE);
	holder_say(f.client, "monitor\n", 8);
	for (int i = 0; i < turns; i++) {
		bool waiting = f.held == 0;

		holder_turn(&f);
		if (waiting && f.held > 0)
			act(&f);
	}
	holder_close_serve(&f);
	holder_close(&f);
}

/* After serve_close() nobody hears anything: the callback looks. */
static void test_close_sweep(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		for (int turns = 0; turns < SWEEP_MAX; turns++)
			close_after(acts[i], turns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer_does_not_read),
		cmocka_unit_test(test_too_much_in_the_callback),
		cmocka_unit_test(test_no_end_after_a_missing_piece),
		cmocka_unit_test(test_peer_goes_on_talking),
		cmocka_unit_test(test_one_too_many),
		cmocka_unit_test(test_close_sweep),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests_name(
		"serve_held_limits", tests, NULL, NULL);
}
