#ifndef SERVE_CONN_H
#define SERVE_CONN_H

#include <stdbool.h>

#include "addr.h"
#include "serve.h"

/*
 * What serve.c (the listener), serve_conn.c (one connection: request, reply,
 * end) and serve_held.c (one that is held) share; for these alone.
 */
union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

enum serve_kind { KIND_TCP, KIND_UNIX };

struct serve {
	uv_loop_t *loop;
	enum serve_kind kind;
	int fd;           /* that listens */
	uv_poll_t poll;   /* somebody waits at `fd` */
	uv_timer_t rest;  /* until nobody is let in */
	uint64_t said_ms; /* that nobody can be; 0: never */
	unsigned open;    /* of these two, that libuv has not closed yet */
	bool closing;
	size_t connections, linked; /* all; those that are not being closed */
	struct serve_conn *oldest, *newest;
	struct serve_conn *spare; /* of who comes next */
	uint64_t patience_ms;
	size_t request_max; /* bytes kept of a request */
	size_t rests;       /* bytes of replies that wait to be taken */
	serve_cb cb;
	void *arg;
};

struct serve_conn {
	union stream s;
	uv_timer_t timer; /* patience first, then linger */
	uv_shutdown_t shutdown;
	uv_write_t write;
	char *rest; /* of the reply, when the kernel did not take it whole */
	size_t rest_len;
	unsigned open; /* handles libuv has not closed yet */
	bool closing;
	bool replied;
	bool ended; /* the peer has shut its side */
	bool held;
	bool broken; /* a piece is missing: what comes after must not be sent */
	void *held_data;
	struct serve *serve;
	struct serve_conn *older, *newer;
	struct sockaddr_storage peer;
	struct addr_host source; /* the peer's address; unix: his uid */
	size_t forgotten, len, cap;
	char request[];
};

/* 0, or UV_ENOMEM. */
int serve_conn_make_spare(struct serve *s);

/*
 * Takes a connection that waits.  0; UV_EAGAIN when there is none; else a UV_E*
 * code, for which it goes on waiting.
 */
int serve_conn_accept(struct serve *s);

/* Ends it without a word. */
void serve_conn_close(struct serve_conn *c);

/* The same; who holds it hears so. */
void serve_conn_drop(struct serve_conn *c);
void serve_conn_on_over(uv_timer_t *timer);

/* The end of what is sent. */
void serve_conn_reply(struct serve_conn *c, const char *text, size_t len);

/* It is held from now on, or its peer has shut his side. */
void serve_conn_watch_held(struct serve_conn *c);

/* The listener or a connection has gone: frees `s` after the last. */
void serve_release(struct serve *s);

#endif
