#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <uv.h>

/*
 * Life of a response:
 *
 *	STATUS -> HEADER -+-> LENGTH ----------------------------> DONE
 *	   ^        |     +-> UNTIL_END -- http_finish() -------->
 *	   +- 1xx --+     +-> CHUNK_SIZE -> (0) -> TRAILER ------>
 *	                  |      ^  +-> CHUNK -> CHUNK_END -+
 *	                  |      +--------------------------+
 *	                  +-> (204, 304, length 0) -------------->
 *
 * All but LENGTH, UNTIL_END and CHUNK collect a line, byte by byte, so that a
 * byte which can't be right ends it at once: what talks another protocol may
 * never send a line.  NUL is refused there, so a line is a C string.
 *
 * Functions that can refuse return the clause for `error`, NULL when content.
 */
enum state {
	STATUS,
	HEADER,
	LENGTH,
	UNTIL_END,
	CHUNK_SIZE,
	CHUNK,
	CHUNK_END,
	TRAILER,
	DONE,
	BAD,
};

#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define BLANKS " \t"

/* RFC 9110, 5.6.2: what names are made of. */
#define TOKEN \
	DIGITS "abcdefghijklmnopqrstuvwxyz" \
	       "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~"

const char http_no_memory[] = "out of memory";

const char http_over_limit[] = "body over the limit";

void http_init(struct http_response *r, size_t body_max)
{
	*r = (struct http_response){
		.state = STATUS,
		.body = BUF_INIT(body_max),
		.line = BUF_INIT(HTTP_LINE_MAX + 1), /* the NUL */
	};
}

void http_free(struct http_response *r)
{
	buf_free(&r->body);
	buf_free(&r->line);
}

static void refuse(struct http_response *r, const char *clause)
{
	r->state = BAD;
	r->error = clause;
	r->keep_alive = false;
}

static enum http_status status_of(const struct http_response *r)
{
	if (r->state == BAD)
		return HTTP_BAD;
	return r->state == DONE ? HTTP_DONE : HTTP_MORE;
}

static const char *append(
	struct buf *b, const void *data, size_t len, const char *too_long)
{
	switch (buf_append(b, data, len)) {
	case 0:
		return NULL;
	case UV_ENOBUFS:
		return too_long;
	default:
		return http_no_memory;
	}
}

static const char *count_head(struct http_response *r, size_t len)
{
	r->head_len += len;
	return r->head_len > HTTP_HEAD_MAX ? "head over the limit" : NULL;
}

/* In `shape`, 9 stands for any digit and N for any but 0. */
static bool fits_status_line(size_t at, char c)
{
	static const char shape[] = "HTTP/1.9 N99 ";

	if (at >= sizeof(shape) - 1)
		return true;
	if (shape[at] == '9')
		return c >= '0' && c <= '9';
	if (shape[at] == 'N')
		return c >= '1' && c <= '9';
	return c == shape[at];
}

/* The shape has been checked, byte by byte. */
static const char *on_status_line(struct http_response *r, const char *line)
{
	r->http10 = line[7] == '0';
	r->code = (int)strtol(line + 9, NULL, 10);
	r->state = HEADER;
	if (r->code == 101)
		return "protocol switched unasked";
	if (r->code < 200 && ++r->interim > HTTP_INTERIM_MAX)
		return "too many interim responses";
	return NULL;
}

static const char *on_length(struct http_response *r, const char *value)
{
	size_t digits = strspn(value, DIGITS);

	if (r->has_length)
		return "two Content-Length headers";
	if (r->chunked)
		return "both Content-Length and Transfer-Encoding";
	if (digits == 0 || value[digits] != '\0')
		return "Content-Length is not a number";
	if (digits > HTTP_LENGTH_DIGITS)
		return "Content-Length has too many digits";
	r->has_length = true;
	r->left = strtoull(value, NULL, 10);
	return NULL;
}

static const char *on_coding(struct http_response *r, const char *value)
{
	if (r->chunked)
		return "two Transfer-Encoding headers";
	if (r->has_length)
		return "both Content-Length and Transfer-Encoding";
	if (r->http10)
		return "Transfer-Encoding in HTTP/1.0";
	if (strcasecmp(value, "chunked") != 0)
		return "unknown transfer coding";
	r->chunked = true;
	return NULL;
}

static bool same_word(const char *word, size_t len, const char *other)
{
	return len == strlen(other) && strncasecmp(word, other, len) == 0;
}

static const char *on_connection(struct http_response *r, const char *value)
{
	static const char separators[] = "," BLANKS;

	value += strspn(value, separators);
	for (; *value != '\0'; value += strspn(value, separators)) {
		size_t len = strcspn(value, separators);

		if (same_word(value, len, "close"))
			r->says_close = true;
		if (same_word(value, len, "keep-alive"))
			r->says_keep_alive = true;
		value += len;
	}
	return NULL;
}

/* Puts NULs after the name and the value. */
static const char *split_header(char *line, char **value)
{
	size_t len = strspn(line, TOKEN);
	char *end = line + strlen(line);

	if (strchr(BLANKS, line[0]) != NULL)
		return "folded header line";
	if (len == 0 && line[0] == ':')
		return "empty header name";
	if (line[len] == '\0')
		return "header line without a colon";
	if (strchr(BLANKS, line[len]) != NULL)
		return "blank in or after a header name";
	if (line[len] != ':')
		return "bad byte in a header name";
	line[len] = '\0';
	*value = line + len + 1;
	*value += strspn(*value, BLANKS);
	while (end > *value && strchr(BLANKS, end[-1]) != NULL)
		*--end = '\0';
	return NULL;
}

static const char *on_header(struct http_response *r, char *line)
{
	const char *clause;
	char *value;

	if (++r->headers > HTTP_HEADERS_MAX)
		return "too many headers";
	clause = split_header(line, &value);
	/* A trailer can't frame a body that is over. */
	if (clause != NULL || r->state == TRAILER)
		return clause;
	if (strcasecmp(line, "Content-Length") == 0)
		return on_length(r, value);
	if (strcasecmp(line, "Transfer-Encoding") == 0)
		return on_coding(r, value);
	if (strcasecmp(line, "Connection") == 0)
		return on_connection(r, value);
	return NULL;
}

static void skip_interim(struct http_response *r)
{
	r->state = STATUS;
	r->code = 0;
	r->has_length = r->chunked = false;
	r->says_close = r->says_keep_alive = false;
}

static const char *on_head_end(struct http_response *r)
{
	if (r->code < 200) {
		skip_interim(r);
		return NULL;
	}
	r->keep_alive = !r->says_close && (!r->http10 || r->says_keep_alive);
	if (r->code == 204 || r->code == 304) {
		r->state = DONE;
	} else if (r->chunked) {
		r->state = CHUNK_SIZE;
	} else if (r->has_length) {
		if (r->left > r->body.max)
			return http_over_limit;
		r->state = r->left > 0 ? LENGTH : DONE;
	} else {
		r->keep_alive = false;
		r->state = UNTIL_END;
	}
	return NULL;
}

static const char *on_chunk_size(struct http_response *r, const char *line)
{
	size_t digits = strspn(line, HEX);
	const char *rest = line + digits;

	if (digits == 0)
		return "chunk size is not a number";
	if (*rest != '\0' && rest[strspn(rest, BLANKS)] != ';')
		return "chunk size is not a number";
	if (digits > HTTP_CHUNK_DIGITS)
		return "chunk size has too many digits";
	r->left = strtoull(line, NULL, 16);
	if (r->left > r->body.max - r->body.len)
		return http_over_limit;
	r->state = r->left > 0 ? CHUNK : TRAILER;
	return count_head(r, strlen(rest));
}

static const char *on_line(struct http_response *r, char *line)
{
	size_t len = strlen(line);
	const char *clause;

	if (r->state == CHUNK_END) {
		r->state = CHUNK_SIZE;
		return NULL;
	}
	if (r->state == CHUNK_SIZE)
		return on_chunk_size(r, line);

	clause = count_head(r, len + strlen("\r\n"));
	if (clause != NULL)
		return clause;
	if (r->state == STATUS)
		return on_status_line(r, line);
	if (len > 0)
		return on_header(r, line);
	if (r->state == HEADER)
		return on_head_end(r);
	r->state = DONE;
	return NULL;
}

static const char *end_line(struct http_response *r)
{
	const char *clause = append(&r->line, "", 1, "line over the limit");

	if (clause == NULL)
		clause = on_line(r, r->line.data);
	buf_consume(&r->line, r->line.len);
	return clause;
}

/* Not iscntrl(), which asks the locale. */
static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static const char *take_byte(struct http_response *r, char c)
{
	if (r->state == STATUS && !fits_status_line(r->line.len, c))
		return "no HTTP/1.x status line";
	if (r->state == CHUNK_END && c != (r->cr ? '\n' : '\r'))
		return "no CRLF after a chunk";
	if (r->cr) {
		r->cr = false;
		return c == '\n' ? end_line(r) : "bare CR";
	}
	if (c == '\r') {
		r->cr = true;
		return NULL;
	}
	if (c == '\n')
		return "bare LF";
	if (is_control(c))
		return "control byte in the head";
	return append(&r->line, &c, 1, "line over the limit");
}

static bool in_body(const struct http_response *r)
{
	return r->state == LENGTH || r->state == CHUNK || r->state == UNTIL_END;
}

/* Returns how many bytes were taken. */
static size_t take_body(struct http_response *r, const char *data, size_t len)
{
	const char *clause;

	if (r->state != UNTIL_END && r->left < len)
		len = (size_t)r->left;
	clause = append(&r->body, data, len, http_over_limit);
	if (clause != NULL) {
		refuse(r, clause);
		return len;
	}
	if (r->state == UNTIL_END)
		return len;
	r->left -= len;
	if (r->left == 0)
		r->state = r->state == CHUNK ? CHUNK_END : DONE;
	return len;
}

enum http_status http_feed(
	struct http_response *r, const char *data, size_t len, size_t *used)
{
	const char *clause;
	size_t at = 0;

	while (at < len && status_of(r) == HTTP_MORE) {
		if (in_body(r)) {
			at += take_body(r, data + at, len - at);
			continue;
		}
		clause = take_byte(r, data[at++]);
		if (clause != NULL)
			refuse(r, clause);
	}
	*used = at;
	return status_of(r);
}

enum http_status http_finish(struct http_response *r, enum http_end end)
{
	if (status_of(r) != HTTP_MORE)
		return status_of(r);
	if (r->state == UNTIL_END && end == HTTP_END_CLEAN)
		r->state = DONE;
	else if (r->state == UNTIL_END)
		refuse(r, "connection cut in a body of unknown length");
	else if (r->state == STATUS && r->line.len == 0 && r->interim == 0)
		refuse(r, "connection ended before a response");
	else if (r->state == STATUS || r->state == HEADER)
		refuse(r, "connection ended in the head");
	else
		refuse(r, "connection ended in the body");
	return status_of(r);
}
