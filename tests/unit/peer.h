#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "buf.h"

/* A TCP client on the test's own loop, which does one of these. */
enum peer_way {
	PEER_TALKS,  /* sends `text`, reads to the end */
	PEER_ENDS,   /* the same, and shuts its side after `text` */
	PEER_HOLDS,  /* sends `text`, reads nothing before peer_read() */
	PEER_HANGUP, /* closes once connected and `text` is sent */
	PEER_RESET,  /* the same, with RST */
	PEER_FLOODS, /* sends `text`, and then bytes for as long as it can */
};

/* Set what is above the line, the rest zero. */
struct peer {
	enum peer_way way;
	const char *text;
	size_t len;
	size_t step;      /* bytes sent at once; 0: all */
	const char *from; /* own address; NULL: the kernel chooses */

	struct buf got;
	bool done; /* closing; `end` says why */
	int end;   /* UV_EOF, UV_ECONNRESET ...; 0: it left by itself */

	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	uv_shutdown_t shutdown;
	size_t sent;
	bool closed;
};

void peer_open(struct peer *p, uv_loop_t *loop, const struct sockaddr *to);
/* Reads from here on. */
void peer_read(struct peer *p);
/* Shuts its side. */
void peer_shut(struct peer *p);
/* Harmless when done.  The loop must run before peer_free(). */
void peer_close(struct peer *p);
void peer_free(struct peer *p);

/* Whether it got these bytes and no others. */
bool peer_got(const struct peer *p, const char *text);

#endif
