/*
 * Life of a probe:
 *
 *	connect -> handshake -> request -> answer complete
 *
 * Handshake steps compute for milliseconds, so each waits for its turn
 * (turns.h).  Every way out is finish(): it records the outcome and closes the
 * handles.  The callback and the free happen in release(), once libuv has let
 * go of all of them.
 *
 * A time-out before the connection stands is OUTCOME_TIMEOUT, after it
 * OUTCOME_BUSY: the kernel accepts for a server that is too busy, or hung.
 */
#include "probe.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "dial.h"
#include "http.h"
#include "text.h"

enum { READ_SIZE = 16384 };

struct probe {
	struct dial dial;
	uv_timer_t deadline; /* of the whole probe */
	struct turns_waiter turn;
	uv_loop_t *loop;
	unsigned open; /* dial and deadline, until libuv has let go */
	bool closing;  /* finish() has run */
	bool connected;
	bool secure; /* handshake done, request written */
	uint64_t started_ms;

	struct tls tls;
	struct http_response http;
	struct probe_target target;
	char tls_name[PROBE_NAME_MAX];
	char request[PROBE_REQUEST_MAX];
	struct probe_report report;
	probe_cb cb;
	void *arg;
	char read[READ_SIZE];
};

/* One write of ciphertext; owns its bytes until libuv is done with them. */
struct out {
	uv_write_t req; /* first: on_written() casts back */
	struct buf buf;
};

static uint64_t age_ms(const struct probe *p)
{
	return uv_now(p->loop) - p->started_ms;
}

static void release(struct probe *p)
{
	assert(p->open > 0);
	if (--p->open > 0)
		return;
	p->report.saved = tls_take_saved(&p->tls);
	p->report.body = p->http.body.data;
	p->report.body_len = p->http.body.len;
	p->report.code = p->http.code;
	if (p->cb != NULL)
		p->cb(&p->report, p->arg);
	else
		tls_saved_free(p->report.saved);
	tls_free(&p->tls);
	http_free(&p->http);
	free(p);
}

static void on_deadline_closed(uv_handle_t *h)
{
	release(h->data);
}

static void on_dial_closed(struct dial *d)
{
	release(d->data);
}

__attribute__((format(printf, 3, 4))) static void finish(
	struct probe *p, enum outcome o, const char *fmt, ...)
{
	va_list ap;

	if (p->closing)
		return;
	p->closing = true;
	p->report.outcome = o;
	p->report.ended_ms = age_ms(p);
	va_start(ap, fmt);
	vsnprintf(p->report.detail, sizeof(p->report.detail), fmt, ap);
	va_end(ap);
	text_printable(p->report.detail, strlen(p->report.detail));
	turns_leave(p->target.turns, &p->turn);
	uv_close((uv_handle_t *)&p->deadline, on_deadline_closed);
	dial_close(&p->dial, on_dial_closed);
}

/* What a libuv error says about the server. */
static enum outcome outcome_of(int uv_error)
{
	switch (uv_error) {
	case UV_ECONNREFUSED:
		return OUTCOME_REFUSED;
	case UV_ETIMEDOUT:
		return OUTCOME_TIMEOUT;
	case UV_ECONNRESET:
	case UV_EPIPE:
	case UV_EOF:
		return OUTCOME_RESET;
	case UV_EMFILE:
	case UV_ENFILE:
	case UV_ENOMEM:
	case UV_ENOBUFS:
	case UV_EADDRNOTAVAIL:
		return OUTCOME_INTERNAL;
	default:
		return OUTCOME_UNREACHABLE;
	}
}

static void finish_uv(struct probe *p, int error)
{
	char address[ADDR_TEXT_MAX];

	addr_show(address, dial_peer(&p->dial));
	finish(p, outcome_of(error), "%s: %s", address, uv_strerror(error));
}

static void finish_tls(struct probe *p)
{
	static const enum outcome outcomes[] = {
		[TLS_FAULT_NONE] = OUTCOME_TLS,
		[TLS_FAULT_PROTO] = OUTCOME_TLS,
		[TLS_FAULT_CUT] = OUTCOME_RESET,
		[TLS_FAULT_CERT] = OUTCOME_CERT,
		[TLS_FAULT_EXPIRED] = OUTCOME_EXPIRED,
		[TLS_FAULT_REVOKED] = OUTCOME_REVOKED,
		[TLS_FAULT_NAME] = OUTCOME_NAME,
		[TLS_FAULT_CRL] = OUTCOME_CRL,
		[TLS_FAULT_MEMORY] = OUTCOME_INTERNAL,
	};
	char text[PROBE_DETAIL_MAX];

	tls_explain(&p->tls, text, sizeof(text));
	finish(p, outcomes[tls_fault(&p->tls)], "%s: %s", p->tls_name, text);
}

static void on_deadline(uv_timer_t *timer)
{
	struct probe *p = timer->data;

	if (p->connected)
		finish(p, OUTCOME_BUSY, "connected, then nothing for %llu ms",
			(unsigned long long)(age_ms(p) -
				p->report.connected_ms));
	else
		finish_uv(p, UV_ETIMEDOUT);
}

static void on_written(uv_write_t *req, int status)
{
	struct out *o = (struct out *)req;
	struct probe *p = req->data;

	buf_free(&o->buf);
	free(o);
	if (status < 0)
		finish_uv(p, status);
}

/* Hands all that TLS wants to send to libuv. */
static void flush(struct probe *p)
{
	struct out *o;
	uv_buf_t b;
	int rc;

	if (p->closing || p->tls.out.len == 0)
		return;
	o = calloc(1, sizeof(*o));
	if (o == NULL) {
		finish_uv(p, UV_ENOMEM);
		return;
	}
	o->buf = p->tls.out;
	p->tls.out = BUF_INIT(o->buf.max);
	o->req.data = p;
	b = uv_buf_init(o->buf.data, (unsigned)o->buf.len);
	rc = uv_write(&o->req, dial_stream(&p->dial), &b, 1, on_written);
	if (rc != 0) {
		buf_free(&o->buf);
		free(o);
		finish_uv(p, rc);
	}
}

static void finish_answered(struct probe *p)
{
	tls_close(&p->tls);
	flush(p);
	finish(p, OUTCOME_OK, "HTTP status %d", p->http.code);
}

static void finish_bad_answer(struct probe *p)
{
	bool ours = p->http.error == http_no_memory;

	finish(p, ours ? OUTCOME_INTERNAL : OUTCOME_HTTP, "%s", p->http.error);
}

/* `bytes` of the answer, decrypted. */
static void take_answer(struct probe *p, const char *bytes, size_t len)
{
	size_t used;

	switch (http_feed(&p->http, bytes, len, &used)) {
	case HTTP_MORE:
		break;
	case HTTP_DONE:
		finish_answered(p);
		break;
	case HTTP_BAD:
		finish_bad_answer(p);
		break;
	}
}

/* The peer has said that it is done, and the answer was not. */
static void take_end(struct probe *p)
{
	if (http_finish(&p->http, HTTP_END_CLEAN) == HTTP_DONE)
		finish_answered(p);
	else
		finish_bad_answer(p);
}

static void read_answer(struct probe *p)
{
	enum tls_status status = TLS_OK;
	char plain[4096];
	size_t n;

	while (!p->closing && status == TLS_OK) {
		status = tls_read(&p->tls, plain, sizeof(plain), &n);
		if (status == TLS_OK)
			take_answer(p, plain, n);
	}
	flush(p);
	if (p->closing)
		return;
	if (status == TLS_EOF)
		take_end(p);
	else if (status == TLS_FAIL)
		finish_tls(p);
}

static void shake_hands(struct probe *p)
{
	enum tls_status status = tls_handshake(&p->tls);

	if (status == TLS_OK) {
		p->secure = true;
		p->report.secured_ms = age_ms(p);
		p->report.tls_version = tls_version(&p->tls);
		p->report.resumed = tls_resumed(&p->tls);
		status = tls_write(&p->tls, p->request, p->target.request_len);
	}
	flush(p);
	if (status == TLS_FAIL || status == TLS_EOF)
		finish_tls(p);
	else if (p->secure)
		read_answer(p);
}

static void on_turn(void *arg)
{
	shake_hands(arg);
}

static void pump(struct probe *p)
{
	if (p->closing)
		return;
	if (p->secure)
		read_answer(p);
	else
		turns_wait(p->target.turns, &p->turn, on_turn, p);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct dial *d = h->data;
	struct probe *p = d->data;

	(void)hint;
	*b = uv_buf_init(p->read, sizeof(p->read));
}

static void feed(struct probe *p, const char *bytes, size_t len)
{
	int rc = tls_feed(&p->tls, bytes, len);

	if (rc == UV_ENOBUFS)
		finish(p, OUTCOME_TLS, "more bytes than a handshake takes");
	else if (rc != 0)
		finish_uv(p, rc);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct dial *d = stream->data;
	struct probe *p = d->data;

	if (n == 0 || p->closing)
		return;
	if (n == UV_EOF) {
		tls_feed_eof(&p->tls);
	} else if (n < 0) {
		finish_uv(p, (int)n);
	} else {
		feed(p, b->base, (size_t)n);
	}
	pump(p);
}

static void on_dialled(struct dial *d, int status)
{
	struct probe *p = d->data;

	if (status == 0) {
		p->connected = true;
		p->report.connected_ms = age_ms(p);
		status = uv_read_start(dial_stream(d), on_alloc, on_read);
	}
	if (status != 0)
		finish_uv(p, status);
	pump(p);
}

int probe_start(struct probe **out, uv_loop_t *loop,
	const struct probe_target *target, probe_cb cb, void *arg)
{
	struct probe *p = calloc(1, sizeof(*p));

	assert(target->request_len <= PROBE_REQUEST_MAX);
	if (p == NULL)
		return UV_ENOMEM;
	if (tls_init(&p->tls, target->conf, target->tls_name, target->resume) !=
		0) {
		free(p);
		return UV_ENOMEM;
	}
	http_init(&p->http, target->body_max);
	p->target = *target;
	text_format(p->tls_name, sizeof(p->tls_name), "%s", target->tls_name);
	memcpy(p->request, target->request, target->request_len);
	p->loop = loop;
	p->cb = cb;
	p->arg = arg;
	uv_update_time(loop);
	p->started_ms = uv_now(loop);
	uv_timer_init(loop, &p->deadline);
	p->deadline.data = p;
	p->open = 2;
	uv_timer_start(&p->deadline, on_deadline, target->timeout_ms, 0);
	dial_start(&p->dial, loop, &p->target.addrs, target->timeout_ms,
		on_dialled, p);
	*out = p;
	return 0;
}

void probe_close(struct probe *p)
{
	p->cb = NULL;
	finish(p, OUTCOME_INTERNAL, "cancelled");
}
