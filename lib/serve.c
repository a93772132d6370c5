#include "serve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "serve_conn.h"

enum { BACKLOG = 1024 };

void serve_init_stream(enum serve_kind kind, uv_loop_t *loop, union stream *s)
{
	if (kind == KIND_TCP)
		uv_tcp_init(loop, &s->tcp);
	else
		uv_pipe_init(loop, &s->pipe, 0);
}

void serve_release(struct serve *s)
{
	if (s->listening || s->connections > 0)
		return;
	free(s->spare);
	free(s);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct serve *s = listener->data;

	if (status < 0)
		return;
	serve_conn_accept(s);
}

static void on_listener_closed(uv_handle_t *h)
{
	struct serve *s = h->data;

	s->listening = false;
	serve_release(s);
}

void serve_close(struct serve *s)
{
	assert(!s->closing);
	s->closing = true;
	while (s->oldest != NULL)
		serve_conn_close(s->oldest);
	uv_close(&s->s.handle, on_listener_closed);
}

static int create(struct serve **out, uv_loop_t *loop, enum serve_kind kind,
	uint64_t patience_ms)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return UV_ENOMEM;
	s->kind = kind;
	s->request_max =
		kind == KIND_TCP ? SERVE_REQUEST_MAX : SERVE_COMMAND_MAX;
	if (serve_conn_make_spare(s) != 0) {
		free(s);
		return UV_ENOMEM;
	}
	s->patience_ms = patience_ms;
	s->listening = true;
	serve_init_stream(kind, loop, &s->s);
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
