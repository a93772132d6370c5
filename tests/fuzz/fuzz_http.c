/*
 * A response over HTTP, at once and byte by byte: the same code, body and end.
 * Debian's libhttp-parser agrees where both take it.
 */
#include "fuzz.h"

#include "http.h"
#include "oracle.h"

enum { BODY_MAX = 65536 };

static enum http_status feed(
	struct http_response *r, const char *data, size_t len, size_t step)
{
	enum http_status s = HTTP_MORE;
	size_t used;

	for (size_t at = 0; s == HTTP_MORE && at < len; at += step)
		s = http_feed(
			r, data + at, len - at < step ? len - at : step, &used);
	return s == HTTP_MORE ? http_finish(r, HTTP_END_CLEAN) : s;
}

static void compare(const struct http_response *r, const char *data, size_t len)
{
	struct oracle o;

	oracle_read(&o, data, len);
	/* RFC 9112, 6.3: these have no body; there it takes one. */
	if (o.whole && o.code != 204 && o.code != 304) {
		assert(o.code == r->code);
		assert(o.len == r->body.len);
		assert(o.len == 0 || memcmp(o.body, r->body.data, o.len) == 0);
	}
	free(o.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_response whole, bytes;
	enum http_status end;

	if (len == 0)
		return 0;
	http_init(&whole, BODY_MAX);
	http_init(&bytes, BODY_MAX);
	end = feed(&whole, (const char *)data, len, len);
	assert(feed(&bytes, (const char *)data, len, 1) == end);
	assert(end != HTTP_MORE);
	assert((whole.error != NULL) == (end == HTTP_BAD));
	if (end == HTTP_DONE) {
		assert(whole.code >= 200 && whole.code <= 999);
		assert(whole.code == bytes.code);
		assert(whole.keep_alive == bytes.keep_alive);
		assert(whole.body.len == bytes.body.len);
		compare(&whole, (const char *)data, len);
	}
	http_free(&whole);
	http_free(&bytes);
	return 0;
}
