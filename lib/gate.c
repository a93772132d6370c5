#include "gate.h"

#include <assert.h>

void gate_open(struct gate *g, size_t room)
{
	*g = (struct gate){ .room = room };
	g->last = &g->first;
}

enum gate_state gate_enter(
	struct gate *g, struct gate_pass *p, gate_cb cb, void *arg)
{
	assert(p->state == GATE_OUT);
	*p = (struct gate_pass){ .state = GATE_IN, .cb = cb, .arg = arg };
	if (g->room > 0 && g->first == NULL) {
		g->room--;
		return GATE_IN;
	}
	p->state = GATE_WAITING;
	*g->last = p;
	g->last = &p->next;
	return GATE_WAITING;
}

static void take_out(struct gate *g, struct gate_pass *p)
{
	struct gate_pass **at = &g->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (g->last == &p->next)
		g->last = at;
}

/* One after the other, also when each leaves at once. */
static void let_in(struct gate *g)
{
	if (g->letting_in)
		return;
	g->letting_in = true;
	while (g->room > 0 && g->first != NULL) {
		struct gate_pass *next = g->first;

		take_out(g, next);
		next->state = GATE_IN;
		g->room--;
		next->cb(next->arg);
	}
	g->letting_in = false;
}

void gate_leave(struct gate *g, struct gate_pass *p)
{
	enum gate_state was = p->state;

	p->state = GATE_OUT;
	if (was == GATE_WAITING)
		take_out(g, p);
	if (was != GATE_IN)
		return;
	g->room++;
	let_in(g);
}

void gate_close(struct gate *g)
{
	for (struct gate_pass *p = g->first; p != NULL; p = p->next)
		p->state = GATE_OUT;
	gate_open(g, 0);
}
