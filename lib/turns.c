#include "turns.h"

#include <assert.h>

static void on_idle(uv_idle_t *idle)
{
	struct turns *t = idle->data;
	struct turns_waiter *w = t->first;

	turns_leave(t, w);
	w->cb(w->arg);
}

void turns_open(struct turns *t, uv_loop_t *loop)
{
	uv_idle_init(loop, &t->idle);
	t->idle.data = t;
	t->first = NULL;
	t->last = &t->first;
}

void turns_close(struct turns *t)
{
	assert(t->first == NULL);
	uv_close((uv_handle_t *)&t->idle, NULL);
}

void turns_wait(struct turns *t, struct turns_waiter *w, turns_cb cb, void *arg)
{
	if (w->waiting)
		return;
	*w = (struct turns_waiter){ .cb = cb, .arg = arg, .waiting = 1 };
	*t->last = w;
	t->last = &w->next;
	uv_idle_start(&t->idle, on_idle);
}

void turns_leave(struct turns *t, struct turns_waiter *w)
{
	struct turns_waiter **at = &t->first;

	if (!w->waiting)
		return;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (t->last == &w->next)
		t->last = at;
	w->waiting = 0;
	if (t->first == NULL)
		uv_idle_stop(&t->idle);
}
