/*
 * A response over HTTP, at once and byte by byte: the same code, body and end.
 * Debian's libhttp-parser agrees on what ours takes; ours refuses more, for
 * reasons that are listed.
 */
#include "fuzz.h"

#include <stdbool.h>

#include "http.h"
#include "oracle.h"

enum { BODY_MAX = 65536 };

/* All of it; *used is the length of the response. */
static enum http_status feed(struct http_response *r, const char *data,
	size_t len, size_t step, size_t *used)
{
	enum http_status s = HTTP_MORE;
	size_t n;

	*used = 0;
	for (size_t at = 0; s == HTTP_MORE && at < len; at += step) {
		s = http_feed(
			r, data + at, len - at < step ? len - at : step, &n);
		*used += n;
	}
	return s == HTTP_MORE ? http_finish(r, HTTP_END_CLEAN) : s;
}

/*
 * Where ours takes what libhttp-parser doesn't, or reads otherwise, and is
 * right:
 * - it is mistaken (oracle.h);
 * - a tab after a Content-Length or a chunk's size is a blank like any other
 *   (RFC 9110, 5.6.3);
 * - a trailer says nothing of lengths (RFC 9110, 6.5.1).
 */
static bool is_ours_to_take(
	const struct oracle *o, const char *data, size_t len)
{
	bool is_length = strcmp(o->error, "HPE_INVALID_CONTENT_LENGTH") == 0,
	     is_second = strcmp(o->error, "HPE_UNEXPECTED_CONTENT_LENGTH") == 0,
	     is_chunk = strcmp(o->error, "HPE_INVALID_CHUNK_SIZE") == 0;

	if (o->mistaken)
		return true;
	if (o->trailing)
		return is_length || is_second;
	return (is_length || is_chunk) && o->used < len &&
		data[o->used] == '\t';
}

static void expect_same(
	const struct http_response *r, size_t used, const struct oracle *o)
{
	assert(o->whole);
	assert(o->code == r->code);
	assert(o->used == used);
	assert(o->chunked == r->chunked && o->has_length == r->has_length);
	assert(o->len == r->body.len);
	assert(o->len == 0 || memcmp(o->body, r->body.data, o->len) == 0);
}

/*
 * Why ours may refuse what libhttp-parser takes: it is stricter (http.h), and
 * has limits.  Never because it finds no end, or for want of memory.
 */
static bool is_ours_to_refuse(const char *error)
{
	static const char *const reasons[] = {
		"no HTTP/1.x status line",
		"protocol switched unasked",
		"bare CR",
		"bare LF",
		"control byte in the head",
		"folded header line",
		"blank in or after a header name",
		"unknown transfer coding",
		"two Transfer-Encoding headers",
		"Transfer-Encoding in HTTP/1.0",
		"chunk size is not a number",
		"no CRLF after a chunk",
		"line over the limit",
		"head over the limit",
		"too many headers",
		"too many interim responses",
		"Content-Length has too many digits",
		"chunk size has too many digits",
		http_over_limit,
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(error, reasons[i]) == 0)
			return true;
	return false;
}

static void compare(const struct http_response *r, size_t used,
	const char *data, size_t len)
{
	struct oracle o;

	oracle_read(&o, data, len);
	if (r->error != NULL)
		assert(o.mistaken || !o.whole || is_ours_to_refuse(r->error));
	else if (!is_ours_to_take(&o, data, len))
		expect_same(r, used, &o);
	free(o.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct http_response whole, bytes;
	enum http_status end;
	size_t used, used_bytes;

	if (len == 0)
		return 0;
	http_init(&whole, BODY_MAX);
	http_init(&bytes, BODY_MAX);
	end = feed(&whole, text, len, len, &used);
	assert(feed(&bytes, text, len, 1, &used_bytes) == end);
	assert(used == used_bytes);
	assert(end != HTTP_MORE);
	assert((whole.error != NULL) == (end == HTTP_BAD));
	if (end == HTTP_DONE) {
		assert(whole.code >= 200 && whole.code <= 999);
		assert(whole.code == bytes.code);
		assert(whole.keep_alive == bytes.keep_alive);
		assert(whole.body.len == bytes.body.len);
	}
	compare(&whole, used, text, len);
	http_free(&whole);
	http_free(&bytes);
	return 0;
}
