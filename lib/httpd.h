#ifndef HTTPD_H
#define HTTPD_H

#include <stddef.h>

#include <uv.h>

#include "addr.h"
#include "httpreq.h"

/*
 * An HTTP/1.1 server for small, read-only answers: GET, HEAD and OPTIONS, one
 * request per connection, each bounded in bytes and in time (serve.h).  What is
 * no such request is answered with 400, 405, 408, 413, 414, 431 or 505 here.
 */
struct httpd;

enum {
	HTTPD_PATIENCE_MS = 5000, /* for a whole request */
	HTTPD_HOLD_MS = 2000, /* the longest that an answer may be put off */
};

enum httpd_time {
	HTTPD_FIRST, /* it may be put off */
	HTTPD_AGAIN, /* likewise; it has been */
	HTTPD_LAST,  /* it may not */
};

struct httpd_request {
	enum httpreq_method method; /* not HTTPREQ_OTHER */
	enum httpreq_wants wants;
	enum httpd_time time;
	const char *path;
};

/* `type` and `policy` are static; `body` is malloc()ed, and taken over. */
struct httpd_reply {
	int code; /* 200, 404, 500 or 503 */
	const char *type;
	const char *policy; /* Content-Security-Policy, or NULL */
	char *body;         /* NULL without memory: 500 is answered */
};

enum httpd_next {
	HTTPD_REPLY,
	HTTPD_LATER, /* ask again soon: the same request comes once more */
};

struct httpd_handler {
	/* 0: the connection is closed without a byte. */
	int (*let_in)(void *arg, const struct sockaddr *peer);
	enum httpd_next (*answer)(void *arg, const struct httpd_request *q,
		struct httpd_reply *reply);
	void *arg;
};

/*
 * Listens at ADDRESS:PORT, * for IPv4 and IPv6; `handler` is copied.  0, or a
 * UV_E* code with *out untouched.
 */
int httpd_open(struct httpd **out, uv_loop_t *loop, const char *address,
	const struct httpd_handler *handler);
/* No callback after this. */
void httpd_close(struct httpd *h);

/* 1 when it was opened with this address, else 0. */
int httpd_is(const struct httpd *h, const char *address);

/* "127.0.0.1:9200", with the real port. */
void httpd_address(const struct httpd *h, char dst[ADDR_TEXT_MAX]);

#endif
