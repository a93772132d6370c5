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

#include "log.h"
#include "text.h"

enum { RETRY_MS = 5000 }; /* of a write that failed */

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
	bool dirty; /* what is in force may not be what is on disk */
	struct orderbook_entry *first;
	struct orderbook_entry **last;
	bool writing_first; /* the write under way is for `first` */
};

static void go_on(struct orderbook *b);

/* --- the servers --- */

static size_t count_servers(const struct orderbook *b)
{
	return fleet_config(b->fleet)->n_servers;
}

/* All servers as they are; the caller frees it. */
struct change_target *orderbook_look(const struct orderbook *b, size_t *n)
{
	struct change_target *targets;

	*n = count_servers(b);
	targets = calloc(*n, sizeof(*targets));
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
	log_error("state text=\"can't be written: %s\"", uv_strerror(status));
	b->dirty = true;
	uv_timer_start(&b->retry, on_retry, RETRY_MS, 0);
}

/* As it stands in the log and the history; ceilings with their number. */
static void describe(char *dst, size_t cap, const struct order *o)
{
	size_t used = 0;

	if (o->kind == ORDER_NONE) {
		text_format(dst, cap, "none");
		return;
	}
	if (o->kind == ORDER_WEIGHT || o->kind == ORDER_CANARY)
		used = text_format(dst, cap, "%u%% ", o->percent);
	order_describe(dst + used, cap - used, o);
	text_quotable(dst);
}

static void log_slot(struct orderbook *b, const char *server, const char *by,
	const struct order *old, const struct order *now)
{
	char was[ORDER_WHY_MAX + 128], is[ORDER_WHY_MAX + 128];

	if (order_same(old, now))
		return;
	describe(was, sizeof(was), old);
	describe(is, sizeof(is), now);
	history_add(b->history, time(NULL), server, "order", "%s -> %s, by %s",
		was, is, by);
	log_info("order server=%s by=\"%s\" old=\"%s\" new=\"%s\"", server, by,
		was, is);
}

static void log_change(struct orderbook *b, const char *server, const char *by,
	struct orders old, struct orders now)
{
	struct order *was[ORDER_SLOTS], *is[ORDER_SLOTS];

	order_slots(&old, was);
	order_slots(&now, is);
	for (size_t i = 0; i < ORDER_SLOTS; i++)
		log_slot(b, server, by, was[i], is[i]);
}

/* Takes `first` out of the queue and tells who gave it. */
static void conclude(struct orderbook *b, const char *text)
{
	struct orderbook_entry *p = b->first;

	b->first = p->next;
	if (b->first == NULL)
		b->last = &b->first;
	if (p->cb != NULL)
		p->cb(p->arg, text);
	free(p->targets);
	free(p);
}

static void put_into_force(struct orderbook *b)
{
	const struct orderbook_entry *p = b->first;
	size_t size = 64 + p->n * (ANSWER_MAX + COMMAND_NAME_MAX), used;
	char *text = malloc(size);

	used = text != NULL ? text_format(text, size, "ok\n") : 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct change_target *t = &p->targets[i];
		struct server *s = fleet_find(b->fleet, t->name);
		struct standing_view view;

		if (!t->chosen)
			continue;
		log_change(b, t->name, p->who, t->now, t->next);
		store_remember(b->store, t->name, &t->next);
		/* A reload may have come while it was written. */
		if (s == NULL)
			continue;
		standing_put_orders(server_standing(s), &t->next);
		standing_look(server_standing(s), &view);
		if (text != NULL)
			used += text_format(text + used, size - used,
				"%s: %s\n", t->name, view.reply);
	}
	conclude(b, text != NULL ? text : "ok\n");
	free(text);
}

static void on_written(void *arg, int status)
{
	struct orderbook *b = arg;
	char text[COMMAND_ERROR_MAX];

	if (status != 0) {
		write_failed(b, status);
		text_format(text, sizeof(text),
			"error %d the order can't be written to disk (%s), so "
			"nothing has changed; --volatile gives it all the "
			"same\n",
			(int)COMMAND_EXIT_REFUSED, uv_strerror(status));
		if (b->writing_first)
			conclude(b, text);
	} else if (b->writing_first) {
		put_into_force(b);
	}
	b->writing_first = false;
	go_on(b);
}

/* What is in force, with `changed` (or NULL) in place of some. */
static int start_write(
	struct orderbook *b, const struct orderbook_entry *changed)
{
	size_t n = count_servers(b);
	struct statefile_server *all = calloc(n, sizeof(*all));
	int rc;

	if (all == NULL)
		return UV_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct server *s = fleet_server(b->fleet, i);

		all[i].name = server_name(s);
		all[i].orders = changed != NULL
			? &changed->targets[i].next
			: standing_orders(server_standing(s));
	}
	rc = store_write(b->store, all, n, on_written, b);
	if (rc == 0)
		b->dirty = false; /* what changes from now on is not in it */
	free(all);
	return rc;
}

/* Works `first` out; false when it is over already. */
static bool prepare(struct orderbook *b)
{
	struct orderbook_entry *p = b->first;
	enum config_switch reason = fleet_config(b->fleet)->require_reason;
	char error[COMMAND_ERROR_MAX], text[COMMAND_ERROR_MAX + 32];
	enum change_verdict verdict;
	enum command_exit code;

	p->targets = orderbook_look(b, &p->n);
	if (p->targets == NULL) {
		conclude(b, "error 1 usherd has no memory\n");
		return false;
	}
	verdict = change_work_out(p->targets, p->n, &p->command, p->who,
		time(NULL), reason, error);
	if (verdict == CHANGE_DONE)
		return true;
	code = verdict == CHANGE_REFUSED ? COMMAND_EXIT_REFUSED
					 : COMMAND_EXIT_ERROR;
	text_format(text, sizeof(text), "error %d %s\n", (int)code, error);
	conclude(b, text);
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

static struct orders restore(void *arg, const char *name)
{
	const struct orderbook *b = arg;

	return store_found(b->store, name);
}

static void on_ended(void *arg, const char *server, const struct order *ended)
{
	static const struct order none = { .kind = ORDER_NONE };
	struct orderbook *b = arg;

	log_slot(b, server, "usherd (it has run out)", ended, &none);
	b->dirty = true;
	if (!b->closing)
		uv_timer_start(&b->retry, on_retry, 0, 0);
}

struct fleet_owner orderbook_owner(struct orderbook *b)
{
	return (struct fleet_owner){ .restore = restore,
		.standing = { .loop = b->loop,
			.history = b->history,
			.ended = on_ended,
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
	return store_problem(b->store);
}

void orderbook_close(struct orderbook *b)
{
	b->closing = true;
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
