#include "t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "probe.h"
#include "tlspeer.h"

#define RUNNING \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
	"7\r\nrunning\r\n0\r\n\r\n"
#define UNTIL_CLOSE "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nrunning"

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct fix {
	uv_loop_t loop;
	struct turns turns;
	struct tlspeer peer;
	struct tlsconf *conf;
	struct probe_target target;
	struct probe *probe;
	bool done;
	int calls;

	enum outcome outcome;
	int code;
	int resumed;
	char body[64];
	char detail[PROBE_DETAIL_MAX];
	struct tls_saved *saved;
};

static void on_probe(struct probe_report *r, void *arg)
{
	struct fix *f = arg;

	f->calls++;
	f->done = true;
	f->outcome = r->outcome;
	f->code = r->code;
	f->resumed = r->resumed;
	snprintf(f->body, sizeof(f->body), "%.*s", (int)r->body_len,
		r->body_len > 0 ? r->body : "");
	snprintf(f->detail, sizeof(f->detail), "%s", r->detail);
	tls_saved_free(f->saved);
	f->saved = r->saved;
}

static void open_fix(struct fix *f, enum tlspeer_way way, const char *answer)
{
	memset(f, 0, sizeof(*f));
	uv_loop_init(&f->loop);
	turns_open(&f->turns, &f->loop);
	tlspeer_open(&f->peer, &f->loop, way, answer);
	f->conf = pki_good_conf();
	f->target = (struct probe_target){ .conf = f->conf,
		.tls_name = "localhost",
		.request = request,
		.request_len = strlen(request),
		.body_max = 1000,
		.timeout_ms = 10000,
		.turns = &f->turns };
	f->target.addrs.sa[0] = f->peer.address;
	f->target.addrs.n = 1;
}

static void close_fix(struct fix *f)
{
	tlspeer_close(&f->peer);
	turns_close(&f->turns);
	tlsconf_unref(f->conf);
	tls_saved_free(f->saved);
	t_loop_close(&f->loop);
}

static void start(struct fix *f)
{
	f->done = false;
	assert_int_equal(
		probe_start(&f->probe, &f->loop, &f->target, on_probe, f), 0);
	assert_false(f->done);
}

static void probe(struct fix *f)
{
	f->calls = 0;
	start(f);
	t_run_until(&f->loop, &f->done, 20000);
	assert_int_equal(f->calls, 1);
}

static const struct {
	enum tlspeer_way way;
	const char *answer;
	const char *name;    /* NULL: localhost */
	uint64_t timeout_ms; /* 0: generous */
	enum outcome outcome;
	int code;
	const char *body;
} ways[] = {
	{ TLSPEER_ANSWER, RUNNING, NULL, 0, OUTCOME_OK, 200, "running" },
	{ TLSPEER_CLOSE, RUNNING, NULL, 0, OUTCOME_OK, 200, "running" },
	{ TLSPEER_CLOSE, UNTIL_CLOSE, NULL, 0, OUTCOME_OK, 200, "running" },
	{ TLSPEER_CUT, UNTIL_CLOSE, NULL, 0, OUTCOME_RESET, 200, "running" },
	{ TLSPEER_CUT, RUNNING, NULL, 0, OUTCOME_OK, 200, "running" },
	{ TLSPEER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrun",
		NULL, 0, OUTCOME_HTTP, 200, "run" },
	{ TLSPEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
		NULL, 0, OUTCOME_HTTP, 200, "" },
	{ TLSPEER_ANSWER, "220 mail.example.com ESMTP\r\n", NULL, 0,
		OUTCOME_HTTP, 0, "" },
	{ TLSPEER_ANSWER, RUNNING, "other.example.com", 0, OUTCOME_NAME, 0,
		"" },
	{ TLSPEER_ABSENT, "", NULL, 0, OUTCOME_REFUSED, 0, "" },
	{ TLSPEER_HANGUP, "", NULL, 0, OUTCOME_RESET, 0, "" },
	{ TLSPEER_GARBAGE, "", NULL, 0, OUTCOME_TLS, 0, "" },
	{ TLSPEER_SILENT, "", NULL, 500, OUTCOME_BUSY, 0, "" },
	{ TLSPEER_MUTE, "", NULL, 500, OUTCOME_BUSY, 0, "" },
};

static void play(size_t i, size_t step)
{
	struct fix f;

	open_fix(&f, ways[i].way, ways[i].answer);
	f.peer.step = step;
	if (ways[i].name != NULL)
		f.target.tls_name = ways[i].name;
	if (ways[i].timeout_ms > 0)
		f.target.timeout_ms = ways[i].timeout_ms;
	probe(&f);
	if (f.outcome != ways[i].outcome)
		fail_msg("%zu: %s (%s), not %s", i, outcome_word(f.outcome),
			f.detail, outcome_word(ways[i].outcome));
	if (ways[i].outcome != OUTCOME_BUSY) {
		assert_int_equal(f.code, ways[i].code);
		assert_string_equal(f.body, ways[i].body);
	}
	close_fix(&f);
}

static void each_way_to_end(void **state)
{
	static const size_t steps[] = { 0, 1, 2, 7, 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++)
			if (s == 0 || ways[i].timeout_ms == 0)
				play(i, steps[s]);
}

/* Closed after 0, 1, 2, ... turns: no callback, and nothing is left open. */
static bool close_after(enum tlspeer_way way, int turns)
{
	struct fix f;
	bool finished;

	open_fix(&f, way, RUNNING);
	f.target.timeout_ms = 50;
	start(&f);
	for (int i = 0; i < turns && !f.done; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	finished = f.done;
	if (!finished) {
		probe_close(f.probe);
		uv_run(&f.loop, UV_RUN_NOWAIT);
		assert_int_equal(f.calls, 0);
	}
	close_fix(&f);
	assert_int_equal(f.calls, finished ? 1 : 0);
	return finished;
}

static void close_sweep(void **state)
{
	(void)state;
	for (enum tlspeer_way way = TLSPEER_ABSENT; way <= TLSPEER_MUTE;
		way++) {
		int turns = 0;

		while (!close_after(way, turns))
			turns++;
	}
}

static void sessions_go_on(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f, TLSPEER_ANSWER, RUNNING);
	probe(&f);
	assert_int_equal(f.outcome, OUTCOME_OK);
	assert_false(f.resumed);
	assert_non_null(f.saved);
	f.target.resume = f.saved;
	probe(&f);
	assert_int_equal(f.outcome, OUTCOME_OK);
	assert_true(f.resumed);
	close_fix(&f);
}

/* The first address refuses; the second is the server. */
static void tries_the_next_address(void **state)
{
	struct fix f;
	struct tlspeer absent;

	(void)state;
	open_fix(&f, TLSPEER_ANSWER, RUNNING);
	tlspeer_open(&absent, &f.loop, TLSPEER_ABSENT, "");
	f.target.addrs.sa[0] = absent.address;
	f.target.addrs.sa[1] = f.peer.address;
	f.target.addrs.n = 2;
	probe(&f);
	assert_int_equal(f.outcome, OUTCOME_OK);
	f.target.addrs.sa[1] = absent.address;
	probe(&f);
	assert_int_equal(f.outcome, OUTCOME_REFUSED);
	tlspeer_close(&absent);
	close_fix(&f);
}

/* The attempt fails at once, and the probe is closed in the same turn. */
static void closed_while_an_attempt_fails(void **state)
{
	struct sockaddr_in nowhere;
	struct fix f;

	(void)state;
	open_fix(&f, TLSPEER_SILENT, "");
	uv_ip4_addr("255.255.255.255", 9, &nowhere);
	memcpy(&f.target.addrs.sa[0], &nowhere, sizeof(nowhere));
	start(&f);
	probe_close(f.probe);
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(f.calls, 0);
	close_fix(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_end),
		cmocka_unit_test(close_sweep),
		cmocka_unit_test(sessions_go_on),
		cmocka_unit_test(tries_the_next_address),
		cmocka_unit_test(closed_while_an_attempt_fails),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does; libuv does not */
	tlsconf_global_init();
	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
