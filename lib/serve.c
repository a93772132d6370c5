#include "serve.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "log.h"
#include "serve_conn.h"

enum {
	BACKLOG = 1024,
	/*
	 * Taken in a turn of the loop.  A flood must not keep it from all else,
	 * and what is closed at once is gone at the end of the turn.
	 */
	AT_ONCE = 64,
	REST_MS = 100, /* when nobody can be taken: no descriptors, no memory */
	SAY_MS = 60000,
};

void serve_release(struct serve *s)
{
	if (s->open > 0 || s->connections > 0)
		return;
	free(s->spare);
	free(s);
}

static void on_waiting(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *timer)
{
	struct serve *s = timer->data;

	if (uv_poll_start(&s->poll, UV_READABLE, on_waiting) != 0)
		uv_timer_start(timer, on_rested, REST_MS, 0);
}

static void rest(struct serve *s, int error)
{
	uint64_t now_ms = uv_now(s->loop);

	if (s->said_ms == 0 || now_ms - s->said_ms >= SAY_MS) {
		log_warn("accept text=\"who connects has to wait: %s\"",
			uv_strerror(error));
		s->said_ms = now_ms;
	}
	uv_poll_stop(&s->poll);
	uv_timer_start(&s->rest, on_rested, REST_MS, 0);
}

/* Of a connection that was over before it was taken: accept(2). */
static bool is_its_own(int error)
{
	switch (error) {
	case UV_EINTR:
	case UV_ECONNABORTED:
	case UV_EPROTO:
	case UV_ENOPROTOOPT:
	case UV_ENOTSUP:
	case UV_ENETDOWN:
	case UV_ENETUNREACH:
	case UV_EHOSTDOWN:
	case UV_EHOSTUNREACH:
	case UV_ENONET:
		return true;
	default:
		return false;
	}
}

/*
 * Ours and not uv_listen(): who can't be taken stays readable, and libuv tries
 * again and again, in some versions without a look at anything else.
 */
static void on_waiting(uv_poll_t *poll, int status, int events)
{
	struct serve *s = poll->data;

	(void)events;
	for (int i = 0; i < AT_ONCE && status == 0 && !s->closing; i++) {
		status = serve_conn_accept(s);
		if (is_its_own(status))
			status = 0;
	}
	if (status != 0 && status != UV_EAGAIN)
		rest(s, status);
}

static void on_listener_closed(uv_handle_t *h)
{
	struct serve *s = h->data;

	s->open--;
	serve_release(s);
}

void serve_close(struct serve *s)
{
	assert(!s->closing);
	s->closing = true;
	while (s->oldest != NULL)
		serve_conn_close(s->oldest);
	uv_close((uv_handle_t *)&s->poll, on_listener_closed);
	uv_close((uv_handle_t *)&s->rest, on_listener_closed);
	close(s->fd);
}

static int create(
	struct serve **out, uv_loop_t *loop, int fd, enum serve_kind kind)
{
	struct serve *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return UV_ENOMEM;
	s->loop = loop;
	s->kind = kind;
	s->fd = fd;
	s->request_max =
		kind == KIND_TCP ? SERVE_REQUEST_MAX : SERVE_COMMAND_MAX;
	rc = serve_conn_make_spare(s);
	if (rc == 0)
		rc = uv_poll_init(loop, &s->poll, fd);
	if (rc != 0) {
		free(s->spare);
		free(s);
		return rc;
	}
	uv_timer_init(loop, &s->rest);
	s->poll.data = s->rest.data = s;
	s->open = 2;
	*out = s;
	return 0;
}

/* Takes `fd` over, which is bound, also when it fails. */
static int listen_at(struct serve **out, uv_loop_t *loop, int fd,
	enum serve_kind kind, uint64_t patience_ms, serve_cb cb, void *arg)
{
	struct serve *s;
	int rc = create(&s, loop, fd, kind);

	if (rc != 0) {
		close(fd);
		return rc;
	}
	s->patience_ms = patience_ms;
	s->cb = cb;
	s->arg = arg;
	rc = listen(fd, BACKLOG) == 0
		? uv_poll_start(&s->poll, UV_READABLE, on_waiting)
		: uv_translate_sys_error(errno);
	if (rc != 0)
		serve_close(s);
	else
		*out = s;
	return rc;
}

/* A socket bound to `sa`, or a UV_E* code. */
static int bind_to(const struct sockaddr *sa)
{
	bool six = sa->sa_family == AF_INET6;
	int fd = socket(
		sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0, rc;

	if (fd < 0)
		return uv_translate_sys_error(errno);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* [::] is for everybody. */
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, sa,
		    six ? sizeof(struct sockaddr_in6)
			: sizeof(struct sockaddr_in)) == 0)
		return fd;
	rc = uv_translate_sys_error(errno);
	close(fd);
	return rc;
}

int serve_open(struct serve **out, uv_loop_t *loop, const struct sockaddr *sa,
	uint64_t patience_ms, serve_cb cb, void *arg)
{
	int fd = bind_to(sa);

	return fd < 0
		? fd
		: listen_at(out, loop, fd, KIND_TCP, patience_ms, cb, arg);
}

static int open_host(struct serve **out, uv_loop_t *loop, const char *host,
	unsigned port, uint64_t patience_ms, serve_cb cb, void *arg)
{
	struct sockaddr_storage sa;
	int rc = addr_literal(&sa, host, port);

	/* Then it is half filled in, as the address for everybody. */
	if (rc != 0)
		return rc;
	return serve_open(
		out, loop, (struct sockaddr *)&sa, patience_ms, cb, arg);
}

int serve_open_text(struct serve **out, uv_loop_t *loop, const char *address,
	uint64_t patience_ms, serve_cb cb, void *arg)
{
	struct addr_parts at;
	int rc = addr_split(&at, address, 0);

	if (rc != 0)
		return rc;
	if (strcmp(at.host, "*") != 0)
		return open_host(
			out, loop, at.host, at.port, patience_ms, cb, arg);
	rc = open_host(out, loop, "::", at.port, patience_ms, cb, arg);
	/* No IPv6 on this machine. */
	if (rc == UV_EAFNOSUPPORT || rc == UV_EADDRNOTAVAIL)
		rc = open_host(
			out, loop, "0.0.0.0", at.port, patience_ms, cb, arg);
	return rc;
}

int serve_set_request_max(struct serve *s, size_t max)
{
	free(s->spare);
	s->spare = NULL;
	s->request_max = max;
	return serve_conn_make_spare(s);
}

int serve_open_unix(struct serve **out, uv_loop_t *loop, int fd,
	uint64_t patience_ms, serve_cb cb, void *arg)
{
	return listen_at(out, loop, fd, KIND_UNIX, patience_ms, cb, arg);
}

int serve_address(const struct serve *s, struct sockaddr_storage *sa)
{
	socklen_t len = sizeof(*sa);

	return getsockname(s->fd, (struct sockaddr *)sa, &len) == 0
		? 0
		: uv_translate_sys_error(errno);
}

size_t serve_connections(const struct serve *s)
{
	return s->connections;
}
