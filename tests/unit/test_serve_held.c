/* Connections that are held: the reply comes later, in pieces. */
#include "holder.h"

#include <signal.h>
#include <sys/socket.h>

enum { PIECE = 100000 };

static char big[PIECE];

static void test_reply_in_pieces(void **state)
{
	struct holder f;

	(void)state;
	holder_open_held(&f);
	holder_turn_often(&f);
	holder_listen(&f, SIZE_MAX);
	assert_int_equal(f.got.len, 0);
	assert_false(f.ended);
	serve_write(f.conn, "ok\n", 3);
	holder_expect(&f, "ok\n");
	serve_write(f.conn, "a", 1);
	serve_write(f.conn, "", 0);
	serve_write(f.conn, "b\n", 2);
	holder_expect(&f, "ok\nab\n");
	holder_turn_often(&f);
	holder_listen(&f, SIZE_MAX);
	assert_false(f.ended);
	serve_write(f.conn, "end\n", 4);
	serve_finish(f.conn);
	holder_expect_end(&f, SIZE_MAX);
	holder_expect(&f, "ok\nab\nend\n");
	holder_leave(&f);
	holder_expect_none(&f);
	assert_int_equal(f.gone, 0);
	holder_close(&f);
}

static void on_handle(uv_handle_t *h, void *arg)
{
	const struct holder *f = arg;

	if (h->type == UV_TIMER && (uv_timer_t *)h != &f->ticker)
		assert_false(uv_is_active(h));
}

/* Who is held need not hurry, whenever it was that he was. */
static void test_no_deadline(void **state)
{
	static const enum serve_event on[] = { SERVE_OPENED, SERVE_MORE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct holder f;

		holder_open(&f, on[i]);
		holder_say(f.client, "monitor\n", 8);
		holder_turn_until(&f, &f.held, 1);
		holder_turn_often(&f);
		uv_walk(&f.loop, on_handle, &f);
		serve_write(f.conn, "ok\n", 3);
		serve_finish(f.conn);
		holder_expect_end(&f, SIZE_MAX);
		holder_expect(&f, "ok\n");
		holder_close(&f);
	}
}

/* More than the socket holds, to a client that takes its time. */
static void test_long_reply(void **state)
{
	struct holder f;

	(void)state;
	holder_open_held(&f);
	for (int i = 0; i < 10; i++) {
		memset(big, 'a' + i, PIECE);
		serve_write(f.conn, big, PIECE);
	}
	serve_finish(f.conn);
	holder_expect_end(&f, 30000);
	assert_int_equal(f.got.len, 10 * PIECE);
	for (size_t i = 0; i < f.got.len; i++)
		if (f.got.data[i] != 'a' + (int)(i / PIECE))
			fail_msg("byte %zu is '%c'", i, f.got.data[i]);
	holder_close(&f);
}

/* Who has shut his side only does not speak any more. */
static void test_peer_shuts_its_side(void **state)
{
	struct holder f;

	(void)state;
	holder_open_held(&f);
	assert_int_equal(shutdown(f.client, SHUT_WR), 0);
	holder_turn_often(&f);
	assert_int_equal(f.gone, 0);
	serve_write(f.conn, "ok\n", 3);
	serve_finish(f.conn);
	holder_expect_end(&f, SIZE_MAX);
	holder_expect(&f, "ok\n");
	holder_expect_none(&f);
	assert_int_equal(f.gone, 0);
	holder_close(&f);
}

static void test_peer_leaves(void **state)
{
	struct holder f;

	(void)state;
	for (int shuts_first = 0; shuts_first <= 1; shuts_first++) {
		holder_open_held(&f);
		if (shuts_first) {
			assert_int_equal(shutdown(f.client, SHUT_WR), 0);
			holder_turn_often(&f);
			assert_int_equal(f.gone, 0);
		}
		holder_leave(&f);
		holder_turn_until(&f, &f.gone, 1);
		holder_expect_none(&f);
		assert_int_equal(f.gone, 1);
		holder_close(&f);
	}
}

/* That is noticed once, whatever notices it first. */
static void test_peer_leaves_and_is_told(void **state)
{
	struct serve_conn *c;
	struct holder f;

	(void)state;
	holder_open_held(&f);
	holder_leave(&f);
	c = f.conn;
	serve_write(c, "a", 1);
	serve_write(c, "b", 1);
	assert_int_equal(f.gone, 0); /* not from inside */
	holder_turn_until(&f, &f.gone, 1);
	holder_expect_none(&f);
	assert_int_equal(f.gone, 1);
	holder_close(&f);
}

/* Whoever leaves after the end is not missed. */
static void test_peer_leaves_after_the_end(void **state)
{
	struct holder f;

	(void)state;
	for (int writes = 0; writes <= 1; writes++) {
		holder_open_held(&f);
		holder_leave(&f);
		if (writes > 0)
			serve_write(f.conn, "ok\n", 3);
		serve_finish(f.conn);
		holder_expect_none(&f);
		assert_int_equal(f.gone, 0);
		holder_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_in_pieces),
		cmocka_unit_test(test_no_deadline),
		cmocka_unit_test(test_long_reply),
		cmocka_unit_test(test_peer_shuts_its_side),
		cmocka_unit_test(test_peer_leaves),
		cmocka_unit_test(test_peer_leaves_and_is_told),
		cmocka_unit_test(test_peer_leaves_after_the_end),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests_name("serve_held", tests, NULL, NULL);
}
