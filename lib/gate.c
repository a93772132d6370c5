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
	if (g->room > 0) {
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

void gate_leave(struct gate *g, struct gate_pass *p)
{
	enum gate_state was = p->state;
	struct gate_pass *next = g->first;

	p->state = GATE_OUT;
	if (was == GATE_WAITING)
		take_out(g, p);
	if (was != GATE_IN)
		return;
	if (next == NULL) {
		g->room++;
		return;
	}
	take_out(g, next);
	next->state = GATE_IN;
	next->cb(next->arg);
}

void gate_close(struct gate *g)
{
	for (struct gate_pass *p = g->first; p != NULL; p = p->next)
		p->state = GATE_OUT;
	gate_open(g, 0);
}
