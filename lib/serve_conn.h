#ifndef SERVE_CONN_H
#define SERVE_CONN_H

#include <stdbool.h>

#include "serve.h"

/*
 * What serve.c (the listener) and serve_conn.c (one connection: request, reply,
 * end) share; for these two alone.
 */
union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

enum serve_kind { KIND_TCP, KIND_UNIX };

struct serve {
	union stream s;
	enum serve_kind kind;
	bool closing;
	bool listening; /* the listener's handle is not closed yet */
	size_t connections;
	struct serve_conn *oldest, *newest;
	struct serve_conn *spare; /* for when there is no memory */
	bool stalled; /* one waits at the listener: no spare, or too many */
	uint64_t patience_ms;
	size_t request_max; /* bytes kept of a request */
	size_t rests;       /* bytes of replies that wait to be taken */
	serve_cb cb;
	void *arg;
};

/* Neither kind makes a socket yet, so neither can fail. */
void serve_init_stream(enum serve_kind kind, uv_loop_t *loop, union stream *s);

/* 0, or UV_ENOMEM. */
int serve_conn_make_spare(struct serve *s);

/* Takes the connection that waits at the listener. */
void serve_conn_accept(struct serve *s);

/* Ends it without a word. */
void serve_conn_close(struct serve_conn *c);

/* The listener or a connection has gone: frees `s` after the last. */
void serve_release(struct serve *s);

#endif
