#include "held.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "orderbook.h"
#include "probing.h"
#include "report.h"
#include "text.h"
#include "waiting.h"

/* At most one of entry, waiting, probing and make; none: a monitor. */
struct held {
	struct held_list *list;
	struct held *next;
	struct serve_conn *conn;
	struct command command;
	enum who_right right;
	uid_t uid; /* where that is WHO_MAY_LOOK */
	struct orderbook_entry *entry;
	struct waiting *waiting;
	struct probing *probing;
	held_report_make make;
};

static struct held *add(struct held_list *l, struct serve_conn *conn,
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

static void take_out(struct held *h)
{
	struct held **at = &h->list->first;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	stop(h);
	free(h);
}

/* --- who may only look --- */

static int let_in(const struct held_list *l, const struct who *who,
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

static struct held *add_for(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who)
{
	struct held *h = add(l, conn, command);

	if (h != NULL) {
		h->right = who->right;
		h->uid = who->uid;
	}
	return h;
}

/* --- replies --- */

/* `text` is freed; NULL says that there was no memory for it. */
static void write_text(struct held *h, char *text)
{
	if (text != NULL)
		serve_write(h->conn, text, strlen(text));
	free(text);
}

static void finish(struct held *h)
{
	serve_finish(h->conn);
	take_out(h);
}

static void finish_error(
	struct held *h, enum command_exit code, const char *sentence)
{
	char text[SHOW_ERROR_MAX];
	size_t len = show_error(text, code, sentence);

	serve_write(h->conn, text, len);
	finish(h);
}

/* --- waiting --- */

static void on_news(void *arg, const struct waiting_news *news)
{
	struct held *h = arg;

	switch (news->step) {
	case WAITING_GOES_ON:
		write_text(h,
			show_progress(
				news->server, news->text, h->command.flags));
		break;
	case WAITING_DONE:
		serve_write(h->conn, "done\n", 5);
		finish(h);
		break;
	case WAITING_FAILED:
		finish_error(h, news->code, news->text);
		break;
	}
}

static int start_waiting(
	struct held *h, const struct change_target *targets, size_t n)
{
	return waiting_start(&h->waiting, h->list->show.fleet, &h->command,
		targets, n, on_news, h);
}

int held_wait(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX])
{
	struct change_target *all;
	struct held *h;
	size_t n;
	int rc = let_in(l, who, error);

	if (rc != 0)
		return rc;
	all = orderbook_look(l->show.book, &n);
	if (all == NULL)
		return UV_ENOMEM;
	if (change_choose(all, n, command, error) != CHANGE_DONE) {
		free(all);
		return UV_EINVAL;
	}
	h = add_for(l, conn, command, who);
	rc = UV_ENOMEM;
	if (h != NULL) {
		rc = start_waiting(h, all, n);
		if (rc == 0)
			serve_write(conn, "ok\n", 3);
		else
			take_out(h);
	}
	free(all);
	return rc;
}

/* --- orders --- */

static void on_ordered(void *arg, const struct orderbook_result *r)
{
	struct held *h = arg;

	h->entry = NULL;
	if (r->code != COMMAND_EXIT_DONE) {
		finish_error(h, r->code, r->error);
		return;
	}
	serve_write(h->conn, "ok\n", 3);
	write_text(h, show_told(r->targets, r->n, h->command.flags));
	if ((h->command.flags & COMMAND_WAITS) == 0)
		finish(h);
	else if (start_waiting(h, r->targets, r->n) != 0)
		finish_error(h, COMMAND_EXIT_ERROR,
			"the order is in force, but there is no memory to "
			"wait");
}

int held_order(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const char *by)
{
	struct held *h = add(l, conn, command);

	if (h == NULL)
		return UV_ENOMEM;
	h->entry = orderbook_give(l->show.book, command, by, on_ordered, h);
	if (h->entry != NULL)
		return 0;
	take_out(h);
	return UV_ENOMEM;
}

/* --- probes --- */

static void on_probing(void *arg, const char *failure)
{
	struct held *h = arg;
	char error[COMMAND_ERROR_MAX];
	char *text;

	if (*failure != '\0') {
		finish_error(h, COMMAND_EXIT_LATE, failure);
		return;
	}
	text = show_servers(&h->list->show, &h->command, report_probe, error);
	if (text == NULL) {
		finish_error(h, COMMAND_EXIT_ERROR, error);
		return;
	}
	serve_write(h->conn, "ok\n", 3);
	write_text(h, text);
	finish(h);
}

int held_probe(struct held_list *l, struct serve_conn *conn,
	const struct command *command, char error[COMMAND_ERROR_MAX])
{
	size_t n, chosen = 0;
	struct change_target *all = orderbook_look(l->show.book, &n);
	struct held *h;
	int rc = UV_ENOMEM;

	if (all == NULL)
		return rc;
	if (change_choose(all, n, command, error) != CHANGE_DONE) {
		free(all);
		return UV_EINVAL;
	}
	while (!all[chosen].chosen)
		chosen++;
	free(all);
	h = add(l, conn, command);
	if (h != NULL)
		rc = probing_start(&h->probing, l->show.fleet,
			fleet_server(l->show.fleet, chosen), on_probing, h);
	if (rc != 0 && h != NULL)
		take_out(h);
	return rc;
}

/* --- reports --- */

/* The oldest of those who may do most. */
static struct held *next_report(const struct held_list *l)
{
	struct held *next = NULL;

	for (struct held *h = l->first; h != NULL; h = h->next)
		if (h->make != NULL &&
			(next == NULL || h->right >= next->right))
			next = h;
	return next;
}

static void report(struct held *h)
{
	char error[COMMAND_ERROR_MAX] = "usherd has no memory";
	char *text = show_ok(
		show_servers(&h->list->show, &h->command, h->make, error));

	if (text == NULL) {
		finish_error(h, COMMAND_EXIT_ERROR, error);
		return;
	}
	serve_answer(h->conn, text, strlen(text));
	free(text);
	take_out(h);
}

/* A timer could come again in the same turn, if others set the loop's clock. */
static void on_turn(uv_idle_t *turn)
{
	struct held *h = next_report(turn->data);

	if (h != NULL)
		report(h);
	else
		uv_idle_stop(turn);
}

int held_report(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	held_report_make make, char error[COMMAND_ERROR_MAX])
{
	int rc = let_in(l, who, error);
	struct held *h;

	if (rc != 0)
		return rc;
	h = add_for(l, conn, command, who);
	if (h == NULL)
		return UV_ENOMEM;
	h->make = make;
	uv_idle_start(l->turn, on_turn);
	return 0;
}

/* --- monitors --- */

int held_monitor(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX])
{
	int rc = let_in(l, who, error);

	if (rc != 0)
		return rc;
	if (add_for(l, conn, command, who) == NULL)
		return UV_ENOMEM;
	serve_write(conn, "ok\n", 3);
	return 0;
}

static int is_monitor(const struct held *h)
{
	return h->entry == NULL && h->waiting == NULL && h->probing == NULL &&
		h->make == NULL;
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
	take_out(held);
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
