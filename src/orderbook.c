/*
 * Orders are worked off one after the other, since each builds on what the one
 * before made: work out, write, and only when that is on disk, put into force
 * and say "ok".  A write that failed leaves it open which state the disk has;
 * the one in force is then written again until that works.
 */
#include "orderbook.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit.h"
#include "log.h"
#include "text.h"

enum {
	RETRY_MS = 5000, /* of a write that failed */
	GATHER_MS = 50,  /* and 1 more for each server */
};

struct orderbook_entry {
	struct orderbook_entry *next;
	struct command command;
	char who[ORDER_WHO_MAX];
	struct change_target *targets;
	size_t n;
	orderbook_cb cb; /* NULL: who gave it has gone */
	void *arg;
};

struct orderbook {
	uv_loop_t *loop;
	struct fleet *fleet;
	struct store *store;
	struct history *history;
	uv_timer_t retry;
	bool closing;
	bool dirty;        /* what is in force may not be what is on disk */
	char problem[128]; /* with the last write; "" for none */
	struct orderbook_entry *first;
	struct orderbook_entry **last;
	bool writing_first; /* the write under way is for `first` */
};

static void go_on(struct orderbook *b);

/* --- the servers --- */

static size_t count_servers(const struct orderbook *b)
{
	const struct config *config = fleet_config(b->fleet);

	return config != NULL ? config->n_servers : 0;
}

/* All servers as they are; the caller frees it. */
struct change_target *orderbook_look(const struct orderbook *b, size_t *n)
{
	struct change_target *targets;

	*n = count_servers(b);
	targets = calloc(*n + 1, sizeof(*targets));
	for (size_t i = 0; targets != NULL && i < *n; i++) {
		struct server *s = fleet_server(b->fleet, i);

		text_format(targets[i].name, sizeof(targets[i].name), "%s",
			server_name(s));
		standing_look(server_standing(s), &targets[i].view);
		targets[i].now = *standing_orders(server_standing(s));
	}
	return targets;
}

/* --- writing --- */

static void on_retry(uv_timer_t *timer)
{
	go_on(timer->data);
}

static void write_failed(struct orderbook *b, int status)
{
	text_format(b->problem, sizeof(b->problem),
		"the state file can't be written: %s", uv_strerror(status));
	log_error("state text=\"%s\"", b->problem);
	b->dirty = true;
	uv_timer_start(&b->retry, on_retry, RETRY_MS, 0);
}

/* Takes `first` out of the queue and tells who gave it. */
static void conclude(
	struct orderbook *b, enum command_exit code, const char *error)
{
	struct orderbook_entry *p = b->first;
	const struct orderbook_result result = { code, error, p->targets,
		p->n };

	b->first = p->next;
	if (b->first == NULL)
		b->last = &b->first;
	if (p->cb != NULL)
		p->cb(p->arg, &result);
	free(p->targets);
	free(p);
}

static void remember(
	struct orderbook *b, const char *name, const struct orders *orders)
{
	const struct statefile_server s = { .name = name, .orders = orders };

	if (store_remember(b->store, &s) != 0)
		log_error(
			"state text=\"no memory for the orders of %s\"", name);
}

/* Whether HAProxy is to be `ready` again, whatever usher knows to have told */
static bool gives_back(const struct command *c)
{
	unsigned slots = c->flags &
		(COMMAND_STATE | COMMAND_CEILING | COMMAND_HOLD_SLOT);

	return c->spec->id == COMMAND_RELEASE ||
		(c->spec->id == COMMAND_AUTO &&
			(slots == 0 || (slots & COMMAND_STATE) != 0));
}

static void put_into_force(struct orderbook *b)
{
	const struct orderbook_entry *p = b->first;

	for (size_t i = 0; i < p->n; i++) {
		struct change_target *t = &p->targets[i];
		struct server *s = fleet_find(b->fleet, t->name);
		struct orders orders;

		if (!t->chosen)
			continue;
		audit_change(b->history, t->name, p->who, p->command.spec->name,
			&t->now, &t->next);
		/* A reload may have come while it was written. */
		if (s == NULL) {
			remember(b, t->name, &t->next);
			continue;
		}
		if (gives_back(&p->command))
			standing_owe(server_standing(s));
		orders = *standing_orders(server_standing(s));
		change_merge(&orders, t);
		standing_put_orders(server_standing(s), &orders);
		standing_look(server_standing(s), &t->view);
		server_keep_pace(s);
	}
	conclude(b, COMMAND_EXIT_DONE, "");
}

static void on_written(void *arg, int status)
{
	struct orderbook *b = arg;
	char text[COMMAND_ERROR_MAX];

	if (status == 0)
		b->problem[0] = '\0';
	if (status != 0) {
		write_failed(b, status);
		text_format(text, sizeof(text),
			"the order can't be written to disk (%s), so nothing "
			"has changed; --volatile gives it all the same",
			uv_strerror(status));
		if (b->writing_first)
			conclude(b, COMMAND_EXIT_REFUSED, text);
	} else if (b->writing_first) {
		put_into_force(b);
	}
	b->writing_first = false;
	go_on(b);
}

/*
 * What is in force, with `changed` (or NULL) in place of some; the caller
 * frees it.  NULL without memory.
 */
static struct statefile_server *gather(
	const struct orderbook *b, const struct orderbook_entry *changed)
{
	size_t n = count_servers(b);
	struct statefile_server *all = calloc(n + 1, sizeof(*all));

	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct server *s = fleet_server(b->fleet, i);

		all[i].name = server_name(s);
		all[i].orders = changed != NULL
			? &changed->targets[i].next
			: standing_orders(server_standing(s));
		all[i].pollers = standing_pollers(server_standing(s));
	}
	return all;
}

static int start_write(
	struct orderbook *b, const struct orderbook_entry *changed)
{
	struct statefile_server *all = gather(b, changed);
	int rc = all == NULL
		? UV_ENOMEM
		: store_write(b->store, all, count_servers(b), on_written, b);

	if (rc == 0)
		b->dirty = false; /* what changes from now on is not in it */
	free(all);
	return rc;
}

/* What has waited for others to go to disk with. */
static void write_last(struct orderbook *b)
{
	struct statefile_server *all;

	if (!b->dirty || fleet_config(b->fleet) == NULL)
		return;
	all = gather(b, NULL);
	if (all != NULL)
		store_write_last(b->store, all, count_servers(b));
	free(all);
}

/* Works `first` out; false when it is over already. */
static bool prepare(struct orderbook *b)
{
	struct orderbook_entry *p = b->first;
	enum config_switch reason = fleet_config(b->fleet)->require_reason;
	char error[COMMAND_ERROR_MAX];
	enum change_verdict verdict;

	p->targets = orderbook_look(b, &p->n);
	if (p->targets == NULL) {
		conclude(b, COMMAND_EXIT_ERROR, "usherd has no memory");
		return false;
	}
	verdict = change_work_out(p->targets, p->n, &p->command, p->who,
		time(NULL), reason, error);
	if (verdict == CHANGE_DONE)
		return true;
	conclude(b,
		verdict == CHANGE_REFUSED ? COMMAND_EXIT_REFUSED
					  : COMMAND_EXIT_ERROR,
		error);
	return false;
}

static void go_on(struct orderbook *b)
{
	int rc;

	while (b->first != NULL && store_state(b->store) == STORE_IDLE) {
		if (!prepare(b))
			continue;
		if ((b->first->command.flags & COMMAND_VOLATILE) != 0) {
			b->dirty = true;
			put_into_force(b);
			continue;
		}
		b->writing_first = true;
		rc = start_write(b, b->first);
		if (rc != 0)
			on_written(b, rc);
	}
	if (b->dirty && store_state(b->store) == STORE_IDLE &&
		!uv_is_active((uv_handle_t *)&b->retry)) {
		rc = start_write(b, NULL);
		if (rc != 0)
			write_failed(b, rc);
	}
}

/* What is no order may wait a little, so that several go to disk at once. */
static void on_changed(void *arg)
{
	struct orderbook *b = arg;

	b->dirty = true;
	if (!b->closing && !uv_is_active((uv_handle_t *)&b->retry))
		uv_timer_start(
			&b->retry, on_retry, GATHER_MS + count_servers(b), 0);
}

static void on_moved(void *arg, const char *server, const struct order *was,
	const struct order *now, const char *why)
{
	struct orderbook *b = arg;

	audit_move(b->history, server, was, now, why);
	b->dirty = true;
	if (!b->closing)
		uv_timer_start(&b->retry, on_retry, 0, 0);
}

struct fleet_owner orderbook_owner(struct orderbook *b)
{
	return (struct fleet_owner){ .store = b->store,
		.standing = { .loop = b->loop,
			.history = b->history,
			.moved = on_moved,
			.changed = on_changed,
			.arg = b } };
}

struct orderbook_entry *orderbook_give(struct orderbook *b,
	const struct command *command, const char *who, orderbook_cb cb,
	void *arg)
{
	struct orderbook_entry *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->command = *command;
	text_format(p->who, sizeof(p->who), "%s", who);
	p->cb = cb;
	p->arg = arg;
	*b->last = p;
	b->last = &p->next;
	uv_timer_start(&b->retry, on_retry, 0, 0);
	return p;
}

void orderbook_forget(struct orderbook_entry *entry)
{
	entry->cb = NULL;
}

int orderbook_open(struct orderbook **out, uv_loop_t *loop,
	struct history *history, const char *state_dir)
{
	struct orderbook *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return UV_ENOMEM;
	b->loop = loop;
	b->history = history;
	b->last = &b->first;
	if (store_open(&b->store, loop, state_dir) != 0) {
		free(b);
		return UV_ENOMEM;
	}
	uv_timer_init(loop, &b->retry);
	b->retry.data = b;
	*out = b;
	return 0;
}

void orderbook_start(struct orderbook *b, struct fleet *fleet)
{
	b->fleet = fleet;
}

const char *orderbook_problem(const struct orderbook *b)
{
	return *b->problem != '\0' ? b->problem : store_problem(b->store);
}

void orderbook_close(struct orderbook *b)
{
	b->closing = true;
	if (b->fleet != NULL)
		write_last(b);
	while (b->first != NULL) {
		struct orderbook_entry *p = b->first;

		b->first = p->next;
		free(p->targets);
		free(p);
	}
	store_close(b->store);
	uv_close((uv_handle_t *)&b->retry, NULL);
}

void orderbook_free(struct orderbook *b)
{
	free(b);
}
