#include "reply_lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "text.h"

/* From here on a piece of a long line ends where a character does. */
enum { NEARLY_FULL = REPLY_LINES_MAX - 4 };

void reply_lines_open(struct reply_lines *l, int fd, enum reply_colors colors)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->colors = colors;
}

void reply_lines_set_patience(struct reply_lines *l, uint64_t ms)
{
	const struct timeval patience = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

/* A read with patience fails with EINTR after Ctrl-Z and `fg`: signal(7). */
static bool fill(struct reply_lines *l)
{
	ssize_t n;

	do
		n = read(l->fd, l->bytes, sizeof(l->bytes));
	while (n < 0 && errno == EINTR);
	l->error = n < 0 ? errno : 0;
	l->taken = 0;
	l->n = n < 0 ? 0 : (size_t)n;
	return n > 0;
}

/* As much of JSON as shows where a value ends. */
static void count_json(struct reply_lines *l, char c)
{
	if (l->escaped) {
		l->escaped = false;
	} else if (l->quoted) {
		l->escaped = c == '\\';
		l->quoted = c != '"';
	} else if (c == '"') {
		l->quoted = true;
	} else if (c == '{' || c == '[') {
		l->depth++;
	} else if ((c == '}' || c == ']') && l->depth > 0) {
		l->depth--;
		l->values += l->depth == 0;
	}
}

static bool see(struct reply_lines *l, char *c)
{
	if (l->taken == l->n && !fill(l))
		return false;
	*c = l->bytes[l->taken];
	return true;
}

static void take(struct reply_lines *l, size_t *len)
{
	l->last = l->bytes[l->taken++];
	count_json(l, l->last);
	l->line[(*len)++] = l->last;
}

/* Bytes of the colour that begins here, set or reset; 0 where none does. */
static size_t color(const char *text)
{
	if (strncmp(text, "\033[0m", 4) == 0)
		return 4;
	return strncmp(text, "\033[3", 3) == 0 && text[3] >= '0' &&
			text[3] <= '7' && text[4] == 'm'
		? 5
		: 0;
}

static void clean(struct reply_lines *l, size_t len)
{
	char *at = l->line, *end = at + len;

	if (end[-1] == '\n')
		end--;
	while (at < end) {
		size_t n = text_character(at);

		if (n == 0 && l->colors == REPLY_COLORED)
			n = color(at);
		if (n == 0)
			*at = '?';
		at += n > 0 ? n : 1;
	}
}

char *reply_lines_next(struct reply_lines *l)
{
	size_t len = 0;
	char c = '\0';

	while (c != '\n' && len < sizeof(l->line) - 1) {
		if (!see(l, &c))
			return NULL;
		if (len >= NEARLY_FULL && ((unsigned char)c & 0xC0) != 0x80)
			break;
		take(l, &len);
	}
	l->line[len] = '\0';
	clean(l, len);
	return l->line;
}

bool reply_lines_whole(const struct reply_lines *l)
{
	return l->error == 0 && l->last == '\n';
}

bool reply_lines_whole_json(const struct reply_lines *l)
{
	return reply_lines_whole(l) && l->depth == 0 && l->values > 0;
}

void reply_lines_close(struct reply_lines *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
