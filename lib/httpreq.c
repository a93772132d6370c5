#include "httpreq.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A piece of a line, not terminated. */
struct span {
	const char *p;
	size_t len;
};

static enum httpreq_status bad(struct httpreq *r, int code)
{
	r->code = code;
	return HTTPREQ_BAD;
}

static bool is(const struct span *s, const char *word)
{
	return s->len == strlen(word) && memcmp(s->p, word, s->len) == 0;
}

static bool is_like(const struct span *s, const char *word)
{
	return s->len == strlen(word) && strncasecmp(s->p, word, s->len) == 0;
}

/* RFC 9110: of these are methods and names of headers. */
static bool is_token(const struct span *s)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s->len; i++) {
		char c = s->p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			!(c >= '0' && c <= '9') &&
			(c == '\0' || strchr(marks, c) == NULL))
			return false;
	}
	return s->len > 0;
}

/* The part before `mark`, which is stepped over; false where there is none. */
static bool cut(struct span *part, struct span *rest, char mark)
{
	const char *at =
		rest->len > 0 ? memchr(rest->p, mark, rest->len) : NULL;

	if (at == NULL)
		return false;
	*part = (struct span){ rest->p, (size_t)(at - rest->p) };
	rest->p = at + 1;
	rest->len -= part->len + 1;
	return true;
}

static void trim(struct span *s)
{
	while (s->len > 0 && (*s->p == ' ' || *s->p == '\t')) {
		s->p++;
		s->len--;
	}
	while (s->len > 0 &&
		(s->p[s->len - 1] == ' ' || s->p[s->len - 1] == '\t'))
		s->len--;
}

/* --- the request line --- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum httpreq_status take_path(struct httpreq *r, struct span path)
{
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		char c = path.p[i];

		if (c == '%') {
			int high = i + 2 < path.len ? hex(path.p[i + 1]) : -1;
			int low = i + 2 < path.len ? hex(path.p[i + 2]) : -1;

			if (high < 0 || low < 0 || high + low == 0)
				return bad(r, 400);
			c = (char)(high << 4 | low);
			i += 2;
		}
		r->path[n++] = c;
	}
	r->path[n] = '\0';
	return HTTPREQ_DONE;
}

static bool printable(const struct span *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->p[i] <= ' ' || s->p[i] > '~')
			return false;
	return true;
}

/* "/path", "http://host/path" or, for OPTIONS, "*"; a query is dropped. */
static enum httpreq_status take_target(struct httpreq *r, struct span target)
{
	struct span path;

	if (target.len > HTTPREQ_TARGET_MAX)
		return bad(r, 414);
	if (!printable(&target))
		return bad(r, 400);
	if (r->method == HTTPREQ_OTHER)
		return HTTPREQ_DONE;
	if (target.len > 7 && strncasecmp(target.p, "http://", 7) == 0) {
		size_t used = 7;

		while (used < target.len &&
			strchr("/?#", target.p[used]) == NULL)
			used++;
		target.p += used;
		target.len -= used;
		if (target.len == 0 || *target.p == '?')
			target = (struct span){ "/", 1 };
	}
	if (!is(&target, "*") || r->method != HTTPREQ_OPTIONS)
		if (target.len == 0 || *target.p != '/')
			return bad(r, 400);
	return take_path(r, cut(&path, &target, '?') ? path : target);
}

static enum httpreq_status take_version(struct httpreq *r, struct span version)
{
	if (is(&version, "HTTP/1.1") || is(&version, "HTTP/1.0"))
		return HTTPREQ_DONE;
	if (version.len == 8 && memcmp(version.p, "HTTP/", 5) == 0 &&
		version.p[5] >= '0' && version.p[5] <= '9' &&
		version.p[6] == '.' && version.p[7] >= '0' &&
		version.p[7] <= '9')
		return bad(r, 505);
	return bad(r, 400);
}

static enum httpreq_status take_method(struct httpreq *r, struct span method)
{
	static const char *const names[] = {
		[HTTPREQ_GET] = "GET",
		[HTTPREQ_HEAD] = "HEAD",
		[HTTPREQ_OPTIONS] = "OPTIONS",
	};

	if (method.len > HTTPREQ_METHOD_MAX || !is_token(&method))
		return bad(r, 400);
	for (unsigned i = 0; i < HTTPREQ_OTHER; i++)
		if (is(&method, names[i]))
			r->method = (enum httpreq_method)i;
	return HTTPREQ_DONE;
}

static enum httpreq_status take_first(struct httpreq *r, struct span line)
{
	struct span method, target;
	enum httpreq_status status;

	if (!cut(&method, &line, ' '))
		return bad(r, 400);
	status = take_method(r, method);
	if (status != HTTPREQ_DONE)
		return status;
	if (!cut(&target, &line, ' '))
		return bad(r, line.len > HTTPREQ_TARGET_MAX ? 414 : 400);
	status = take_version(r, line);
	return status == HTTPREQ_DONE ? take_target(r, target) : status;
}

/* What can be said before its end has come. */
static enum httpreq_status look_at_first(struct httpreq *r, struct span line)
{
	struct span method;

	for (size_t i = 0; i < line.len; i++)
		if ((line.p[i] < ' ' && line.p[i] != '\r') || line.p[i] > '~')
			return bad(r, 400);
	if (!cut(&method, &line, ' '))
		return line.len > HTTPREQ_METHOD_MAX ? bad(r, 400)
						     : HTTPREQ_MORE;
	if (take_method(r, method) == HTTPREQ_BAD)
		return HTTPREQ_BAD;
	if (line.len > HTTPREQ_TARGET_MAX && !cut(&method, &line, ' '))
		return bad(r, 414);
	return line.len > HTTPREQ_TARGET_MAX ? bad(r, 400) : HTTPREQ_MORE;
}

/* --- headers --- */

/* "text/html;q=0" says that it is not wanted. */
static bool refused(struct span parameters)
{
	struct span one;

	while (parameters.len > 0) {
		if (!cut(&one, &parameters, ';')) {
			one = parameters;
			parameters.len = 0;
		}
		trim(&one);
		if (one.len < 3 || strncasecmp(one.p, "q=0", 3) != 0)
			continue;
		for (size_t i = 3; i < one.len; i++)
			if (one.p[i] != '.' && one.p[i] != '0')
				return false;
		return true;
	}
	return false;
}

static void take_accept(struct httpreq *r, struct span value)
{
	struct span range, type;

	while (value.len > 0) {
		if (!cut(&range, &value, ',')) {
			range = value;
			value.len = 0;
		}
		if (!cut(&type, &range, ';')) {
			type = range;
			range.len = 0;
		}
		trim(&type);
		if (is_like(&type, "text/html") && !refused(range))
			r->wants = HTTPREQ_HTML;
	}
}

static enum httpreq_status take_length(struct httpreq *r, struct span value)
{
	if (++r->lengths > 1 || value.len == 0 ||
		value.len > HTTPREQ_DIGITS_MAX)
		return bad(r, 400);
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return bad(r, 400);
		r->body |= value.p[i] != '0';
	}
	return HTTPREQ_DONE;
}

static enum httpreq_status take_header(struct httpreq *r, struct span line)
{
	struct span name;

	if (++r->headers > HTTPREQ_HEADERS_MAX)
		return bad(r, 431);
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') ||
			line.p[i] == 0x7f)
			return bad(r, 400);
	if (!cut(&name, &line, ':') || !is_token(&name))
		return bad(r, 400);
	trim(&line);
	if (is_like(&name, "Accept"))
		take_accept(r, line);
	else if (is_like(&name, "Content-Length"))
		return take_length(r, line);
	else if (is_like(&name, "Transfer-Encoding"))
		r->codings++;
	else if (is_like(&name, "Host") && ++r->hosts > 1)
		return bad(r, 400);
	return HTTPREQ_DONE;
}

/* --- the whole --- */

/* A request with a body is not read on: where it ends matters to nobody. */
static enum httpreq_status end_of_head(struct httpreq *r)
{
	if (r->method == HTTPREQ_OTHER)
		return HTTPREQ_DONE;
	if (r->lengths > 0 && r->codings > 0)
		return bad(r, 400);
	return r->body || r->codings > 0 ? bad(r, 413) : HTTPREQ_DONE;
}

/* The next line without its CRLF; MORE, or BAD where it ends with LF alone. */
static enum httpreq_status next_line(
	struct httpreq *r, struct span *line, struct span *rest)
{
	if (!cut(line, rest, '\n'))
		return HTTPREQ_MORE;
	if (line->len == 0 || line->p[line->len - 1] != '\r')
		return bad(r, 400);
	line->len--;
	return HTTPREQ_DONE;
}

static enum httpreq_status take_headers(struct httpreq *r, struct span rest)
{
	enum httpreq_status status;
	struct span line;

	while ((status = next_line(r, &line, &rest)) == HTTPREQ_DONE) {
		if (line.len == 0)
			return end_of_head(r);
		status = take_header(r, line);
		if (status != HTTPREQ_DONE)
			return status;
	}
	return status;
}

enum httpreq_status httpreq_parse(
	struct httpreq *r, const char *data, size_t len)
{
	struct span rest = { data, len }, line;
	enum httpreq_status status;

	memset(r, 0, sizeof(*r));
	r->method = HTTPREQ_OTHER;
	/* RFC 9112, 2.2: one empty line before the request is forgiven. */
	if (len >= 2 && memcmp(data, "\r\n", 2) == 0)
		rest = (struct span){ data + 2, len - 2 };
	status = next_line(r, &line, &rest);
	if (status == HTTPREQ_MORE)
		status = look_at_first(r, rest);
	else if (status == HTTPREQ_DONE)
		status = take_first(r, line);
	if (status == HTTPREQ_DONE)
		status = take_headers(r, rest);
	if (status == HTTPREQ_MORE && len >= HTTPREQ_HEAD_MAX)
		status = bad(r, 431);
	return status;
}
