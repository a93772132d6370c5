#include "agenda.h"

#include <stdbool.h>
#include <stdlib.h>

#include "room.h"

/* A binary heap. */
static bool before(const struct agenda_item *a, const struct agenda_item *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms;
	return a->order < b->order;
}

static void put(struct agenda *a, size_t i, const struct agenda_item *item)
{
	while (i > 0 && before(item, &a->items[(i - 1) / 2])) {
		a->items[i] = a->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	a->items[i] = *item;
}

void agenda_add(struct agenda *a, const struct agenda_item *item)
{
	struct agenda_item added = *item;

	if (a->n == a->cap) {
		a->cap = a->cap == 0 ? 1024 : 2 * a->cap;
		a->items = room_again(a->items, a->cap, sizeof(*a->items));
	}
	added.order = a->orders++;
	put(a, a->n++, &added);
}

const struct agenda_item *agenda_first(const struct agenda *a)
{
	return a->n > 0 ? a->items : NULL;
}

void agenda_take(struct agenda *a, struct agenda_item *item)
{
	struct agenda_item last = a->items[--a->n];
	size_t i = 0, child;

	*item = a->items[0];
	while ((child = 2 * i + 1) < a->n) {
		if (child + 1 < a->n &&
			before(&a->items[child + 1], &a->items[child]))
			child++;
		if (before(&last, &a->items[child]))
			break;
		a->items[i] = a->items[child];
		i = child;
	}
	a->items[i] = last;
}

void agenda_free(struct agenda *a)
{
	free(a->items);
	*a = (struct agenda){ .items = NULL };
}
