#include "held_conn.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "report.h"

/* `text` is freed; NULL says that there was no memory for it. */
static void write_text(struct held *h, char *text)
{
	if (text != NULL)
		serve_write(h->conn, text, strlen(text));
	free(text);
}

/* `body` is freed; NULL: it is `error` instead. */
static void answer(struct held *h, char *body, const char *error)
{
	char *text = show_ok(body);

	if (text == NULL) {
		held_finish_error(h, COMMAND_EXIT_ERROR, error);
		return;
	}
	serve_answer(h->conn, text, strlen(text));
	free(text);
	held_take_out(h);
}

static void report(struct held *h)
{
	char error[COMMAND_ERROR_MAX] = "usherd has no memory";

	answer(h, show_servers(&h->list->show, &h->command, h->make, error),
		error);
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
		held_finish(h);
		break;
	case WAITING_FAILED:
		held_finish_error(h, news->code, news->text);
		break;
	}
}

static int start_waiting(
	struct held *h, const struct change_target *targets, size_t n)
{
	return waiting_start(&h->waiting, h->list->show.fleet, &h->command,
		targets, n, on_news, h);
}

static void begin_waiting(struct held *h)
{
	char error[COMMAND_ERROR_MAX] = "usherd has no memory";
	size_t n;
	struct change_target *all = orderbook_look(h->list->show.book, &n);

	if (all != NULL &&
		change_choose(all, n, &h->command, error) == CHANGE_DONE &&
		start_waiting(h, all, n) == 0)
		serve_write(h->conn, "ok\n", 3);
	else
		held_finish_error(h, COMMAND_EXIT_ERROR, error);
	free(all);
}

int held_wait(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX])
{
	struct held *h;
	int rc = held_let_in(&h, l, conn, command, who, error);

	if (rc == 0)
		held_take_turn(h, begin_waiting);
	return rc;
}

/* --- orders --- */

static void on_ordered(void *arg, const struct orderbook_result *r)
{
	struct held *h = arg;

	h->entry = NULL;
	if (r->code != COMMAND_EXIT_DONE) {
		held_finish_error(h, r->code, r->error);
		return;
	}
	serve_write(h->conn, "ok\n", 3);
	write_text(h, show_told(r->targets, r->n, h->command.flags));
	if ((h->command.flags & COMMAND_WAITS) == 0)
		held_finish(h);
	else if (start_waiting(h, r->targets, r->n) != 0)
		held_finish_error(h, COMMAND_EXIT_ERROR,
			"the order is in force, but there is no memory to "
			"wait");
}

int held_order(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const char *by)
{
	struct held *h = held_add(l, conn, command);

	if (h == NULL)
		return UV_ENOMEM;
	h->entry = orderbook_give(l->show.book, command, by, on_ordered, h);
	if (h->entry != NULL)
		return 0;
	held_take_out(h);
	return UV_ENOMEM;
}

/* --- probes --- */

static void on_probing(void *arg, const char *failure)
{
	struct held *h = arg;

	h->make = report_probe;
	if (*failure != '\0')
		held_finish_error(h, COMMAND_EXIT_LATE, failure);
	else
		report(h);
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
	h = held_add(l, conn, command);
	if (h != NULL)
		rc = probing_start(&h->probing, l->show.fleet,
			fleet_server(l->show.fleet, chosen), on_probing, h);
	if (rc != 0 && h != NULL)
		held_take_out(h);
	return rc;
}

/* --- reports --- */

int held_report(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	held_report_make make, char error[COMMAND_ERROR_MAX])
{
	struct held *h;
	int rc = held_let_in(&h, l, conn, command, who, error);

	if (rc == 0) {
		h->make = make;
		held_take_turn(h, report);
	}
	return rc;
}

static void tell_history(struct held *h)
{
	answer(h, report_history(h->list->show.history, h->command.flags),
		"usherd has no memory");
}

int held_log(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX])
{
	struct held *h;
	int rc = held_let_in(&h, l, conn, command, who, error);

	if (rc == 0)
		held_take_turn(h, tell_history);
	return rc;
}
