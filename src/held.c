#include "held.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

struct held {
	struct held_list *list;
	struct held *next;
	struct serve_conn *conn;
	struct orderbook_entry *entry; /* NULL: a monitor */
	unsigned flags;                /* of the command */
};

static struct held *add(struct held_list *l, struct serve_conn *conn,
	const struct command *command)
{
	struct held *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->list = l;
	h->conn = conn;
	h->flags = command->flags;
	h->next = l->first;
	l->first = h;
	serve_hold_data(conn, h);
	return h;
}

static void take_out(struct held *h)
{
	struct held **at = &h->list->first;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	free(h);
}

static void on_ordered(void *arg, const char *reply)
{
	struct held *h = arg;

	serve_write(h->conn, reply, strlen(reply));
	serve_finish(h->conn);
	take_out(h);
}

int held_order(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const char *who)
{
	struct held *h = add(l, conn, command);

	if (h == NULL)
		return UV_ENOMEM;
	h->entry = orderbook_give(l->book, command, who, on_ordered, h);
	if (h->entry != NULL)
		return 0;
	take_out(h);
	return UV_ENOMEM;
}

int held_monitor(struct held_list *l, struct serve_conn *conn,
	const struct command *command)
{
	if (add(l, conn, command) == NULL)
		return UV_ENOMEM;
	serve_write(conn, "ok\n", 3);
	return 0;
}

void held_tell(struct held_list *l, const struct history_entry *e)
{
	char *text = report_entry_text(e), *json = report_entry_json(e);

	for (struct held *h = l->first; h != NULL; h = h->next) {
		const char *line = (h->flags & COMMAND_JSON) != 0 ? json : text;

		if (h->entry == NULL && line != NULL)
			serve_write(h->conn, line, strlen(line));
	}
	free(text);
	free(json);
}

void held_gone(void *held)
{
	struct held *h = held;

	if (h->entry != NULL)
		orderbook_forget(h->entry);
	take_out(h);
}

void held_close(struct held_list *l)
{
	struct held *next;

	for (struct held *h = l->first; h != NULL; h = next) {
		next = h->next;
		if (h->entry != NULL)
			orderbook_forget(h->entry);
		free(h);
	}
	l->first = NULL;
}
