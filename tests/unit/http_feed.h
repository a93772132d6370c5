#ifndef HTTP_FEED_H
#define HTTP_FEED_H

/*
 * What the tests of the response parser share.  Every piece of input is fed
 * from the end of a page that a page without access follows, so that a parser
 * that reads on crashes, whatever the build.
 */
#include "t.h"

#include <sys/mman.h>

#include "http.h"

enum {
	BODY_MAX = 16,     /* for all but recorded responses */
	ROOM = 128 * 1024, /* whole pages, of any size in use */
	WHOLE = ROOM,      /* as a step: all at once */
};

static const size_t steps[] = { 1, 2, 7, 100, WHOLE };

#define EACH(i, table) \
	size_t i = 0; \
	i < sizeof(table) / sizeof(*(table)); \
	i++

#define H10 "HTTP/1.0 200 OK\r\n"
#define H "HTTP/1.1 200 OK\r\n"
#define LEN(n) "Content-Length: " n "\r\n"
#define TE(coding) "Transfer-Encoding: " coding "\r\n"
#define CONN(options) "Connection: " options "\r\n"
#define CRLF "\r\n"
#define CHUNKED H TE("chunked") CRLF

/* What fails here is a row of a table: name it. */
#define CHECK(name, what) \
	do { \
		if (!(what)) \
			fail_msg("%s: not so: %s", (name), #what); \
	} while (0)

static char *guard; /* the page without access */

static int make_guard(void **state)
{
	char *map = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (map == MAP_FAILED)
		return -1;
	guard = map + ROOM;
	return mprotect(guard, ROOM, PROT_NONE);
}

static int drop_guard(void **state)
{
	(void)state;
	return munmap(guard - ROOM, 2 * ROOM);
}

/*
 * Feeds the first `first` bytes, then steps of `step`, until the response is
 * no longer HTTP_MORE.  *used is the sum.
 */
static enum http_status feed(struct http_response *r, const char *in,
	size_t len, size_t first, size_t step, size_t *used)
{
	enum http_status status = HTTP_MORE;
	size_t n = first, took;

	*used = 0;
	for (size_t at = 0; at < len && status == HTTP_MORE;
		at += n, n = step) {
		if (n > len - at)
			n = len - at;
		memcpy(guard - n, in + at, n);
		status = http_feed(r, guard - n, n, &took);
		CHECK(in, status != HTTP_MORE || took == n);
		*used += took;
	}
	return status;
}

#endif
