#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * A strict HTTP/1.x response parser (RFC 9112), fed with whatever bytes have
 * come.  No I/O, no time.
 *
 * It takes the three framings of a body: Content-Length, chunked, and "until
 * the end of the connection", the last one only with a clean end (for TLS:
 * close_notify), since nothing else tells a whole body from a cut one.
 * Interim responses (1xx) are skipped.  What a lenient parser would guess at
 * is refused: bare LF, a blank before the colon, folded lines, two lengths,
 * Content-Length beside Transfer-Encoding, lengths that are no plain number.
 */

enum http_status {
	HTTP_MORE, /* not whole yet: feed more */
	HTTP_DONE, /* `code` and `body` are whole */
	HTTP_BAD,  /* no response of this protocol; `error` says why */
};

/* `error` is this very text when the fault is not the peer's. */
extern const char http_no_memory[];
/* And this one when the body is longer than its cap. */
extern const char http_over_limit[];

/* How the transport ended. */
enum http_end {
	HTTP_END_CLEAN, /* the peer said that it was done */
	HTTP_END_CUT,   /* it just stopped */
};

/*
 * Over any of these the response is HTTP_BAD.  Interim responses count towards
 * the sums.
 */
enum {
	/* One line of the head or of a chunk's head, without its CRLF. */
	HTTP_LINE_MAX = 8192,
	/* All lines of heads and trailers with CRLF, and chunk extensions. */
	HTTP_HEAD_MAX = 32768,
	/* Header lines, trailers included. */
	HTTP_HEADERS_MAX = 100,
	/* 1xx responses before the real one; 101 is never taken. */
	HTTP_INTERIM_MAX = 8,
	/* Digits of a Content-Length and of a chunk's size, zeros included. */
	HTTP_LENGTH_DIGITS = 19,
	HTTP_CHUNK_DIGITS = 16,
};

struct http_response {
	int code;          /* status code, 200 to 999; valid with HTTP_DONE */
	struct buf body;   /* decoded; its limit is set by http_init() */
	const char *error; /* a clause, set with HTTP_BAD, else NULL */
	bool keep_alive;   /* valid with HTTP_DONE: may be asked again */

	/* Below: http.c only. */
	int state;
	struct buf line;
	size_t head_len;
	unsigned headers, interim;
	bool cr; /* the last byte of the head was CR */
	bool http10, says_close, says_keep_alive;
	bool has_length, chunked;
	unsigned long long left; /* of the body, or of this chunk */
};

/*
 * For each response: init, feed, perhaps finish, free.  `body_max` is the
 * largest body that is taken, in bytes.
 */
void http_init(struct http_response *r, size_t body_max);
void http_free(struct http_response *r);

/*
 * Consumes bytes of `data` up to the end of the response; *used says how many
 * were, which is fewer than `len` only with HTTP_DONE or HTTP_BAD.  HTTP_BAD
 * comes with the first byte that can't be right in a status line, and at the
 * latest with the end of a line elsewhere.  After those two, feeding again
 * changes nothing and uses nothing.
 */
enum http_status http_feed(
	struct http_response *r, const char *data, size_t len, size_t *used);

/*
 * The transport ended.  HTTP_DONE or HTTP_BAD; a response that was either of
 * them already stays so, however the transport ended.
 */
enum http_status http_finish(struct http_response *r, enum http_end end);

#endif
