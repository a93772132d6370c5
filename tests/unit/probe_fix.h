#ifndef PROBE_FIX_H
#define PROBE_FIX_H

/*
 * A probe and the server that it asks, on one loop, with what was reported.
 *
 * A header, since each of the programs that test probes needs all of it.
 */
#include "t.h"

#include <stdio.h>

#include "probe.h"
#include "tlspeer.h"

#define RUNNING \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
	"7\r\nrunning\r\n0\r\n\r\n"
#define UNTIL_CLOSE "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nrunning"

#define FIGURES "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nfigures"
#define REQUEST "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define SECOND "GET /more HTTP/1.1\r\nHost: localhost\r\n\r\n"

enum { TIMEOUT_MS = 10000 };

struct fix {
	uv_loop_t loop;
	struct turns turns;
	struct tlspeer peer;
	struct tlsconf *conf;
	struct probe_target target;
	struct probe *probe;
	bool done;
	int calls;

	struct probe_report report; /* its pointers are not valid */
	char body[PROBE_REQUESTS_MAX][64];
	struct tls_saved *saved;
};

static void on_probe(struct probe_report *r, void *arg)
{
	struct fix *f = arg;

	f->calls++;
	f->done = true;
	f->report = *r;
	for (size_t i = 0; i < PROBE_REQUESTS_MAX; i++)
		snprintf(f->body[i], sizeof(f->body[i]), "%.*s",
			(int)r->answers[i].body_len,
			r->answers[i].body_len > 0 ? r->answers[i].body : "");
	tls_saved_free(f->saved);
	f->saved = r->saved;
}

static void set_address(struct fix *f, size_t i, const struct tlspeer *peer)
{
	memcpy(&f->target.addrs.sa[i], &peer->address,
		sizeof(f->target.addrs.sa[i]));
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
		.requests = { { REQUEST, strlen(REQUEST), 1000 },
			{ SECOND, strlen(SECOND), 100 } },
		.n_requests = 1,
		.timeout_ms = TIMEOUT_MS,
		.turns = &f->turns };
	set_address(f, 0, &f->peer);
	f->target.addrs.n = 1;
}

static void close_fix(struct fix *f)
{
	tlspeer_close(&f->peer);
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

/* Sizes of the pieces that the server sends; 0: all at once. */
static const size_t steps[] = { 0, 1, 2, 7, 100 };

#endif
