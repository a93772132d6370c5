#include "serve_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "unixsock.h"

static void unlink_conn(struct serve_conn *c)
{
	struct serve *s = c->serve;

	*(c->older != NULL ? &c->older->newer : &s->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &s->newest) = c->older;
	s->linked--;
}

static void link_newest(struct serve *s, struct serve_conn *c)
{
	c->serve = s;
	c->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = c;
	s->newest = c;
	s->linked++;
	s->connections++;
}

static void on_conn_closed(uv_handle_t *h)
{
	struct serve_conn *c = h->data;
	struct serve *s = c->serve;

	if (--c->open > 0)
		return;
	s->rests -= c->rest_len;
	free(c->rest);
	free(c);
	s->connections--;
	serve_release(s);
}

void serve_conn_close(struct serve_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	unlink_conn(c);
	uv_close(&c->s.handle, on_conn_closed);
	uv_close((uv_handle_t *)&c->timer, on_conn_closed);
}

void serve_conn_on_over(uv_timer_t *timer)
{
	serve_conn_drop(timer->data);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct serve_conn *c = req->handle->data;

	/* ENOTCONN: the peer has its line and is gone already. */
	if (status < 0 || c->ended ||
		uv_timer_start(
			&c->timer, serve_conn_on_over, SERVE_LINGER_MS, 0) != 0)
		serve_conn_close(c);
}

static void on_written(uv_write_t *req, int status)
{
	if (status < 0)
		serve_conn_close(req->handle->data);
}

static bool same_source(const struct serve_conn *a, const struct serve_conn *b)
{
	return memcmp(&a->source, &b->source, sizeof(a->source)) == 0;
}

/*
 * For so many bytes more that wait to be taken: its source then has no more
 * than is left to others, so that two that are greedy leave a third something.
 */
static bool has_room(const struct serve_conn *c, size_t len)
{
	const struct serve *s = c->serve;
	size_t own = 0;

	for (const struct serve_conn *p = s->oldest; p != NULL; p = p->newer)
		if (same_source(p, c))
			own += p->rest_len;
	return s->rests + len + own + len <= SERVE_RESTS_MAX;
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
	if (!has_room(c, len))
		return UV_ENOBUFS;
	c->rest = malloc(len);
	if (c->rest == NULL)
		return UV_ENOMEM;
	c->rest_len = len;
	c->serve->rests += len;
	memcpy(c->rest, reply + n, len);
	b = uv_buf_init(c->rest, (unsigned)len);
	return uv_write(&c->write, stream, &b, 1, on_written);
}

/* A reply that the kernel didn't take whole has to be fetched first. */
static uint64_t linger_ms(const struct serve_conn *c)
{
	return uv_stream_get_write_queue_size(&c->s.stream) > 0
		? SERVE_FETCH_MS
		: SERVE_LINGER_MS;
}

void serve_conn_reply(struct serve_conn *c, const char *text, size_t len)
{
	c->replied = true;
	if (write_reply(c, text, len) != 0 ||
		uv_shutdown(&c->shutdown, &c->s.stream, on_shutdown) != 0 ||
		uv_timer_start(
			&c->timer, serve_conn_on_over, linger_ms(c), 0) != 0)
		serve_conn_close(c);
}

static void ask(struct serve_conn *c, enum serve_event event)
{
	struct serve_request r = { .event = event,
		.conn = c,
		.peer = c->serve->kind == KIND_TCP
			? (const struct sockaddr *)&c->peer
			: NULL,
		.fd = -1,
		.held = c->held_data,
		.data = c->request,
		.len = c->len };

	uv_fileno(&c->s.handle, &r.fd);
	switch (c->serve->cb(&r, c->serve->arg)) {
	case SERVE_HOLD:
		c->held = true;
		serve_conn_watch_held(c);
		break;
	case SERVE_WAIT:
		if (event != SERVE_OPENED && event != SERVE_MORE)
			serve_conn_close(c);
		break;
	case SERVE_REPLY:
		serve_conn_reply(c, r.reply, r.reply_len);
		break;
	case SERVE_REFUSE:
		serve_conn_close(c);
		break;
	}
}

void serve_conn_drop(struct serve_conn *c)
{
	if (c->held && !c->closing) {
		c->held = false;
		ask(c, SERVE_GONE);
	}
	serve_conn_close(c);
}

/*
 * Who makes room for `c`: of a source that has many, its own oldest; else the
 * oldest of all.  Those that are held come last.
 */
static struct serve_conn *in_the_way(
	const struct serve *s, const struct serve_conn *c)
{
	struct serve_conn *oldest = NULL, *own = NULL;
	size_t n = 0;

	for (struct serve_conn *p = s->oldest; p != NULL; p = p->newer) {
		if (p->held || p == c)
			continue;
		if (oldest == NULL)
			oldest = p;
		if (!same_source(p, c))
			continue;
		if (own == NULL)
			own = p;
		n++;
	}
	if (n >= SERVE_SOURCE_MAX)
		return own;
	return oldest != NULL ? oldest : s->oldest;
}

/* What has come while the loop was busy is read before anybody is late. */
static bool has_come(const struct serve_conn *c)
{
	struct pollfd p = { .events = POLLIN };

	return uv_fileno(&c->s.handle, &p.fd) == 0 && poll(&p, 1, 0) == 1;
}

static void on_patience(uv_timer_t *timer)
{
	struct serve_conn *c = timer->data;

	if (has_come(c))
		uv_timer_start(timer, on_patience, 1, 0);
	else
		ask(c, SERVE_LATE);
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
		serve_conn_watch_held(c);
	else if (!c->replied)
		ask(c, SERVE_ENDED);
	else if (uv_stream_get_write_queue_size(&c->s.stream) == 0)
		serve_conn_close(c);
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
		serve_conn_drop(c);
	} else if (c->replied || c->held) {
		c->forgotten += (size_t)n;
		if (c->forgotten > SERVE_FORGET_MAX)
			serve_conn_drop(c);
	} else {
		c->len += (size_t)n;
		ask(c, c->len < c->cap ? SERVE_MORE : SERVE_FULL);
	}
}

static int tell_source(const struct serve *s, struct serve_conn *c, int fd)
{
	struct unixsock_peer peer = { .uid = (uid_t)-1 };

	if (s->kind == KIND_TCP)
		return addr_host(&c->source, (struct sockaddr *)&c->peer);
	unixsock_peer(fd, &peer);
	memcpy(&c->source, &peer.uid, sizeof(peer.uid));
	return 0;
}

static int take_over(struct serve *s, struct serve_conn *c, int fd)
{
	int rc;

	if (s->kind == KIND_UNIX) {
		uv_pipe_init(s->loop, &c->s.pipe, 0);
		rc = uv_pipe_open(&c->s.pipe, fd);
	} else {
		uv_tcp_init(s->loop, &c->s.tcp);
		rc = uv_tcp_open(&c->s.tcp, fd);
	}
	if (rc == 0)
		return tell_source(s, c, fd);
	close(fd);
	return rc;
}

int serve_conn_make_spare(struct serve *s)
{
	if (s->spare != NULL)
		return 0;
	s->spare = calloc(1, sizeof(*s->spare) + s->request_max);
	if (s->spare == NULL)
		return UV_ENOMEM;
	s->spare->cap = s->request_max;
	return 0;
}

/* It has come; what becomes of it is the callback's to say. */
static void begin(struct serve *s, int fd)
{
	struct serve_conn *c = s->spare;
	int rc = take_over(s, c, fd);

	s->spare = NULL;
	uv_timer_init(s->loop, &c->timer);
	c->s.handle.data = c->timer.data = c;
	c->open = 2;
	link_newest(s, c);
	if (s->linked > SERVE_CONNECTIONS_MAX)
		serve_conn_drop(in_the_way(s, c));
	if (rc == 0)
		ask(c, SERVE_OPENED);
	/* uv_read_start() refuses what is being closed. */
	if (rc != 0 || uv_read_start(&c->s.stream, on_alloc, on_read) != 0) {
		serve_conn_close(c);
	} else if (!c->replied && !c->held) {
		/* Patience begins now, not when this turn of the loop did. */
		uv_update_time(s->loop);
		uv_timer_start(&c->timer, on_patience, s->patience_ms, 0);
	}
}

int serve_conn_accept(struct serve *s)
{
	socklen_t len = sizeof(s->spare->peer);
	int fd;

	if (serve_conn_make_spare(s) != 0)
		return UV_ENOMEM;
	fd = accept4(s->fd, (struct sockaddr *)&s->spare->peer, &len,
		SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	begin(s, fd);
	return 0;
}
