/* One server with its probes, against a TLS peer on the same loop. */
#include "t.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture.h"
#include "clock.h"
#include "log.h"
#include "server.h"
#include "tlspeer.h"

#define RUNNING \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
	"7\r\nrunning\r\n0\r\n\r\n"

enum {
	TURNS_MAX = 20000,
	TEN_MINUTES_MS = 600000,
	LONG_PAUSE_MS = 70000, /* no other timer here runs so long */
};

static uint64_t ahead_ms; /* of the real clock */

/* Stands in for lib/clock.c, so that the test can let time pass. */
uint64_t clock_now_ms(void)
{
	return uv_hrtime() / 1000000 + ahead_ms;
}

static long dice;              /* what random() says */
static uint64_t pauses_ms[64]; /* between probes, as the server asked for */
static size_t n_pauses;

long random(void)
{
	return dice;
}

int uv_timer_start(
	uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat)
{
	int (*real)(uv_timer_t *, uv_timer_cb, uint64_t, uint64_t);

	*(void **)&real = dlsym(RTLD_NEXT, "uv_timer_start");
	if (ms >= LONG_PAUSE_MS && ms <= LONG_PAUSE_MS * 11 / 10 &&
		n_pauses < 64)
		pauses_ms[n_pauses++] = ms;
	return real(timer, cb, ms, repeat);
}

struct fix {
	uv_loop_t loop;
	struct turns turns;
	struct gate gate;
	struct resolver *resolver;
	struct history *history;
	struct tlspeer peer;
	struct trust *trust;
	struct config_server config;
	struct server *server;
	uv_timer_t ticker; /* so that uv_run() always returns */
};

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void on_trust(struct trust *t, enum trust_event event,
	const struct tlsconf_report *report, void *arg)
{
	struct fix *f = arg;

	(void)report;
	if (event == TRUST_LOADED)
		server_trust_changed(f->server, t);
}

static void on_moved(void *arg, const char *server, const struct order *was,
	const struct order *now, const char *why)
{
	(void)arg;
	(void)server;
	(void)was;
	(void)now;
	(void)why;
}

static void on_changed(void *arg)
{
	(void)arg;
}

static char *peer_address(const struct tlspeer *p)
{
	char text[ADDR_TEXT_MAX];

	addr_show(text, (const struct sockaddr *)&p->address);
	return strdup(text);
}

static void open_fix(struct fix *f, enum tlspeer_way way)
{
	struct trust_options trust = { .files = { .ca = PKI("ca.pem"),
					       .crl = PKI("crl.pem") },
		.cb = on_trust,
		.arg = f };
	struct server_shared shared = {
		.loop = &f->loop, .turns = &f->turns, .gate = &f->gate
	};

	memset(f, 0, sizeof(*f));
	uv_loop_init(&f->loop);
	uv_timer_init(&f->loop, &f->ticker);
	uv_timer_start(&f->ticker, on_tick, 1, 1);
	turns_open(&f->turns, &f->loop);
	gate_open(&f->gate, 1);
	assert_int_equal(resolver_open(&f->resolver, &f->loop), 0);
	f->history = history_new();
	tlspeer_open(&f->peer, &f->loop, way, RUNNING);
	f->config = (struct config_server){ .name = (char *)"puppet1",
		.address = peer_address(&f->peer),
		.tls_name = (char *)"localhost",
		.interval_ms = 1,
		.fast_interval_ms = 1,
		.timeout_ms = 10000,
		.busy_limit_ms = 1000,
		.rise = 1,
		.fall = 1 };
	assert_int_equal(trust_open(&f->trust, &f->loop, &trust), 0);
	shared.resolver = f->resolver;
	shared.standing = (struct standing_options){ .loop = &f->loop,
		.history = f->history,
		.moved = on_moved,
		.changed = on_changed };
	assert_int_equal(
		server_open(&f->server, &shared, &f->config, f->trust, 0), 0);
}

static void close_fix(struct fix *f)
{
	server_close(f->server);
	trust_close(f->trust);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	resolver_close(f->resolver);
	tlspeer_close(&f->peer);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	turns_close(&f->turns);
	t_loop_close(&f->loop);
	history_free(f->history);
	free(f->config.address);
}

static void wait_for(struct fix *f, unsigned accepted)
{
	for (int i = 0; f->peer.accepted < accepted; i++) {
		assert_true(i < TURNS_MAX);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

static void every_ten_minutes_a_full_handshake(void **state)
{
	struct fix f;
	size_t len;
	char *log;

	(void)state;
	ahead_ms = 0;
	capture_start();
	log_set_level(LOG_DEBUG);
	open_fix(&f, TLSPEER_ANSWER);
	wait_for(&f, 4);
	ahead_ms += TEN_MINUTES_MS / 2;
	wait_for(&f, 7);
	ahead_ms += TEN_MINUTES_MS / 2 + 1;
	wait_for(&f, 11);
	close_fix(&f);
	log_set_level(LOG_INFO);
	log = capture_end(&len);
	assert_int_equal(count(log, "session=full"), 2);
	assert_true(count(log, "session=resumed") >= 8);
	free(log);
}

/* After a stand-still, the old verdict is told to nobody. */
static void a_stale_verdict_is_not_told(void **state)
{
	const struct addr_host host = { { 1 } };
	const char *line;
	struct fix f;
	size_t len;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	wait_for(&f, 3);
	line = standing_line(server_standing(f.server), &host, &len);
	assert_string_equal(line, "up 100%\n");
	ahead_ms += 3 * (1 + 10000) + 60000;
	line = standing_line(server_standing(f.server), &host, &len);
	assert_string_equal(line, "# no verdict yet\n");
	close_fix(&f);
}

/* Up to a tenth is added, so that many servers do not probe in step. */
static void pauses_vary(void **state)
{
	static const long throws[] = { 0, 1, 7000, 7001, 123456789 };
	static const uint64_t expected[] = { 70000, 70001, 77000, 70000,
		70000 + 123456789 % 7001 };

	(void)state;
	ahead_ms = 0;
	for (size_t i = 0; i < 5; i++) {
		struct fix f;

		open_fix(&f, TLSPEER_ANSWER);
		f.config.interval_ms = LONG_PAUSE_MS;
		dice = throws[i];
		n_pauses = 0;
		for (int turns = 0; n_pauses == 0; turns++) {
			assert_true(turns < TURNS_MAX);
			uv_run(&f.loop, UV_RUN_ONCE);
		}
		assert_int_equal(pauses_ms[0], expected[i]);
		close_fix(&f);
	}
	dice = 0;
}

static void nobody(void *arg)
{
	(void)arg;
	fail_msg("it was in");
}

/* One with a full handshake has its turn; until then no deadline runs. */
static void waits_at_the_gate(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	f.config.timeout_ms = 1;
	assert_int_equal(gate_enter(&f.gate, &other, nobody, NULL), GATE_IN);
	for (int i = 0; i < 200; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.peer.accepted, 0);
	assert_int_equal(server_probes_ended(f.server), 0);
	f.config.timeout_ms = 10000;
	gate_leave(&f.gate, &other);
	/* Then sessions are resumed, and nobody need wait. */
	wait_for(&f, 1);
	while (f.gate.room == 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(gate_enter(&f.gate, &other, nobody, NULL), GATE_IN);
	wait_for(&f, 4);
	close_fix(&f);
	gate_leave(&f.gate, &other);
	assert_int_equal(f.gate.room, 1);
}

/* Whatever is asked of one that waits, it is let in once. */
static void asked_while_it_waits(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	gate_enter(&f.gate, &other, nobody, NULL);
	while (f.gate.first == NULL)
		uv_run(&f.loop, UV_RUN_ONCE);
	server_keep_pace(f.server);
	server_trust_changed(f.server, f.trust);
	server_configure(f.server, &f.config, f.trust);
	for (int i = 0; i < 20; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_non_null(f.gate.first);
	assert_int_equal(server_probe_now(f.server), 1);
	for (int i = 0; i < 50; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_non_null(f.gate.first);
	assert_null(f.gate.first->next);
	assert_int_equal(f.peer.accepted, 0);
	gate_leave(&f.gate, &other);
	wait_for(&f, 2);
	close_fix(&f);
	assert_int_equal(f.gate.room, 1);
}

/* Who is silent holds no place, long before its deadline. */
static void silence_leaves_the_gate(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_SILENT);
	wait_for(&f, 1);
	while (f.gate.room == 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(server_probes_ended(f.server), 0);
	assert_int_equal(gate_enter(&f.gate, &other, nobody, NULL), GATE_IN);
	gate_leave(&f.gate, &other);
	close_fix(&f);
}

static void closed_at_the_gate(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	gate_enter(&f.gate, &other, nobody, NULL);
	for (int i = 0; i < 20; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_non_null(f.gate.first);
	close_fix(&f);
	assert_null(f.gate.first);
	gate_leave(&f.gate, &other);
}

/* Closed after 0, 1, 2, ... turns, whatever is under way then. */
static void close_sweep(void **state)
{
	static const enum tlspeer_way ways[] = { TLSPEER_ABSENT, TLSPEER_SILENT,
		TLSPEER_HANGUP, TLSPEER_ANSWER };

	(void)state;
	ahead_ms = 0;
	for (size_t way = 0; way < sizeof(ways) / sizeof(*ways); way++) {
		for (int turns = 0; turns < 40; turns++) {
			struct fix f;

			open_fix(&f, ways[way]);
			for (int i = 0; i < turns; i++)
				uv_run(&f.loop, UV_RUN_ONCE);
			close_fix(&f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_ten_minutes_a_full_handshake),
		cmocka_unit_test(a_stale_verdict_is_not_told),
		cmocka_unit_test(pauses_vary),
		cmocka_unit_test(waits_at_the_gate),
		cmocka_unit_test(asked_while_it_waits),
		cmocka_unit_test(silence_leaves_the_gate),
		cmocka_unit_test(closed_at_the_gate),
		cmocka_unit_test(close_sweep),
	};

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	tlsconf_global_init();
	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
