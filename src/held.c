#include "held_conn.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

struct held *held_add(struct held_list *l, struct serve_conn *conn,
	const struct command *command)
{
	struct held *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->list = l;
	h->conn = conn;
	h->command = *command;
	h->right = WHO_MAY_ORDER;
	h->next = l->first;
	l->first = h;
	serve_hold_data(conn, h);
	return h;
}

static void stop(struct held *h)
{
	if (h->entry != NULL)
		orderbook_forget(h->entry);
	if (h->waiting != NULL)
		waiting_close(h->waiting);
	if (h->probing != NULL)
		probing_close(h->probing);
}

void held_take_out(struct held *h)
{
	struct held **at = &h->list->first;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	stop(h);
	free(h);
}

/* --- who may only look --- */

static int has_room(const struct held_list *l, const struct who *who,
	char error[COMMAND_ERROR_MAX])
{
	unsigned own = 0, all = 0;

	if (who->right != WHO_MAY_LOOK)
		return 0;
	for (const struct held *h = l->first; h != NULL; h = h->next) {
		if (h->right != WHO_MAY_LOOK)
			continue;
		all++;
		own += h->uid == who->uid;
	}
	if (own < HELD_LOOKER_MAX && all < HELD_LOOKERS_MAX)
		return 0;
	text_format(error, COMMAND_ERROR_MAX,
		"%u who may only look have asked or wait already, %u of them "
		"as this user: at most %d, and %d as one user",
		all, own, HELD_LOOKERS_MAX, HELD_LOOKER_MAX);
	return UV_EPERM;
}

int held_let_in(struct held **out, struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX])
{
	int rc = has_room(l, who, error);

	if (rc != 0)
		return rc;
	*out = held_add(l, conn, command);
	if (*out == NULL)
		return UV_ENOMEM;
	(*out)->right = who->right;
	(*out)->uid = who->uid;
	return 0;
}

/* --- turns --- */

/* The oldest of those who may do most. */
static struct held *next_in_turn(const struct held_list *l)
{
	struct held *next = NULL;

	for (struct held *h = l->first; h != NULL; h = h->next)
		if (h->in_turn != NULL &&
			(next == NULL || h->right >= next->right))
			next = h;
	return next;
}

/* A timer could come again in the same turn, if others set the loop's clock. */
static void on_turn(uv_idle_t *turn)
{
	struct held *h = next_in_turn(turn->data);
	held_turn in_turn;

	if (h == NULL) {
		uv_idle_stop(turn);
		return;
	}
	in_turn = h->in_turn;
	h->in_turn = NULL;
	in_turn(h);
}

void held_take_turn(struct held *h, held_turn in_turn)
{
	h->in_turn = in_turn;
	uv_idle_start(h->list->turn, on_turn);
}

/* --- replies --- */

void held_finish(struct held *h)
{
	serve_finish(h->conn);
	held_take_out(h);
}

void held_finish_error(
	struct held *h, enum command_exit code, const char *sentence)
{
	char text[SHOW_ERROR_MAX];
	size_t len = show_error(text, code, sentence);

	serve_write(h->conn, text, len);
	held_finish(h);
}

/* --- monitors --- */

int held_monitor(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX])
{
	struct held *h;
	int rc = held_let_in(&h, l, conn, command, who, error);

	if (rc == 0)
		serve_write(conn, "ok\n", 3);
	return rc;
}

static int is_monitor(const struct held *h)
{
	return h->entry == NULL && h->waiting == NULL && h->probing == NULL &&
		h->in_turn == NULL;
}

void held_tell(struct held_list *l, const struct history_entry *e)
{
	char *text = report_entry_text(e), *json = report_entry_json(e);

	for (struct held *h = l->first; h != NULL; h = h->next) {
		int wants_json = (h->command.flags & COMMAND_JSON) != 0;
		const char *line = wants_json ? json : text;

		if (is_monitor(h) && line != NULL)
			serve_write(h->conn, line, strlen(line));
	}
	free(text);
	free(json);
}

/* --- life --- */

int held_open(struct held_list *l, const struct show *show, uv_loop_t *loop)
{
	uv_idle_t *turn = malloc(sizeof(*turn));

	if (turn == NULL)
		return UV_ENOMEM;
	uv_idle_init(loop, turn);
	turn->data = l;
	*l = (struct held_list){ .show = *show, .turn = turn };
	return 0;
}

void held_gone(void *held)
{
	held_take_out(held);
}

void held_close(struct held_list *l)
{
	struct held *next;

	for (struct held *h = l->first; h != NULL; h = next) {
		next = h->next;
		stop(h);
		free(h);
	}
	l->first = NULL;
	uv_close((uv_handle_t *)l->turn, (uv_close_cb)free);
}
