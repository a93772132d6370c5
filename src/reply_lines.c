#include "reply_lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

void reply_lines_open(struct reply_lines *l, int fd)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
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

static bool take(struct reply_lines *l, char *c)
{
	if (l->taken == l->n && !fill(l))
		return false;
	*c = l->last = l->bytes[l->taken++];
	count_json(l, *c);
	return true;
}

char *reply_lines_next(struct reply_lines *l)
{
	size_t len = 0;
	char c = '\0';

	while (c != '\n' && len < sizeof(l->line) - 1) {
		if (!take(l, &c))
			return NULL;
		l->line[len++] = c;
	}
	l->line[len] = '\0';
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
