#include "serve.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BACKLOG = 1024 };

union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

enum kind { KIND_TCP, KIND_UNIX };

struct serve_conn {
	union stream s;
	uv_timer_t timer; /* patience first, then linger */
	uv_shutdown_t shutdown;
	uv_write_t write;
	char *rest;    /* of the reply, when the kernel did not take it whole */
	unsigned open; /* handles libuv has not closed yet */
	bool closing;
	bool replied;
	bool ended; /* the peer has shut its side */
	bool held;
	void *held_data;
	struct serve *serve;
	struct serve_conn *older, *newer;
	struct sockaddr_storage peer;
	size_t forgotten;
	size_t len;
	size_t cap;
	char request[];
};

/* A write of a held connection; owns its bytes. */
struct piece {
	uv_write_t req; /* first: on_piece_written() casts back */
	char text[];
};

struct serve {
	union stream s;
	enum kind kind;
	bool closing;
	bool listening; /* the listener's handle is not closed yet */
	size_t connections;
	struct serve_conn *oldest, *newest;
	uint64_t patience_ms;
	serve_cb cb;
	void *arg;
};

static void free_if_unused(struct serve *s)
{
	if (!s->listening && s->connections == 0)
		free(s);
}

static void unlink_conn(struct serve_conn *c)
{
	struct serve *s = c->serve;

	*(c->older != NULL ? &c->older->newer : &s->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &s->newest) = c->older;
}

static void link_newest(struct serve *s, struct serve_conn *c)
{
	c->serve = s;
	c->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = c;
	s->newest = c;
	s->connections++;
}

static void on_conn_closed(uv_handle_t *h)
{
	struct serve_conn *c = h->data;
	struct serve *s = c->serve;

	if (--c->open > 0)
		return;
	free(c->rest);
	free(c);
	s->connections--;
	free_if_unused(s);
}

static void finish(struct serve_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	unlink_conn(c);
	uv_close(&c->s.handle, on_conn_closed);
	uv_close((uv_handle_t *)&c->timer, on_conn_closed);
}

static void on_linger(uv_timer_t *timer)
{
	finish(timer->data);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct serve_conn *c = req->handle->data;

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
static int write_reply(struct serve_conn *c, const char *reply, size_t len)
{
	uv_stream_t *stream = &c->s.stream;
	uv_buf_t b = uv_buf_init((char *)reply, (unsigned)len);
	int n = len > 0 ? uv_try_write(stream, &b, 1) : 0;

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

static void reply(struct serve_conn *c, const char *text, size_t len)
{
	c->replied = true;
	if (write_reply(c, text, len) != 0 ||
		uv_shutdown(&c->shutdown, &c->s.stream, on_shutdown) != 0 ||
		uv_timer_start(&c->timer, on_linger, SERVE_LINGER_MS, 0) != 0)
		finish(c);
}

static void ask(struct serve_conn *c, enum serve_event event)
{
	struct serve_request r = { .event = event,
		.conn = c,
		.peer = (const struct sockaddr *)&c->peer,
		.fd = -1,
		.held = c->held_data,
		.data = c->request,
		.len = c->len };

	uv_fileno(&c->s.handle, &r.fd);
	switch (c->serve->cb(&r, c->serve->arg)) {
	case SERVE_HOLD:
		c->held = true;
		uv_timer_stop(&c->timer);
		break;
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

/* Ends a connection that somebody may be holding. */
static void drop(struct serve_conn *c)
{
	if (c->held && !c->closing) {
		c->held = false;
		ask(c, SERVE_GONE);
	}
	finish(c);
}

static void on_late(uv_timer_t *timer)
{
	ask(timer->data, SERVE_LATE);
}

/* After the reply the bytes go over the request: nobody looks at it again. */
static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct serve_conn *c = h->data;
	size_t used = c->replied || c->held ? 0 : c->len;

	(void)hint;
	*b = uv_buf_init(c->request + used, (unsigned)(c->cap - used));
}

/* Who has shut his side may still be taking a long reply. */
static void on_end(struct serve_conn *c)
{
	c->ended = true;
	uv_read_stop(&c->s.stream);
	if (c->held)
		return;
	if (!c->replied)
		ask(c, SERVE_ENDED);
	else if (uv_stream_get_write_queue_size(&c->s.stream) == 0)
		finish(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct serve_conn *c = stream->data;

	(void)b;
	if (n == 0 || c->closing)
		return;
	if (n == UV_EOF) {
		on_end(c);
	} else if (n < 0) {
		drop(c);
	} else if (c->replied || c->held) {
		c->forgotten += (size_t)n;
		if (c->forgotten > SERVE_FORGET_MAX)
			drop(c);
	} else {
		c->len += (size_t)n;
		ask(c, c->len < c->cap ? SERVE_MORE : SERVE_FULL);
	}
}

static void init_stream(enum kind kind, uv_loop_t *loop, union stream *s)
{
	/* Neither makes a socket yet, so neither can fail. */
	if (kind == KIND_TCP)
		uv_tcp_init(loop, &s->tcp);
	else
		uv_pipe_init(loop, &s->pipe, 0);
}

static int accept_conn(struct serve *s, struct serve_conn *c)
{
	int len = sizeof(c->peer);
	int rc = uv_accept(&s->s.stream, &c->s.stream);

	if (rc == 0 && s->kind == KIND_TCP)
		rc = uv_tcp_getpeername(
			&c->s.tcp, (struct sockaddr *)&c->peer, &len);
	return rc;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct serve *s = listener->data;
	size_t cap =
		s->kind == KIND_TCP ? SERVE_REQUEST_MAX : SERVE_COMMAND_MAX;
	struct serve_conn *c;

	if (status < 0)
		return;
	if (s->connections >= SERVE_CONNECTIONS_MAX && s->oldest != NULL)
		drop(s->oldest);
	c = calloc(1, sizeof(*c) + cap);
	if (c == NULL)
		return;
	c->cap = cap;
	init_stream(s->kind, listener->loop, &c->s);
	uv_timer_init(listener->loop, &c->timer);
	c->s.handle.data = c->timer.data = c;
	c->open = 2;
	link_newest(s, c);
	if (accept_conn(s, c) != 0) {
		finish(c);
		return;
	}
	ask(c, SERVE_OPENED);
	if (c->closing)
		return;
	if (uv_read_start(&c->s.stream, on_alloc, on_read) != 0 ||
		(!c->replied &&
			uv_timer_start(&c->timer, on_late, s->patience_ms, 0) !=
				0))
		finish(c);
}

static void on_piece_written(uv_write_t *req, int status)
{
	struct serve_conn *c = req->handle->data;

	free(req);
	if (status < 0)
		drop(c);
}

static void on_broken(uv_timer_t *timer)
{
	drop(timer->data);
}

void serve_hold_data(struct serve_conn *c, void *held)
{
	c->held_data = held;
}

void serve_write(struct serve_conn *c, const char *text, size_t len)
{
	struct piece *p = malloc(sizeof(*p) + len);
	uv_buf_t b;
	int rc = UV_ENOMEM;

	if (p != NULL && c->s.stream.write_queue_size <= SERVE_UNSENT_MAX) {
		memcpy(p->text, text, len);
		b = uv_buf_init(p->text, (unsigned)len);
		rc = uv_write(&p->req, &c->s.stream, &b, 1, on_piece_written);
	}
	if (rc != 0) {
		free(p);
		uv_timer_start(&c->timer, on_broken, 0, 0);
	}
}

void serve_finish(struct serve_conn *c)
{
	c->held = false;
	reply(c, "", 0);
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
	uv_close(&s->s.handle, on_listener_closed);
}

static int create(struct serve **out, uv_loop_t *loop, enum kind kind,
	uint64_t patience_ms)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return UV_ENOMEM;
	s->kind = kind;
	s->patience_ms = patience_ms;
	s->listening = true;
	init_stream(kind, loop, &s->s);
	s->s.handle.data = s;
	*out = s;
	return 0;
}

static int listen_or_close(struct serve *s, int rc, serve_cb cb, void *arg)
{
	s->cb = cb;
	s->arg = arg;
	if (rc == 0)
		rc = uv_listen(&s->s.stream, BACKLOG, on_connection);
	if (rc != 0)
		serve_close(s);
	return rc;
}

int serve_open(struct serve **out, uv_loop_t *loop, const struct sockaddr *sa,
	uint64_t patience_ms, serve_cb cb, void *arg)
{
	struct serve *s;
	int rc = create(&s, loop, KIND_TCP, patience_ms);

	if (rc != 0)
		return rc;
	rc = listen_or_close(s, uv_tcp_bind(&s->s.tcp, sa, 0), cb, arg);
	if (rc == 0)
		*out = s;
	return rc;
}

int serve_open_unix(struct serve **out, uv_loop_t *loop, int fd,
	uint64_t patience_ms, serve_cb cb, void *arg)
{
	struct serve *s;
	int rc = create(&s, loop, KIND_UNIX, patience_ms);

	if (rc != 0)
		return rc;
	rc = listen_or_close(s, uv_pipe_open(&s->s.pipe, fd), cb, arg);
	if (rc == 0)
		*out = s;
	return rc;
}

int serve_address(const struct serve *s, struct sockaddr_storage *sa)
{
	int len = sizeof(*sa);

	return uv_tcp_getsockname(&s->s.tcp, (struct sockaddr *)sa, &len);
}

size_t serve_connections(const struct serve *s)
{
	return s->connections;
}
