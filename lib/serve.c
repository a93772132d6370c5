#include "serve.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BACKLOG = 1024 };

struct conn {
	uv_tcp_t tcp;
	uv_timer_t timer; /* patience first, then linger */
	uv_shutdown_t shutdown;
	uv_write_t write;
	char *rest;    /* of the reply, when the kernel did not take it whole */
	unsigned open; /* handles libuv has not closed yet */
	bool closing;
	bool replied;
	bool ended; /* the peer has shut its side */
	struct serve *serve;
	struct conn *older, *newer;
	struct sockaddr_storage peer;
	size_t forgotten;
	size_t len;
	char request[SERVE_REQUEST_MAX];
};

struct serve {
	uv_tcp_t tcp;
	bool closing;
	bool listening; /* the listener's handle is not closed yet */
	size_t connections;
	struct conn *oldest, *newest;
	uint64_t patience_ms;
	serve_cb cb;
	void *arg;
};

static void free_if_unused(struct serve *s)
{
	if (!s->listening && s->connections == 0)
		free(s);
}

static void unlink_conn(struct conn *c)
{
	struct serve *s = c->serve;

	*(c->older != NULL ? &c->older->newer : &s->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &s->newest) = c->older;
}

static void link_newest(struct serve *s, struct conn *c)
{
	c->serve = s;
	c->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = c;
	s->newest = c;
	s->connections++;
}

static void on_conn_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct serve *s = c->serve;

	if (--c->open > 0)
		return;
	free(c->rest);
	free(c);
	s->connections--;
	free_if_unused(s);
}

static void finish(struct conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	unlink_conn(c);
	uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
	uv_close((uv_handle_t *)&c->timer, on_conn_closed);
}

static void on_linger(uv_timer_t *timer)
{
	finish(timer->data);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct conn *c = req->handle->data;

	/* ENOTCONN: the peer has its line and is gone already. */
	if (status < 0 || c->ended)
		finish(c);
}

static void on_written(uv_write_t *req, int status)
{
	if (status < 0)
		finish(req->handle->data);
}

/* Writes at once, as nearly always works, or leaves the rest to libuv. */
static int write_reply(struct conn *c, const char *reply, size_t len)
{
	uv_stream_t *stream = (uv_stream_t *)&c->tcp;
	uv_buf_t b = uv_buf_init((char *)reply, (unsigned)len);
	int n = uv_try_write(stream, &b, 1);

	if (n == UV_EAGAIN)
		n = 0;
	if (n < 0 || (size_t)n == len)
		return n < 0 ? n : 0;
	len -= (size_t)n;
	c->rest = malloc(len);
	if (c->rest == NULL)
		return UV_ENOMEM;
	memcpy(c->rest, reply + n, len);
	b = uv_buf_init(c->rest, (unsigned)len);
	return uv_write(&c->write, stream, &b, 1, on_written);
}

static void reply(struct conn *c, const char *text, size_t len)
{
	c->replied = true;
	if (write_reply(c, text, len) != 0 ||
		uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp,
			on_shutdown) != 0 ||
		uv_timer_start(&c->timer, on_linger, SERVE_LINGER_MS, 0) != 0)
		finish(c);
}

static void ask(struct conn *c, enum serve_event event)
{
	struct serve_request r = { .event = event,
		.peer = (const struct sockaddr *)&c->peer,
		.data = c->request,
		.len = c->len };

	switch (c->serve->cb(&r, c->serve->arg)) {
	case SERVE_WAIT:
		if (event != SERVE_OPENED && event != SERVE_MORE)
			finish(c);
		break;
	case SERVE_REPLY:
		reply(c, r.reply, r.reply_len);
		break;
	case SERVE_REFUSE:
		finish(c);
		break;
	}
}

static void on_late(uv_timer_t *timer)
{
	ask(timer->data, SERVE_LATE);
}

/* After the reply the bytes go over the request: nobody looks at it again. */
static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct conn *c = h->data;
	size_t used = c->replied ? 0 : c->len;

	(void)hint;
	*b = uv_buf_init(
		c->request + used, (unsigned)(sizeof(c->request) - used));
}

/* Who has shut his side may still be taking a long reply. */
static void on_end(struct conn *c)
{
	uv_stream_t *stream = (uv_stream_t *)&c->tcp;

	c->ended = true;
	uv_read_stop(stream);
	if (!c->replied)
		ask(c, SERVE_ENDED);
	else if (uv_stream_get_write_queue_size(stream) == 0)
		finish(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = stream->data;

	(void)b;
	if (n == 0 || c->closing)
		return;
	if (n == UV_EOF) {
		on_end(c);
	} else if (n < 0) {
		finish(c);
	} else if (c->replied) {
		c->forgotten += (size_t)n;
		if (c->forgotten > SERVE_FORGET_MAX)
			finish(c);
	} else {
		c->len += (size_t)n;
		ask(c, c->len < sizeof(c->request) ? SERVE_MORE : SERVE_FULL);
	}
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct serve *s = listener->data;
	struct conn *c;
	int len = sizeof(c->peer);

	if (status < 0)
		return;
	if (s->connections >= SERVE_CONNECTIONS_MAX && s->oldest != NULL)
		finish(s->oldest);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return;
	uv_tcp_init(listener->loop, &c->tcp);
	uv_timer_init(listener->loop, &c->timer);
	c->tcp.data = c->timer.data = c;
	c->open = 2;
	link_newest(s, c);
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 ||
		uv_tcp_getpeername(
			&c->tcp, (struct sockaddr *)&c->peer, &len) != 0) {
		finish(c);
		return;
	}
	ask(c, SERVE_OPENED);
	if (c->closing)
		return;
	if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0 ||
		(!c->replied &&
			uv_timer_start(&c->timer, on_late, s->patience_ms, 0) !=
				0))
		finish(c);
}

static void on_listener_closed(uv_handle_t *h)
{
	struct serve *s = h->data;

	s->listening = false;
	free_if_unused(s);
}

void serve_close(struct serve *s)
{
	assert(!s->closing);
	s->closing = true;
	while (s->oldest != NULL)
		finish(s->oldest);
	uv_close((uv_handle_t *)&s->tcp, on_listener_closed);
}

int serve_open(struct serve **out, uv_loop_t *loop, const struct sockaddr *sa,
	uint64_t patience_ms, serve_cb cb, void *arg)
{
	struct serve *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return UV_ENOMEM;
	s->patience_ms = patience_ms;
	s->cb = cb;
	s->arg = arg;
	s->listening = true;
	rc = uv_tcp_init(loop, &s->tcp);
	if (rc != 0) {
		free(s);
		return rc;
	}
	s->tcp.data = s;
	rc = uv_tcp_bind(&s->tcp, sa, 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&s->tcp, BACKLOG, on_connection);
	if (rc != 0) {
		serve_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

int serve_address(const struct serve *s, struct sockaddr_storage *sa)
{
	int len = sizeof(*sa);

	return uv_tcp_getsockname(&s->tcp, (struct sockaddr *)sa, &len);
}

size_t serve_connections(const struct serve *s)
{
	return s->connections;
}
