/*
 * Life of a probe:
 *
 *	connect -> handshake -> request -> answer -+-> end
 *	                                           |    ^
 *	                            second request +-> answer
 *
 * A full handshake computes; it does so in a thread when its turn has come, and
 * meanwhile nothing is read, and nothing here touches `tls`.  Every way out is
 * finish(); callback and free come in release(), once all handles are closed
 * and the thread is done.  A time-out before the connection stands is
 * OUTCOME_TIMEOUT, after it OUTCOME_BUSY: the kernel accepts for a hung server.
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
#include "flush.h"
#include "shake.h"
#include "text.h"

struct probe {
	struct dial dial;
	uv_timer_t deadline; /* of the whole probe */
	unsigned open; /* dial, deadline and shake, until libuv has let go */
	bool closing;  /* finish() has run */
	bool connected;
	bool secure;   /* handshake done, first request written */
	bool answered; /* the first answer is whole */
	uint64_t started_ms;

	struct tls tls;
	struct shake shake;
	struct exchange exchange;
	struct probe_target target;
	char tls_name[PROBE_NAME_MAX];
	char requests[PROBE_REQUESTS_MAX][PROBE_REQUEST_MAX];
	struct probe_report report;
	probe_cb cb;
	void *arg;
	char read[16384];
};

static uint64_t age_ms(const struct probe *p)
{
	return uv_now(p->deadline.loop) - p->started_ms;
}

static void report_answers(struct probe *p)
{
	for (size_t i = 0; i < p->exchange.n_whole; i++) {
		const struct http_response *r = &p->exchange.answers[i];

		p->report.answers[i] = (struct probe_answer){ r->code,
			r->body.data, r->body.len };
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
	if (shake_leave(&p->shake))
		p->open++;
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
	unsigned long long ours = shake_spent_ms(&p->shake);

	if (age > due + PROBE_STANDSTILL_MS)
		finish(p, OUTCOME_INTERNAL, "stood still %llu ms", age - due);
	else if (p->answered)
		finish(p, OUTCOME_BUSY, "no answer for %llu ms",
			age - p->report.answered_ms);
	else if (2 * ours > due)
		finish(p, OUTCOME_INTERNAL, "handshake held up %llu ms", ours);
	else if (p->connected)
		finish(p, OUTCOME_BUSY, "connected, then no answer for %llu ms",
			age - p->report.connected_ms);
	else
		finish_uv(p, UV_ETIMEDOUT);
}

static void on_unsent(void *arg, int error)
{
	finish_uv(arg, error);
}

/* Sends all that TLS has to say. */
static void flush(struct probe *p)
{
	int rc;

	if (p->closing)
		return;
	rc = flush_buf(dial_stream(&p->dial), &p->tls.out, on_unsent, p);
	if (rc != 0)
		finish_uv(p, rc);
}

static void finish_answered(struct probe *p)
{
	tls_close(&p->tls);
	flush(p);
	finish(p, OUTCOME_OK, "%s",
		p->exchange.error != NULL ? p->exchange.error : "");
}

static void finish_bad_answer(struct probe *p)
{
	enum outcome o = exchange_out_of_memory(&p->exchange) ? OUTCOME_INTERNAL
							      : OUTCOME_HTTP;

	if (p->answered && exchange_over_limit(&p->exchange))
		p->report.second = PROBE_OVER_LIMIT;
	finish(p, o, "%s", p->exchange.error);
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

static void shaken(struct probe *p, enum tls_status status)
{
	if (status == TLS_OK) {
		p->secure = true;
		p->report.secured_ms = age_ms(p);
		p->report.tls_version = tls_version(&p->tls);
		p->report.resumed = tls_resumed(&p->tls);
		status = ask(p, 0);
	}
	flush(p);
	if (status == TLS_FAIL)
		finish_tls(p);
	else if (p->secure)
		read_answer(p);
}

static void pump(struct probe *p)
{
	enum tls_status status;

	if (p->closing)
		return;
	if (p->secure) {
		read_answer(p);
		return;
	}
	status = shake_step(&p->shake);
	if (status == TLS_HEAVY)
		uv_read_stop(dial_stream(&p->dial));
	else
		shaken(p, status);
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
	if (n == UV_EOF)
		tls_feed_eof(&p->tls);
	else if (n < 0)
		finish_uv(p, (int)n);
	else
		feed(p, b->base, (size_t)n);
	pump(p);
}

static void listen_on(struct probe *p)
{
	int rc;

	if (p->closing)
		return;
	rc = uv_read_start(dial_stream(&p->dial), on_alloc, on_read);
	if (rc != 0)
		finish_uv(p, rc);
}

static void on_shaken(void *arg, enum tls_status status)
{
	struct probe *p = arg;

	if (p->closing) {
		release(p);
		return;
	}
	shaken(p, status);
	listen_on(p);
}

static void on_dialled(struct dial *d, int status)
{
	struct probe *p = d->data;

	if (status != 0) {
		finish_uv(p, status);
		return;
	}
	p->connected = true;
	p->report.connected_ms = age_ms(p);
	addr_show(p->report.peer, dial_peer(d));
	pump(p);
	listen_on(p);
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
	shake_open(&p->shake, target->turns, &p->tls, on_shaken, p);
	copy_texts(p, target);
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
	return shake_computes(&p->shake);
}
