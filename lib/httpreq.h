#ifndef HTTPREQ_H
#define HTTPREQ_H

#include <stddef.h>

/*
 * A strict parser of HTTP/1.x requests without a body (RFC 9112), for a server
 * that answers one request per connection.  Pure: it is shown all bytes that
 * have come so far, from the start, each time there are more.
 *
 * What a lenient parser would guess at is refused: bare LF, a blank before the
 * colon, folded lines, two hosts, lengths that are no plain number.  A Host is
 * not asked for: health checks come without one, and one site is served.
 */
enum httpreq_method {
	HTTPREQ_GET,
	HTTPREQ_HEAD,
	HTTPREQ_OPTIONS,
	HTTPREQ_OTHER, /* none of these; whether it has a body is not asked */
};

enum httpreq_status {
	HTTPREQ_MORE, /* the head is not whole yet */
	HTTPREQ_DONE,
	HTTPREQ_BAD, /* `code` says why */
};

enum {
	HTTPREQ_HEAD_MAX = 8192, /* bytes of the whole head: 431 above */
	HTTPREQ_HEADERS_MAX = 100,
	HTTPREQ_TARGET_MAX = 1024, /* 414 above */
	HTTPREQ_METHOD_MAX = 32,
	HTTPREQ_DIGITS_MAX = 19, /* of a Content-Length */
};

/* What the client would rather be shown. */
enum httpreq_wants { HTTPREQ_ANYTHING, HTTPREQ_HTML };

struct httpreq {
	enum httpreq_method method; /* with HTTPREQ_BAD: as far as known */
	/*
	 * The target's path, without its query, %XX decoded; no '\0' in it. `*`
	 * is there as it came; "" with HTTPREQ_OTHER.
	 */
	char path[HTTPREQ_TARGET_MAX + 1];
	enum httpreq_wants wants;
	int code; /* with HTTPREQ_BAD: 400, 413, 414, 431 or 505 */

	/* Below: httpreq.c only. */
	unsigned headers, hosts, lengths, codings;
	int body;
};

/* Fills in `r` from data[0..len).  With HTTPREQ_DONE all of it is valid. */
enum httpreq_status httpreq_parse(
	struct httpreq *r, const char *data, size_t len);

#endif
