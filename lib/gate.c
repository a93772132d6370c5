#include "gate.h"

#include <assert.h>

void gate_open(struct gate *g, size_t room)
{
	*g = (struct gate){ .room = room };
	g->last = &g->first;
}

/* Behind those with lower places; the newest need not look for its own. */
static void line_up(struct gate *g, struct gate_pass *p)
{
	struct gate_pass **at = p->place == g->newest ? g->last : &g->first;

	while (*at != NULL && (*at)->place < p->place)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	if (g->last == at)
		g->last = &p->next;
}

enum gate_state gate_enter_again(
	struct gate *g, struct gate_pass *p, gate_cb cb, void *arg)
{
	assert(p->state == GATE_OUT && p->place > 0);
	p->cb = cb;
	p->arg = arg;
	if (g->room > 0 && g->first == NULL) {
		g->room--;
		p->state = GATE_IN;
	} else {
		line_up(g, p);
		p->state = GATE_WAITING;
	}
	return p->state;
}

enum gate_state gate_enter(
	struct gate *g, struct gate_pass *p, gate_cb cb, void *arg)
{
	p->place = ++g->newest;
	return gate_enter_again(g, p, cb, arg);
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
