/*
 * Connections beyond the limit, replies that the kernel does not take at once,
 * peers that do not leave, and lines that are unread when the reply is sent.
 */
#include "t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "hasten.h"
#include "peer.h"
#include "serve.h"

enum {
	TURNS_MAX = 20000, /* of at most a millisecond each */
	PATIENCE_MS = 60000,
	BIG = 8 * 1024 * 1024, /* more than both socket buffers hold */
};

static char big[BIG];

struct fix {
	uv_loop_t loop;
	uv_timer_t ticker; /* so that no turn waits for long */
	struct serve *serve;
	struct sockaddr_storage at;
	enum serve_event reply_on;
	const char *reply;
	size_t reply_len;
	size_t opened, replied;
	const char *from; /* of who talks; NULL: the kernel chooses */
};

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	struct fix *f = arg;

	f->opened += r->event == SERVE_OPENED;
	if (f->reply == NULL || r->event != f->reply_on)
		return SERVE_WAIT;
	f->replied++;
	r->reply = f->reply;
	r->reply_len = f->reply_len;
	return SERVE_REPLY;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void loop_open(uv_loop_t *loop, uv_timer_t *ticker)
{
	assert_int_equal(uv_loop_init(loop), 0);
	assert_int_equal(uv_timer_init(loop, ticker), 0);
	uv_timer_start(ticker, on_tick, 1, 1);
}

static void start(struct fix *f, const char *reply, size_t len)
{
	struct sockaddr_in any;

	*f = (struct fix){
		.reply_on = SERVE_MORE, .reply = reply, .reply_len = len
	};
	hasten_those_of(SERVE_LINGER_MS);
	loop_open(&f->loop, &f->ticker);
	uv_ip4_addr("127.0.0.1", 0, &any);
	assert_int_equal(
		serve_open(&f->serve, &f->loop, (struct sockaddr *)&any,
			PATIENCE_MS, on_request, f),
		0);
	assert_int_equal(serve_address(f->serve, &f->at), 0);
}

static void stop(struct fix *f)
{
	serve_close(f->serve);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	t_loop_close(&f->loop);
}

static void talk(struct fix *f, struct peer *p, enum peer_way way)
{
	*p = (struct peer){
		.way = way, .text = "puppet1\n", .len = 8, .from = f->from
	};
	peer_open(p, &f->loop, (struct sockaddr *)&f->at);
}

static void run_until_connections(struct fix *f, size_t n)
{
	for (int i = 0; serve_connections(f->serve) != n; i++) {
		assert_true(i < TURNS_MAX);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

static void run_until_count(struct fix *f, const size_t *count, size_t n)
{
	for (int i = 0; *count < n; i++) {
		assert_true(i < TURNS_MAX);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
	assert_int_equal(*count, n);
}

/* --- many connections ----------------------------------------------------- */

enum { ONE_BY_ONE = 5, AT_ONCE = 20, PEERS = SERVE_CONNECTIONS_MAX + 25 };

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

/* Whoever waits longest is closed, without a byte, and nobody else. */
static void test_the_oldest_makes_room(void **state)
{
	struct peer *peers = calloc(PEERS, sizeof(*peers));
	struct fix f;
	size_t n = 0;

	(void)state;
	assert_non_null(peers);
	allow_files(2 * PEERS + 100);
	start(&f, NULL, 0);
	for (; n < SERVE_CONNECTIONS_MAX + ONE_BY_ONE; n++) {
		assert_int_equal(f.opened, n);
		talk(&f, &peers[n], PEER_TALKS);
		run_until_count(&f, &f.opened, n + 1);
		if (n >= SERVE_CONNECTIONS_MAX)
			t_run_until(&f.loop,
				&peers[n - SERVE_CONNECTIONS_MAX].done,
				TURNS_MAX);
	}
	for (; n < PEERS; n++)
		talk(&f, &peers[n], PEER_TALKS);
	run_until_count(&f, &f.opened, PEERS);
	for (size_t i = 0; i < PEERS - SERVE_CONNECTIONS_MAX; i++) {
		t_run_until(&f.loop, &peers[i].done, TURNS_MAX);
		assert_int_equal(peers[i].end, UV_EOF);
		assert_int_equal(peers[i].got.len, 0);
	}
	run_until_connections(&f, SERVE_CONNECTIONS_MAX);
	for (size_t i = PEERS - SERVE_CONNECTIONS_MAX; i < PEERS; i++) {
		assert_false(peers[i].done);
		peer_close(&peers[i]);
	}
	run_until_connections(&f, 0);
	stop(&f);
	for (size_t i = 0; i < PEERS; i++)
		peer_free(&peers[i]);
	free(peers);
}

/* --- big replies ---------------------------------------------------------- */

static void expect_big(const struct peer *p)
{
	assert_int_equal(p->end, UV_EOF);
	assert_int_equal(p->got.len, BIG);
	assert_memory_equal(p->got.data, big, BIG);
}

static void test_big_reply(void **state)
{
	struct peer p;
	struct fix f;

	(void)state;
	start(&f, big, BIG);
	talk(&f, &p, PEER_HOLDS);
	run_until_count(&f, &f.replied, 1);
	for (int i = 0; i < 10; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(serve_connections(f.serve), 1);
	peer_read(&p);
	t_run_until(&f.loop, &p.done, TURNS_MAX);
	expect_big(&p);
	run_until_connections(&f, 0);
	stop(&f);
	peer_free(&p);
}

/* The peer has said that it's done while the reply is on its way. */
static void test_big_reply_to_who_has_ended(void **state)
{
	static const enum serve_event replied_on[] = { SERVE_OPENED, SERVE_MORE,
		SERVE_ENDED };
	struct peer p;
	struct fix f;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		start(&f, big, BIG);
		f.reply_on = replied_on[i];
		talk(&f, &p, PEER_HOLDS);
		run_until_count(&f, &f.opened, 1);
		while (p.sent < p.len)
			uv_run(&f.loop, UV_RUN_ONCE);
		if (f.reply_on == SERVE_MORE)
			run_until_count(&f, &f.replied, 1);
		peer_shut(&p);
		run_until_count(&f, &f.replied, 1);
		for (int k = 0; k < 10; k++)
			uv_run(&f.loop, UV_RUN_ONCE);
		peer_read(&p);
		t_run_until(&f.loop, &p.done, TURNS_MAX);
		expect_big(&p);
		run_until_connections(&f, 0);
		stop(&f);
		peer_free(&p);
	}
}

/* Many who take nothing: some are cut off, but of no source all. */
static void test_big_replies_are_bounded(void **state)
{
	enum { SOURCES = 4, EACH = 14, PEERS_N = SOURCES * EACH };
	struct peer peers[PEERS_N];
	size_t whole[SOURCES] = { 0 };
	char from[16];
	struct fix f;

	(void)state;
	start(&f, big, BIG);
	f.from = from;
	for (size_t i = 0; i < PEERS_N; i++) {
		snprintf(from, sizeof(from), "127.0.0.%zu", 2 + i / EACH);
		talk(&f, &peers[i], PEER_HOLDS);
		run_until_count(&f, &f.replied, i + 1);
	}
	for (size_t i = 0; i < PEERS_N; i++) {
		peer_read(&peers[i]);
		t_run_until(&f.loop, &peers[i].done, TURNS_MAX);
		whole[i / EACH] += peers[i].got.len == BIG;
		peer_close(&peers[i]);
	}
	run_until_connections(&f, 0);
	stop(&f);
	for (size_t i = 0; i < PEERS_N; i++)
		peer_free(&peers[i]);
	for (size_t i = 0; i < SOURCES; i++)
		assert_in_range(whole[i], 1, EACH - 1);
}

static void test_big_reply_close_sweep(void **state)
{
	static const enum peer_way ways[] = { PEER_TALKS, PEER_ENDS, PEER_HOLDS,
		PEER_HANGUP, PEER_RESET, PEER_FLOODS };

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		for (int turns = 0; turns < 12; turns++) {
			struct peer p;
			struct fix f;

			start(&f, big, BIG);
			talk(&f, &p, ways[i]);
			for (int k = 0; k < turns; k++)
				uv_run(&f.loop, UV_RUN_ONCE);
			peer_close(&p);
			stop(&f);
			peer_free(&p);
		}
	}
}

/* --- peers that don't leave ----------------------------------------------- */

static void test_linger(void **state)
{
	struct peer p;
	struct fix f;

	(void)state;
	start(&f, "up\n", 3);
	talk(&f, &p, PEER_HOLDS);
	run_until_count(&f, &f.replied, 1);
	for (int i = 0; i < 10; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(serve_connections(f.serve), 1);
	hasten();
	run_until_connections(&f, 0);
	peer_read(&p);
	t_run_until(&f.loop, &p.done, TURNS_MAX);
	assert_int_equal(p.end, UV_EOF);
	assert_true(peer_got(&p, "up\n"));
	stop(&f);
	peer_free(&p);
}

/* Time runs out for one who doesn't take his reply, too. */
static void test_linger_ends_a_big_reply(void **state)
{
	struct peer p;
	struct fix f;

	(void)state;
	start(&f, big, BIG);
	hasten_those_of(SERVE_FETCH_MS);
	talk(&f, &p, PEER_HOLDS);
	run_until_count(&f, &f.replied, 1);
	hasten();
	run_until_connections(&f, 0);
	peer_read(&p);
	t_run_until(&f.loop, &p.done, TURNS_MAX);
	assert_true(p.got.len < BIG);
	stop(&f);
	peer_free(&p);
}

/* --- unread lines --------------------------------------------------------- */

enum { ROUNDS = 10, ABREAST = 50 };

/*
 * The peers have a loop of their own, so that each line stands in its socket
 * before the server accepts: a plain close() would then send RST.
 */
static void lose_none(struct fix *f, uv_loop_t *theirs)
{
	struct peer peers[ABREAST];

	for (size_t i = 0; i < ABREAST; i++) {
		peers[i] = (struct peer){
			.way = PEER_TALKS, .text = "puppet1\n", .len = 8
		};
		peer_open(&peers[i], theirs, (struct sockaddr *)&f->at);
	}
	for (size_t i = 0; i < ABREAST; i++)
		while (peers[i].sent < peers[i].len)
			uv_run(theirs, UV_RUN_ONCE);
	run_until_count(f, &f->replied, f->replied + ABREAST);
	for (size_t i = 0; i < ABREAST; i++) {
		for (int k = 0; !peers[i].done || !peers[i].closed; k++) {
			assert_true(k < TURNS_MAX);
			uv_run(theirs, UV_RUN_ONCE);
			uv_run(&f->loop, UV_RUN_NOWAIT);
		}
		assert_int_equal(peers[i].end, UV_EOF);
		assert_true(peer_got(&peers[i], "up\n"));
		peer_free(&peers[i]);
	}
	run_until_connections(f, 0);
}

static void test_no_reply_is_lost(void **state)
{
	uv_timer_t ticker;
	uv_loop_t theirs;
	struct fix f;

	(void)state;
	start(&f, "up\n", 3);
	f.reply_on = SERVE_OPENED;
	loop_open(&theirs, &ticker);
	for (int i = 0; i < ROUNDS; i++)
		lose_none(&f, &theirs);
	uv_close((uv_handle_t *)&ticker, NULL);
	t_loop_close(&theirs);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_oldest_makes_room),
		cmocka_unit_test(test_big_reply),
		cmocka_unit_test(test_big_reply_to_who_has_ended),
		cmocka_unit_test(test_big_replies_are_bounded),
		cmocka_unit_test(test_big_reply_close_sweep),
		cmocka_unit_test(test_linger),
		cmocka_unit_test(test_linger_ends_a_big_reply),
		cmocka_unit_test(test_no_reply_is_lost),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 31 >> 7);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
