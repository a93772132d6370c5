/*
 * Each row is a peer and what the callback does; it is run with the peer's
 * text in pieces of several sizes, to its end and closed at each turn before.
 */
#include "t.h"

#include <signal.h>
#include <stdio.h>

#include "hasten.h"
#include "peer.h"
#include "serve.h"

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X600 X100 X100 X100 X100 X100 X100

enum {
	TURNS_MAX = 20000, /* of at most a millisecond each */
	SWEEP_MAX = 150,
	PIECES_MAX = 100,
	PATIENCE_MS = 60000,
	ANY_END = 1,
};

static const struct row {
	const char *name;
	enum peer_way way;
	const char *text;
	/* WAIT where not set; for SERVE_MORE once there is a newline. */
	enum serve_next on[SERVE_LATE + 1];
	const char *events; /* but SERVE_MORE; NULL: any */
	const char *got;    /* NULL: anything */
	int end;
} rows[] = {
	{ "reply on accept", PEER_TALKS, "", { [SERVE_OPENED] = SERVE_REPLY },
		"O", "O0\n", UV_EOF },
	{ "reply on accept, and a line comes", PEER_TALKS, "puppet1\n",
		{ [SERVE_OPENED] = SERVE_REPLY }, "O", "O0\n", UV_EOF },
	{ "reply on accept, and much comes", PEER_TALKS, X600,
		{ [SERVE_OPENED] = SERVE_REPLY }, "O", "O0\n", UV_EOF },
	{ "reply on accept, a line comes and an end", PEER_ENDS, "puppet1\n",
		{ [SERVE_OPENED] = SERVE_REPLY }, "O", "O0\n", UV_EOF },
	{ "reply to a line", PEER_TALKS, "puppet1\n",
		{ [SERVE_MORE] = SERVE_REPLY }, "O", "M8\n", UV_EOF },
	{ "reply to a line and an end", PEER_ENDS, "puppet1\n",
		{ [SERVE_MORE] = SERVE_REPLY }, "O", "M8\n", UV_EOF },
	{ "full", PEER_TALKS, X600, { [SERVE_FULL] = SERVE_REPLY }, "OF",
		"F512\n", UV_EOF },
	{ "full, and an end", PEER_ENDS, X600, { [SERVE_FULL] = SERVE_REPLY },
		"OF", "F512\n", UV_EOF },
	{ "full, no reply", PEER_TALKS, X600, { 0 }, "OF", "", ANY_END },
	{ "ended", PEER_ENDS, "puppet1", { [SERVE_ENDED] = SERVE_REPLY }, "OE",
		"E7\n", UV_EOF },
	{ "ended at once", PEER_ENDS, "", { [SERVE_ENDED] = SERVE_REPLY }, "OE",
		"E0\n", UV_EOF },
	{ "ended, no reply", PEER_ENDS, "puppet1", { 0 }, "OE", "", UV_EOF },
	{ "late, nothing came", PEER_TALKS, "", { [SERVE_LATE] = SERVE_REPLY },
		"OL", "L0\n", UV_EOF },
	{ "late, half a line came", PEER_TALKS, "pup",
		{ [SERVE_LATE] = SERVE_REPLY }, "OL", "L3\n", UV_EOF },
	{ "late, no reply", PEER_TALKS, "pup", { 0 }, "OL", "", UV_EOF },
	{ "refused on accept", PEER_TALKS, "",
		{ [SERVE_OPENED] = SERVE_REFUSE }, "O", "", UV_EOF },
	{ "refused on accept, and a line comes", PEER_TALKS, "puppet1\n",
		{ [SERVE_OPENED] = SERVE_REFUSE }, "O", "", ANY_END },
	{ "refused after a line", PEER_TALKS, "puppet1\n",
		{ [SERVE_MORE] = SERVE_REFUSE }, "O", "", UV_EOF },
	{ "refused when full", PEER_TALKS, X600,
		{ [SERVE_FULL] = SERVE_REFUSE }, "OF", "", ANY_END },
	{ "refused when ended", PEER_ENDS, "x",
		{ [SERVE_ENDED] = SERVE_REFUSE }, "OE", "", UV_EOF },
	{ "refused when late", PEER_TALKS, "x", { [SERVE_LATE] = SERVE_REFUSE },
		"OL", "", UV_EOF },
	{ "hangs up", PEER_HANGUP, "", { 0 }, NULL, "", 0 },
	{ "hangs up, reply on accept", PEER_HANGUP, "",
		{ [SERVE_OPENED] = SERVE_REPLY }, "O", NULL, ANY_END },
	{ "hangs up after a line", PEER_HANGUP, "puppet1\n",
		{ [SERVE_MORE] = SERVE_REPLY }, "O", NULL, ANY_END },
	{ "resets", PEER_RESET, "", { 0 }, NULL, "", 0 },
	{ "resets, reply on accept", PEER_RESET, "",
		{ [SERVE_OPENED] = SERVE_REPLY }, NULL, NULL, ANY_END },
	{ "resets after a line", PEER_RESET, "puppet1\n",
		{ [SERVE_MORE] = SERVE_REPLY }, NULL, NULL, ANY_END },
	{ "floods after the reply on accept", PEER_FLOODS, "puppet1\n",
		{ [SERVE_OPENED] = SERVE_REPLY }, "O", "O0\n", ANY_END },
	{ "floods after a line", PEER_FLOODS, "puppet1\n",
		{ [SERVE_MORE] = SERVE_REPLY, [SERVE_FULL] = SERVE_REPLY },
		NULL, NULL, ANY_END },
};

struct fix {
	const struct row *row;
	uv_loop_t loop;
	uv_timer_t ticker;   /* so that no turn waits for long */
	struct serve *serve; /* NULL: closed */
	struct peer peer;
	char events[8], reply[8];
	size_t n_events, len;
	bool close_in_callback;
};

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	struct fix *f = arg;
	size_t known = strlen(f->row->text);
	enum serve_next next = f->row->on[r->event];

	assert_non_null(f->serve);
	assert_int_equal(r->peer->sa_family, AF_INET);
	assert_memory_equal(
		r->data, f->row->text, r->len < known ? r->len : known);
	if (r->event == SERVE_MORE || r->event == SERVE_FULL)
		assert_true(r->len > f->len);
	else
		assert_int_equal(r->len, f->len);
	f->len = r->len;
	if (r->event != SERVE_MORE)
		f->events[f->n_events++] = "OMFEL"[r->event];
	else if (memchr(r->data, '\n', r->len) == NULL)
		return SERVE_WAIT;
	assert_true(f->n_events < sizeof(f->events));
	r->reply = f->reply;
	r->reply_len = (size_t)snprintf(f->reply, sizeof(f->reply), "%c%zu\n",
		"OMFEL"[r->event], r -> len);
	if (f->close_in_callback && next != SERVE_WAIT) {
		serve_close(f->serve);
		f->serve = NULL;
	}
	return next;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void start(struct fix *f, const struct row *row, size_t step)
{
	struct sockaddr_storage at;
	struct sockaddr_in any;

	memset(f, 0, sizeof(*f));
	f->row = row;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(uv_timer_init(&f->loop, &f->ticker), 0);
	uv_timer_start(&f->ticker, on_tick, 1, 1);
	uv_ip4_addr("127.0.0.1", 0, &any);
	hasten_those_of(PATIENCE_MS);
	assert_int_equal(
		serve_open(&f->serve, &f->loop, (struct sockaddr *)&any,
			PATIENCE_MS, on_request, f),
		0);
	assert_int_equal(serve_address(f->serve, &at), 0);
	f->peer.way = row->way;
	f->peer.text = row->text;
	f->peer.len = strlen(row->text);
	f->peer.step = step;
	peer_open(&f->peer, &f->loop, (struct sockaddr *)&at);
}

static void stop(struct fix *f)
{
	if (f->serve != NULL)
		serve_close(f->serve);
	f->serve = NULL;
	peer_close(&f->peer);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	t_loop_close(&f->loop);
	peer_free(&f->peer);
}

/*
 * A connection that was reset before it was accepted is never seen, so there a
 * sweep goes on to SWEEP_MAX.
 */
static bool is_over(const struct fix *f)
{
	return f->peer.closed && f->n_events > 0 &&
		(f->serve == NULL || serve_connections(f->serve) == 0);
}

/* The server's patience ends when all that the row says has come. */
static bool turn_until_over(struct fix *f, int turns)
{
	bool late =
		f->row->events != NULL && strchr(f->row->events, 'L') != NULL;

	while (!is_over(f) && turns-- > 0) {
		uv_run(&f->loop, UV_RUN_ONCE);
		if (late && f->n_events == 1 && f->len == f->peer.len)
			hasten();
	}
	return is_over(f);
}

static void check(const struct fix *f, size_t step)
{
	const struct row *row = f->row;
	const struct peer *p = &f->peer;

	if ((row->events != NULL && strcmp(f->events, row->events) != 0) ||
		(row->got != NULL && !peer_got(p, row->got)) ||
		(row->end != ANY_END && p->end != row->end))
		fail_msg("%s, in steps of %zu: events %s, got \"%.*s\", end %s",
			row->name, step, f->events, (int)p->got.len,
			p->got.len > 0 ? p->got.data : "",
			p->end != 0 ? uv_err_name(p->end) : "0");
}

typedef void (*row_fn)(const struct row *row, size_t step);

static void for_each_row(row_fn fn)
{
	static const size_t steps[] = { 1, 2, 7, 100, 1000 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].text);

		for (size_t k = 0; k < COUNT(steps); k++)
			if (len / steps[k] <= PIECES_MAX &&
				(k == 0 || len > steps[k - 1]))
				fn(&rows[i], steps[k]);
	}
}

static void run_to_the_end(const struct row *row, size_t step)
{
	struct fix f;

	start(&f, row, step);
	if (row->way == PEER_RESET)
		turn_until_over(&f, SWEEP_MAX);
	else if (!turn_until_over(&f, TURNS_MAX))
		fail_msg("%s, in steps of %zu: does not end", row->name, step);
	check(&f, step);
	stop(&f);
}

static void test_rows(void **state)
{
	(void)state;
	for_each_row(run_to_the_end);
}

static void sweep(const struct row *row, size_t step)
{
	bool over = false;

	for (int turns = 0; !over && turns < SWEEP_MAX; turns++) {
		struct fix f;

		start(&f, row, step);
		over = turn_until_over(&f, turns);
		stop(&f);
	}
}

static void test_close_sweep(void **state)
{
	(void)state;
	for_each_row(sweep);
}

static void close_in_callback(const struct row *row, size_t step)
{
	struct fix f;

	start(&f, row, step);
	f.close_in_callback = true;
	turn_until_over(&f, row->way == PEER_RESET ? SWEEP_MAX : TURNS_MAX);
	assert_int_equal(f.peer.got.len, 0);
	stop(&f);
}

static void test_close_in_the_callback(void **state)
{
	(void)state;
	for_each_row(close_in_callback);
}

static enum serve_next on_unexpected(struct serve_request *r, void *arg)
{
	(void)r;
	(void)arg;
	fail_msg("nobody is there to be served");
	return SERVE_REFUSE;
}

static void test_what_cannot_be_opened(void **state)
{
	struct serve *first, *none = NULL;
	struct sockaddr_storage at;
	struct sockaddr_in in;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	uv_ip4_addr("127.0.0.1", 0, &in);
	assert_int_equal(serve_open(&first, &loop, (struct sockaddr *)&in, 1,
				 on_unexpected, NULL),
		0);
	assert_int_equal(serve_address(first, &at), 0);
	assert_int_equal(serve_open(&none, &loop, (struct sockaddr *)&at, 1,
				 on_unexpected, NULL),
		UV_EADDRINUSE);
	uv_ip4_addr("192.0.2.1", 0, &in);
	assert_int_equal(serve_open(&none, &loop, (struct sockaddr *)&in, 1,
				 on_unexpected, NULL),
		UV_EADDRNOTAVAIL);
	assert_null(none);
	assert_int_equal(serve_connections(first), 0);
	serve_close(first);
	t_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_close_sweep),
		cmocka_unit_test(test_close_in_the_callback),
		cmocka_unit_test(test_what_cannot_be_opened),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
