#ifndef SERVER_FIX_H
#define SERVER_FIX_H

/*
 * One server with its probes, against a TLS peer on the same loop.
 *
 * A header, since a test that includes it has no other clock.
 */
#include "t.h"

#include <signal.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "server.h"
#include "tlspeer.h"

#define RUNNING \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
	"7\r\nrunning\r\n0\r\n\r\n"

enum {
	TURNS_MAX = 20000,
};

static uint64_t ahead_ms; /* of the real clock */

/* Stands in for lib/clock.c, so that the test can let time pass. */
uint64_t clock_now_ms(void)
{
	return uv_hrtime() / 1000000 + ahead_ms;
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

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static inline void on_trust(struct trust *t, enum trust_event event,
	const struct tlsconf_report *report, void *arg)
{
	struct fix *f = arg;

	(void)report;
	if (event == TRUST_LOADED)
		server_trust_changed(f->server, t);
}

static inline void on_moved(void *arg, const char *server,
	const struct order *was, const struct order *now, const char *why)
{
	(void)arg;
	(void)server;
	(void)was;
	(void)now;
	(void)why;
}

static inline void on_changed(void *arg)
{
	(void)arg;
}

static inline char *peer_address(const struct tlspeer *p)
{
	char text[ADDR_TEXT_MAX];

	addr_show(text, (const struct sockaddr *)&p->address);
	return strdup(text);
}

static inline void open_fix(struct fix *f, enum tlspeer_way way)
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

static inline void close_fix(struct fix *f)
{
	server_close(f->server);
	trust_close(f->trust);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	resolver_close(f->resolver);
	tlspeer_close(&f->peer);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	t_loop_close(&f->loop);
	history_free(f->history);
	free(f->config.address);
}

static inline void wait_for(struct fix *f, unsigned accepted)
{
	for (int i = 0; f->peer.accepted < accepted; i++) {
		assert_true(i < TURNS_MAX);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

#endif
