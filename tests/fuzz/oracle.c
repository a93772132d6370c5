#include "oracle.h"

#include <stdlib.h>
#include <string.h>

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
	settings.on_body = on_body;
	settings.on_message_complete = on_whole;
	http_parser_init(&p, HTTP_RESPONSE);
	p.data = o;
	http_parser_execute(&p, &settings, data, len);
	if (!o->whole && HTTP_PARSER_ERRNO(&p) == HPE_OK)
		http_parser_execute(&p, &settings, "", 0);
}
