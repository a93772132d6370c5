/*
 * Life of a probe:
 *
 *	connect -> handshake -> request -> answer -+-> end
 *	                                           |    ^
 *	                            second request +-> answer
 *
 * Handshake steps compute, so each waits for its turn.  Every way out is
 * finish(); callback and free come in release(), once all handles are closed.
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

#include "cause.h"
#include "dial.h"
#include "text.h"

struct probe {
	struct dial dial;
	uv_timer_t deadline; /* of the whole probe */
	struct turns_waiter turn;
	uv_loop_t *loop;
	unsigned open; /* dial and deadline, until libuv has let go */
	bool closing;  /* finish() has run */
	bool connected;
	bool secure;   /* handshake done, first request written */
	bool answered; /* the first answer is whole */
	uint64_t started_ms;

	struct tls tls;
	struct exchange exchange;
	struct probe_target target;
	char tls_name[PROBE_NAME_MAX];
	char requests[PROBE_REQUESTS_MAX][PROBE_REQUEST_MAX];
	struct probe_report report;
	probe_cb cb;
	void *arg;
	char read[16384];
};

/* One write of ciphertext; owns its bytes. */
struct out {
	uv_write_t req; /* first: on_written() casts back */
	struct buf buf;
};

static uint64_t age_ms(const struct probe *p)
{
	return uv_now(p->loop) - p->started_ms;
}

static void report_answers(struct probe *p)
{
	for (size_t i = 0; i < p->exchange.n_whole; i++) {
		const struct http_response *r = &p->exchange.answers[i];

		p->report.answers[i] = (struct probe_answer){ .code = r->code,
			.body = r->body.data,
			.body_len = r->body.len };
	}
	/* A farewell that could not be sent took nothing away. */
	if (p->exchange.n_whole == p->target.n_requests)
		p->report.second_detail[0] = '\0';
}

static void release(struct probe *p)
{
	assert(p->open > 0);
	if (--p->open > 0)
		return;
	p->report.saved = tls_take_saved(&p->tls);
	tls_certificate(&p->tls, &p->report.cert);
	report_answers(p);
	if (p->cb != NULL)
		p->cb(&p->report, p->arg);
	else
		tls_saved_free(p->report.saved);
	tls_free(&p->tls);
	exchange_free(&p->exchange);
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
	char *detail = p->answered ? p->report.second_detail : p->report.detail;
	va_list ap;

	if (p->closing)
		return;
	p->closing = true;
	p->report.outcome = p->answered ? OUTCOME_OK : o;
	p->report.ended_ms = age_ms(p);
	va_start(ap, fmt);
	vsnprintf(detail, PROBE_DETAIL_MAX, fmt, ap);
	va_end(ap);
	text_printable(detail, strlen(detail));
	turns_leave(p->target.turns, &p->turn);
	uv_close((uv_handle_t *)&p->deadline, on_deadline_closed);
	dial_close(&p->dial, on_dial_closed);
}

static void finish_uv(struct probe *p, int error)
{
	char address[ADDR_TEXT_MAX];

	addr_show(address, dial_peer(&p->dial));
	finish(p, cause_of_uv(error), "%s: %s", address, uv_strerror(error));
}

static void finish_tls(struct probe *p)
{
	char text[PROBE_DETAIL_MAX];

	tls_explain(&p->tls, text, sizeof(text));
	finish(p, cause_of_fault(tls_fault(&p->tls)), "%s: %s", p->tls_name,
		text);
}

/* One that comes late itself: what the server said has not been read yet. */
static void on_deadline(uv_timer_t *timer)
{
	struct probe *p = timer->data;
	unsigned long long age = age_ms(p), due = p->target.timeout_ms;

	if (age > due + PROBE_STANDSTILL_MS)
		finish(p, OUTCOME_INTERNAL, "stood still %llu ms", age - due);
	else if (p->answered)
		finish(p, OUTCOME_BUSY, "no answer for %llu ms",
			age - p->report.answered_ms);
	else if (p->connected)
		finish(p, OUTCOME_BUSY, "connected, then nothing for %llu ms",
			age - p->report.connected_ms);
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
	const char *error = p->exchange.error;

	tls_close(&p->tls);
	flush(p);
	finish(p, OUTCOME_OK, "%s", error != NULL ? error : "");
}

static void finish_bad_answer(struct probe *p)
{
	bool ours = exchange_out_of_memory(&p->exchange);

	if (p->answered && exchange_over_limit(&p->exchange))
		p->report.second = PROBE_OVER_LIMIT;
	finish(p, ours ? OUTCOME_INTERNAL : OUTCOME_HTTP, "%s",
		p->exchange.error);
}

static enum tls_status ask(struct probe *p, size_t i)
{
	return tls_write(&p->tls, p->requests[i], p->target.requests[i].len);
}

static void go_on(struct probe *p, enum exchange_status status)
{
	if (p->exchange.n_whole > 0 && !p->answered) {
		p->answered = true;
		p->report.answered_ms = age_ms(p);
		text_format(p->report.detail, sizeof(p->report.detail),
			"HTTP status %d", p->exchange.answers[0].code);
	}
	switch (status) {
	case EXCHANGE_MORE:
		break;
	case EXCHANGE_ASK:
		p->report.second = PROBE_SENT;
		if (ask(p, 1) != TLS_OK)
			finish_tls(p);
		break;
	case EXCHANGE_DONE:
		finish_answered(p);
		break;
	case EXCHANGE_BAD:
		finish_bad_answer(p);
		break;
	}
}

static void read_answer(struct probe *p)
{
	enum tls_status status = TLS_OK;
	char plain[4096];
	size_t n;

	while (!p->closing && status == TLS_OK) {
		status = tls_read(&p->tls, plain, sizeof(plain), &n);
		if (status == TLS_OK)
			go_on(p, exchange_feed(&p->exchange, plain, n));
	}
	flush(p);
	if (p->closing)
		return;
	if (status == TLS_EOF)
		go_on(p, exchange_end(&p->exchange));
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
		status = ask(p, 0);
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
		addr_show(p->report.peer, dial_peer(d));
		status = uv_read_start(dial_stream(d), on_alloc, on_read);
	}
	if (status != 0)
		finish_uv(p, status);
	pump(p);
}

/* What `target` only borrows. */
static void copy_texts(struct probe *p, const struct probe_target *target)
{
	size_t body_max[EXCHANGE_MAX] = { 0 };

	text_format(p->tls_name, sizeof(p->tls_name), "%s", target->tls_name);
	for (size_t i = 0; i < target->n_requests; i++) {
		const struct probe_request *r = &target->requests[i];

		assert(r->len <= PROBE_REQUEST_MAX);
		memcpy(p->requests[i], r->text, r->len);
		body_max[i] = r->body_max;
	}
	exchange_init(&p->exchange, body_max, target->n_requests);
}

int probe_start(struct probe **out, uv_loop_t *loop,
	const struct probe_target *target, probe_cb cb, void *arg)
{
	struct probe *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return UV_ENOMEM;
	if (tls_init(&p->tls, target->conf, target->tls_name, target->resume) !=
		0) {
		free(p);
		return UV_ENOMEM;
	}
	p->target = *target;
	copy_texts(p, target);
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

int probe_computes(const struct probe *p)
{
	return tls_shaking(&p->tls);
}
