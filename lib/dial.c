/*
 * An attempt that failed closes its handle, and on_attempt_closed() starts the
 * next one in the same memory, or tells the owner that there is none.
 */
#include "dial.h"

#include <assert.h>

static void start_attempt(struct dial *d);

static void on_closed(uv_handle_t *h)
{
	struct dial *d = h->data;

	assert(d->open > 0);
	if (--d->open == 0 && d->closing)
		d->closed_cb(d);
}

static void on_attempt_closed(uv_handle_t *h)
{
	struct dial *d = h->data;
	bool closing = d->closing;

	on_closed(h);
	if (closing)
		return; /* and `d` may be gone */
	if (d->attempt + 1 == d->addrs->n) {
		d->cb(d, d->error);
		return;
	}
	d->attempt++;
	start_attempt(d);
}

/* An answer tells more than silence, and silence more than no way there. */
static int weight_of(int error)
{
	switch (error) {
	case 0:
		return 0;
	case UV_ECONNREFUSED:
	case UV_ECONNRESET:
		return 3;
	case UV_ETIMEDOUT:
		return 2;
	default:
		return 1;
	}
}

static void fail_attempt(struct dial *d, int error)
{
	d->trying = false;
	d->dead = true;
	if (weight_of(error) > weight_of(d->error)) {
		d->error = error;
		d->telling = d->attempt;
	}
	uv_timer_stop(&d->patience);
	uv_close((uv_handle_t *)&d->tcp, on_attempt_closed);
}

static void on_patience(uv_timer_t *timer)
{
	fail_attempt(timer->data, UV_ETIMEDOUT);
}

static void on_connect(uv_connect_t *req, int status)
{
	struct dial *d = req->handle->data;

	if (!d->trying)
		return;
	if (status != 0) {
		fail_attempt(d, status);
		return;
	}
	d->trying = false;
	d->telling = d->attempt;
	uv_timer_stop(&d->patience);
	uv_tcp_nodelay(&d->tcp, 1);
	d->cb(d, 0);
}

static void start_attempt(struct dial *d)
{
	uint64_t now_ms = uv_now(d->loop);
	uint64_t left = d->until_ms > now_ms ? d->until_ms - now_ms : 0;
	size_t more = d->addrs->n - d->attempt;
	int rc;

	uv_tcp_init(d->loop, &d->tcp); /* no socket yet: can't fail */
	d->tcp.data = d;
	d->open++;
	d->trying = true;
	d->dead = false;
	rc = uv_tcp_connect(&d->connect, &d->tcp,
		(const struct sockaddr *)&d->addrs->sa[d->attempt], on_connect);
	if (rc == 0 && more > 1)
		rc = uv_timer_start(&d->patience, on_patience, left / more, 0);
	if (rc != 0)
		fail_attempt(d, rc);
}

void dial_start(struct dial *d, uv_loop_t *loop,
	const struct resolve_addrs *addrs, uint64_t timeout_ms, dial_cb cb,
	void *data)
{
	assert(addrs->n > 0);
	*d = (struct dial){ .loop = loop,
		.addrs = addrs,
		.until_ms = uv_now(loop) + timeout_ms,
		.cb = cb,
		.data = data };
	uv_timer_init(loop, &d->patience);
	d->patience.data = d;
	d->open = 1;
	start_attempt(d);
}

void dial_close(struct dial *d, dial_closed_cb cb)
{
	assert(!d->closing);
	d->closing = true;
	d->trying = false;
	d->closed_cb = cb;
	uv_close((uv_handle_t *)&d->patience, on_closed);
	if (!d->dead)
		uv_close((uv_handle_t *)&d->tcp, on_closed);
}

uv_stream_t *dial_stream(struct dial *d)
{
	return (uv_stream_t *)&d->tcp;
}

const struct sockaddr *dial_peer(const struct dial *d)
{
	return (const struct sockaddr *)&d->addrs->sa[d->telling];
}
