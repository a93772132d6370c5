#include "paper.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uv.h>

#include "jsonout.h"

enum {
	CONTINUED = 4, /* what a broken line goes on with, in blanks more */
	TEXT_MAX = 1 << 30,
};

static void add(struct paper *p, const char *data, size_t len)
{
	if (p->rc == 0)
		p->rc = buf_append(&p->text, data, len);
}

static ssize_t on_write(void *arg, const char *data, size_t len)
{
	struct paper *p = arg;

	add(p, data, len);
	return p->rc == 0 ? (ssize_t)len : 0;
}

int paper_open(struct paper *p, unsigned width)
{
	static const cookie_io_functions_t io = { .write = on_write };

	*p = (struct paper){ .text = BUF_INIT(TEXT_MAX),
		.width = width > 0 ? width : PAPER_WIDTH };
	/* open_memstream() loses pieces without a word. */
	p->out = fopencookie(p, "w", io);
	return p->out != NULL ? 0 : UV_ENOMEM;
}

char *paper_close(struct paper *p)
{
	if (ferror(p->out) != 0)
		p->rc = UV_ENOMEM;
	fclose(p->out);
	add(p, "", 1);
	if (p->rc == 0)
		return p->text.data;
	buf_free(&p->text);
	return NULL;
}

/* Bytes of `text` that fill at most `room` columns; UTF-8 is not split. */
static size_t fill(const char *text, size_t room)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++) {
		if (((unsigned char)text[n] & 0xC0) == 0x80)
			continue;
		if (room-- == 0)
			break;
	}
	return n;
}

/* Likewise, up to a blank where there is one. */
static size_t fill_words(const char *text, size_t room)
{
	size_t n = fill(text, room);

	if (text[n] == '\0')
		return n;
	for (size_t i = n; i > 0; i--)
		if (text[i] == ' ')
			return i;
	return n;
}

static void break_line(struct paper *p, unsigned indent, const char *text)
{
	unsigned at = indent;

	do {
		size_t room = p->width > at ? p->width - at : 1;
		size_t n = fill_words(text, room);

		fprintf(p->out, "%*s%.*s\n", (int)at, "", (int)n, text);
		text += n;
		text += strspn(text, " ");
		at = indent + CONTINUED;
	} while (*text != '\0');
}

void paper_line(struct paper *p, unsigned indent, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		p->rc = UV_ENOMEM;
		return;
	}
	break_line(p, indent, text);
	free(text);
}

void paper_age(char dst[PAPER_TIME_MAX], int64_t seconds)
{
	long long s = seconds > 0 ? seconds : 0;

	if (s >= 86400)
		snprintf(dst, PAPER_TIME_MAX, "%lldd %lldh", s / 86400,
			s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(dst, PAPER_TIME_MAX, "%lldh %lldm", s / 3600,
			s % 3600 / 60);
	else if (s >= 60)
		snprintf(dst, PAPER_TIME_MAX, "%lldm", s / 60);
	else
		snprintf(dst, PAPER_TIME_MAX, "%llds", s);
}

void paper_add(json_t **list, json_t *item)
{
	if (json_array_append_new(*list, item) == 0)
		return;
	json_decref(*list);
	*list = NULL;
}

json_t *paper_time(int64_t seconds)
{
	char text[sizeof("9999-12-31T23:59:59Z")];
	time_t t = seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&t, &tm) == NULL ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

char *paper_json(json_t *root, size_t flags)
{
	char *bare = root != NULL ? jsonout_text(root, flags) : NULL;
	char *text = NULL;

	json_decref(root);
	if (bare != NULL && asprintf(&text, "%s\n", bare) < 0)
		text = NULL;
	free(bare);
	return text;
}
