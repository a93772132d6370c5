#include "history.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct history {
	struct history_entry entries[HISTORY_MAX];
	size_t added; /* ever */
	history_cb cb;
	void *arg;
};

struct history *history_new(void)
{
	return calloc(1, sizeof(struct history));
}

void history_free(struct history *h)
{
	free(h);
}

void history_follow(struct history *h, history_cb cb, void *arg)
{
	h->cb = cb;
	h->arg = arg;
}

void history_add(struct history *h, int64_t now_s, const char *server,
	const char *what, const char *fmt, ...)
{
	struct history_entry *e = &h->entries[h->added++ % HISTORY_MAX];
	va_list ap;

	e->time_s = now_s;
	e->what = what;
	text_format(e->server, sizeof(e->server), "%s", server);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	text_clean(e->text);
	if (h->cb != NULL)
		h->cb(h->arg, e);
}

const struct history_entry *history_get(const struct history *h, size_t i)
{
	size_t kept = h->added < HISTORY_MAX ? h->added : HISTORY_MAX;

	if (i >= kept)
		return NULL;
	return &h->entries[(h->added - kept + i) % HISTORY_MAX];
}
