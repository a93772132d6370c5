#include "t.h"

#include <signal.h>

#include "addr.h"
#include "probe_fix.h"

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
	{ TLSPEER_CUT, UNTIL_CLOSE, NULL, 0, OUTCOME_RESET, 0, "" },
	{ TLSPEER_CUT, RUNNING, NULL, 0, OUTCOME_OK, 200, "running" },
	{ TLSPEER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrun",
		NULL, 0, OUTCOME_HTTP, 0, "" },
	{ TLSPEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
		NULL, 0, OUTCOME_HTTP, 0, "" },
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

/* With twice the time while it ends as it does on a machine too slow for it. */
static void probe_in_time(struct fix *f, enum outcome slow)
{
	probe(f);
	while (f->report.outcome == slow && f->target.timeout_ms < TIMEOUT_MS) {
		f->target.timeout_ms *= 2;
		probe(f);
	}
}

static void play(size_t i, size_t step, size_t n_requests)
{
	struct fix f;

	open_fix(&f, ways[i].way, ways[i].answer);
	f.peer.step = step;
	f.target.n_requests = n_requests;
	if (ways[i].name != NULL)
		f.target.tls_name = ways[i].name;
	if (ways[i].timeout_ms > 0)
		f.target.timeout_ms = ways[i].timeout_ms;
	probe_in_time(&f, OUTCOME_INTERNAL);
	if (f.report.outcome != ways[i].outcome)
		fail_msg("%zu: %s (%s), not %s", i,
			outcome_word(f.report.outcome), f.report.detail,
			outcome_word(ways[i].outcome));
	assert_int_equal(f.report.answers[0].code, ways[i].code);
	assert_string_equal(f.body[0], ways[i].body);
	assert_int_equal(f.report.answers[1].code, 0);
	assert_string_equal(f.report.second_detail, "");
	close_fix(&f);
}

static void each_way_to_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++)
		for (size_t s = 0; s < COUNT(steps); s++)
			if (s == 0 || ways[i].timeout_ms == 0)
				play(i, steps[s], 1);
	for (size_t i = 0; i < COUNT(ways); i++)
		if (ways[i].outcome != OUTCOME_OK)
			play(i, 0, 2);
}

/* Closed after 0, 1, 2, ... turns: no callback, and nothing is left open. */
static bool close_after(enum tlspeer_way way, const char *second, int turns)
{
	struct fix f;
	bool finished;

	open_fix(&f, way, RUNNING);
	f.peer.second = second;
	f.target.n_requests = second != NULL ? 2 : 1;
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

static void sweep(enum tlspeer_way way, const char *second)
{
	int turns = 0;

	while (!close_after(way, second, turns))
		turns++;
}

static void close_sweep(void **state)
{
	(void)state;
	for (enum tlspeer_way way = TLSPEER_ABSENT; way <= TLSPEER_MUTE; way++)
		sweep(way, NULL);
	for (enum tlspeer_way way = TLSPEER_ANSWER; way <= TLSPEER_CUT; way++) {
		sweep(way, FIGURES);
		sweep(way, "");
	}
}

static void sessions_go_on(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f, TLSPEER_ANSWER, RUNNING);
	probe(&f);
	assert_int_equal(f.report.outcome, OUTCOME_OK);
	assert_false(f.report.resumed);
	assert_non_null(f.saved);
	f.target.resume = f.saved;
	probe(&f);
	assert_int_equal(f.report.outcome, OUTCOME_OK);
	assert_true(f.report.resumed);
	close_fix(&f);
}

/* Who answered, with which certificate, and when. */
static void reports_the_facts(void **state)
{
	char address[ADDR_TEXT_MAX];
	struct fix f;

	(void)state;
	open_fix(&f, TLSPEER_ANSWER, RUNNING);
	f.peer.second = FIGURES;
	f.target.n_requests = 2;
	addr_show(address, (struct sockaddr *)&f.peer.address);
	probe(&f);
	assert_string_equal(f.report.peer, address);
	assert_string_equal(f.report.cert.subject, "CN=puppet.test");
	assert_string_equal(f.report.cert.issuer, "CN=Test Intermediate CA");
	assert_true(f.report.connected_ms <= f.report.secured_ms);
	assert_true(f.report.secured_ms <= f.report.answered_ms);
	assert_true(f.report.answered_ms <= f.report.ended_ms);

	f.target.resume = f.saved;
	probe(&f);
	assert_true(f.report.resumed);
	assert_string_equal(f.report.cert.subject, "");
	close_fix(&f);

	open_fix(&f, TLSPEER_ABSENT, "");
	probe(&f);
	assert_string_equal(f.report.peer, "");
	assert_null(f.report.tls_version);
	assert_int_equal(f.report.answered_ms, 0);
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
	set_address(&f, 0, &absent);
	set_address(&f, 1, &f.peer);
	f.target.addrs.n = 2;
	probe(&f);
	assert_int_equal(f.report.outcome, OUTCOME_OK);
	set_address(&f, 1, &absent);
	probe(&f);
	assert_int_equal(f.report.outcome, OUTCOME_REFUSED);
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

/* Beside others of the same server, until it needs a thread. */
static void start_to_compute(struct fix *f, struct fix *other)
{
	memset(other, 0, sizeof(*other));
	assert_int_equal(probe_start(&other->probe, &f->loop, &f->target,
				 on_probe, other),
		0);
	while (!other->done && !probe_computes(other->probe))
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_false(other->done);
}

static void late_for_us(struct fix *f)
{
	f->target.timeout_ms = 200;
	probe_in_time(f, OUTCOME_BUSY);
	assert_int_equal(f->report.outcome, OUTCOME_INTERNAL);
	assert_non_null(strstr(f->report.detail, "handshake held up "));
}

/*
 * While files hang all threads of the pool, nothing is said of a server whose
 * probe is late in its turn, or before it; and probes that are closed then have
 * gone when the pool goes on.
 */
static void no_thread_for_handshakes(void **state)
{
	struct fix f, in_turn, waiting, last;
	struct t_pool pool;

	(void)state;
	open_fix(&f, TLSPEER_ANSWER, RUNNING);
	t_pool_hold(&pool, &f.loop);
	late_for_us(&f);
	f.target.timeout_ms = 10 * TIMEOUT_MS;
	start_to_compute(&f, &in_turn);
	late_for_us(&f);
	f.target.timeout_ms = 10 * TIMEOUT_MS;
	start_to_compute(&f, &waiting);
	start_to_compute(&f, &last);
	probe_close(in_turn.probe);
	probe_close(waiting.probe);
	t_pool_let_go(&pool);
	t_run_until(&f.loop, &last.done, 20000);
	assert_int_equal(last.report.outcome, OUTCOME_OK);
	tls_saved_free(last.saved);
	assert_int_equal(in_turn.calls + waiting.calls, 0);
	close_fix(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_end),
		cmocka_unit_test(close_sweep),
		cmocka_unit_test(sessions_go_on),
		cmocka_unit_test(reports_the_facts),
		cmocka_unit_test(tries_the_next_address),
		cmocka_unit_test(closed_while_an_attempt_fails),
		cmocka_unit_test(no_thread_for_handshakes),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does; libuv does not */
	tlsconf_global_init();
	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
