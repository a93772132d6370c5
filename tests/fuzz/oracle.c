#include "oracle.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>

static int on_body(http_parser *p, const char *at, size_t len)
{
	struct oracle *o = p->data;
	char *grown = realloc(o->body, o->len + len);

	if (grown == NULL)
		abort();
	memcpy(grown + o->len, at, len);
	o->body = grown;
	o->len += len;
	return 0;
}

/* All bytes come at once, so names and values are whole. */
static int on_name(http_parser *p, const char *at, size_t len)
{
	static const char coding[] = "Transfer-Encoding";
	size_t n = sizeof(coding) - 1;
	struct oracle *o = p->data;

	o->in_coding = len >= n && strncasecmp(at, coding, n) == 0;
	if (o->in_coding && len > n)
		o->mistaken = 1;
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	struct oracle *o = p->data;

	if (o->in_coding && len > 0 && at[len - 1] == '\t')
		o->mistaken = 1;
	return 0;
}

/* 1: no body follows. */
static int on_head(http_parser *p)
{
	struct oracle *o = p->data;

	o->chunked = (p->flags & F_CHUNKED) != 0;
	o->has_length = (p->flags & F_CONTENTLENGTH) != 0;
	return p->status_code / 100 == 1 || p->status_code == 204 ||
		p->status_code == 304;
}

static int on_whole(http_parser *p)
{
	struct oracle *o = p->data;

	if (p->status_code / 100 == 1)
		return 0;
	o->whole = 1;
	o->code = (int)p->status_code;
	http_parser_pause(p, 1);
	return 0;
}

void oracle_read(struct oracle *o, const char *data, size_t len)
{
	http_parser_settings settings;
	http_parser p;

	memset(o, 0, sizeof(*o));
	http_parser_settings_init(&settings);
	settings.on_header_field = on_name;
	settings.on_header_value = on_value;
	settings.on_headers_complete = on_head;
	settings.on_body = on_body;
	settings.on_message_complete = on_whole;
	http_parser_init(&p, HTTP_RESPONSE);
	p.data = o;
	o->used = http_parser_execute(&p, &settings, data, len);
	if (!o->whole && HTTP_PARSER_ERRNO(&p) == HPE_OK)
		http_parser_execute(&p, &settings, "", 0);
	o->error = http_errno_name(HTTP_PARSER_ERRNO(&p));
	o->trailing = (p.flags & F_TRAILING) != 0;
}
