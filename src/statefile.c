#include "statefile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <uv.h>

#include "jsonout.h"
#include "text.h"

enum { VERSION_NUMBER = 1, EVERY_MAX_S = 3650 * 86400 };

static const char *const slot_names[ORDER_SLOTS] = { "state", "ceiling",
	"hold" };

static json_t *encode_steps(const struct order *o)
{
	json_t *list = json_array();
	int rc = 0;

	for (unsigned i = 0; i < o->n_steps; i++)
		rc |= json_array_append_new(list, json_integer(o->steps[i]));
	if (rc == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *encode_order(const struct order *o)
{
	json_t *order = json_pack("{ss ss% ss% sI sI si sb}", "kind",
		order_name(o->kind), "who", o->who, strlen(o->who), "why",
		o->why, strlen(o->why), "since", (json_int_t)o->since_s,
		"until", (json_int_t)o->until_s, "percent", (int)o->percent,
		"left", o->left);
	int rc = 0;

	if (o->kind != ORDER_CANARY)
		return order;
	rc |= json_object_set_new(order, "steps", encode_steps(o));
	rc |= json_object_set_new(order, "step", json_integer(o->step));
	rc |= json_object_set_new(order, "every", json_integer(o->every_s));
	if (rc == 0)
		return order;
	json_decref(order);
	return NULL;
}

/* Who is about to be told a drain is written down as told. */
static json_t *encode_poller(const struct pollers *all, const struct poller *p)
{
	char address[ADDR_TEXT_MAX];

	addr_host_show(address, &p->host);
	return json_pack("{ss sI sI sI ss sb sb}", "address", address, "last",
		(json_int_t)p->last_s, "interval", (json_int_t)p->interval_ms,
		"longest", (json_int_t)p->longest_ms, "told",
		answer_told_name(p->told), "taken",
		p->taken || answer_takes(all->saying), "sure", p->sure);
}

/* Where there is nothing to tell, nothing is written. */
static int encode_pollers(json_t *server, const struct pollers *p)
{
	json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; i < p->n; i++)
		rc |= json_array_append_new(
			list, encode_poller(p, &p->list[i]));
	if (p->n > 0)
		rc |= json_object_set(server, "pollers", list);
	json_decref(list);
	if (p->ended_s != 0)
		rc |= json_object_set_new(
			server, "ended", json_integer(p->ended_s));
	return rc;
}

static json_t *encode_server(const struct statefile_server *s)
{
	struct orders copy = *s->orders;
	struct order *slots[ORDER_SLOTS];
	json_t *server = json_object();
	int rc = encode_pollers(server, s->pollers);

	order_slots(&copy, slots);
	for (size_t i = 0; i < ORDER_SLOTS; i++)
		if (slots[i]->kind != ORDER_NONE &&
			slots[i]->keeping == ORDER_DURABLE)
			rc |= json_object_set_new(
				server, slot_names[i], encode_order(slots[i]));
	if (rc == 0)
		return server;
	json_decref(server);
	return NULL;
}

char *statefile_encode(const struct statefile_server *servers, size_t n)
{
	json_t *all = json_object();
	json_t *root =
		json_pack("{si so}", "version", VERSION_NUMBER, "servers", all);
	char *text = NULL;
	int rc = root == NULL;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		json_t *server = encode_server(&servers[i]);

		if (server != NULL && json_object_size(server) == 0)
			json_decref(server);
		else
			rc = json_object_set_new(all, servers[i].name, server);
	}
	if (rc == 0)
		text = jsonout_text(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}

/* Only a canary has steps, they rise, and one of them is in force. */
static bool decode_steps(json_t *list, json_int_t step, struct order *o)
{
	size_t n = json_array_size(list), i;
	json_int_t last = 0;
	json_t *item;

	if (o->kind != ORDER_CANARY)
		return list == NULL && step == 0 && o->every_s == 0;
	if (!json_is_array(list) || n > ORDER_STEPS_MAX || step < 0 ||
		(size_t)step >= n)
		return false;
	json_array_foreach(list, i, item)
	{
		if (json_integer_value(item) <= last ||
			json_integer_value(item) > 100)
			return false;
		last = json_integer_value(item);
		o->steps[i] = (unsigned char)last;
	}
	o->n_steps = (unsigned)n;
	o->step = (unsigned)step;
	return o->percent == o->steps[step];
}

/* A kind must stand in its own slot. */
static bool decode_order(json_t *json, const char *slot, struct order *o)
{
	const char *kind, *who, *why;
	json_int_t since, until, percent, step = 0, every = 0;
	json_t *steps = NULL;
	int left = 0;
	struct orders place;
	const char *where;

	if (json_unpack_ex(json, NULL, JSON_STRICT,
		    "{ss ss ss sI sI sI s?b s?o s?I s?I}", "kind", &kind, "who",
		    &who, "why", &why, "since", &since, "until", &until,
		    "percent", &percent, "left", &left, "steps", &steps, "step",
		    &step, "every", &every) != 0)
		return false;
	*o = (struct order){ .kind = order_kind(kind),
		.percent = (unsigned)percent,
		.since_s = since,
		.until_s = until,
		.every_s = every,
		.left = left != 0 };
	text_format(o->who, sizeof(o->who), "%s", who);
	text_format(o->why, sizeof(o->why), "%s", why);
	text_clean(o->who);
	text_clean(o->why);
	where = slot_names[order_slot(&place, o->kind) - &place.state];
	return o->kind != ORDER_NONE && strcmp(where, slot) == 0 &&
		percent >= 0 && percent <= 100 && since >= 0 && until >= 0 &&
		every >= 0 && every <= EVERY_MAX_S &&
		decode_steps(steps, step, o);
}

static bool decode_poller(json_t *json, struct poller *p)
{
	const char *address, *told;
	json_int_t last, interval, longest;
	int taken, sure;

	memset(p, 0, sizeof(*p));
	if (json_unpack_ex(json, NULL, JSON_STRICT, "{ss sI sI sI ss sb sb}",
		    "address", &address, "last", &last, "interval", &interval,
		    "longest", &longest, "told", &told, "taken", &taken, "sure",
		    &sure) != 0 ||
		addr_host_parse(&p->host, address) != 0 || last < 0 ||
		interval < 0 || interval > POLLER_GAP_MAX_MS || longest < 0 ||
		longest > POLLER_GAP_MAX_MS)
		return false;
	p->last_s = last;
	p->interval_ms = (uint64_t)interval;
	p->longest_ms = (uint64_t)longest;
	p->told = answer_told(told);
	p->taken = taken != 0;
	p->sure = sure != 0;
	return true;
}

/* Both parts may be missing; *known counts those that are there. */
static bool decode_pollers(json_t *server, struct pollers *p, size_t *known)
{
	json_t *list = json_object_get(server, "pollers"), *item;
	json_t *ended = json_object_get(server, "ended");
	struct poller one;
	size_t i;

	*known += (size_t)(list != NULL) + (size_t)(ended != NULL);
	if ((list != NULL && !json_is_array(list)) ||
		(ended != NULL && json_integer_value(ended) <= 0))
		return false;
	p->ended_s = json_integer_value(ended);
	json_array_foreach(list, i, item)
	{
		if (!decode_poller(item, &one))
			return false;
		pollers_restore(p, &one);
	}
	return true;
}

static bool decode_server(
	json_t *json, struct orders *orders, struct pollers *pollers)
{
	struct order *slots[ORDER_SLOTS];
	size_t known = 0;

	memset(orders, 0, sizeof(*orders));
	order_slots(orders, slots);
	for (size_t i = 0; i < ORDER_SLOTS; i++) {
		json_t *order = json_object_get(json, slot_names[i]);

		if (order == NULL)
			continue;
		if (!decode_order(order, slot_names[i], slots[i]))
			return false;
		known++;
	}
	return decode_pollers(json, pollers, &known) && json_is_object(json) &&
		json_object_size(json) == known;
}

static int decode_servers(json_t *servers, statefile_cb cb, void *arg,
	char error[STATEFILE_ERROR_MAX])
{
	struct pollers pollers = { .list = NULL };
	struct orders orders;
	struct statefile_server s = { .orders = &orders, .pollers = &pollers };
	json_t *server;
	bool good;

	json_object_foreach(servers, s.name, server)
	{
		good = decode_server(server, &orders, &pollers);
		if (good && cb != NULL)
			cb(arg, &s);
		pollers_free(&pollers);
		if (good)
			continue;
		text_format(error, STATEFILE_ERROR_MAX,
			"what it says of %.100s is not what usherd writes",
			s.name);
		return UV_EINVAL;
	}
	return 0;
}

/* A piece of the file may stand in it, and it goes into the log, and JSON. */
static void clean(char *error)
{
	text_clean(error);
	text_quotable(error);
}

int statefile_decode(const char *text, size_t len, statefile_cb cb, void *arg,
	char error[STATEFILE_ERROR_MAX])
{
	json_t *servers = NULL, *root;
	json_error_t where;
	json_int_t version = 0;
	int rc;

	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL) {
		text_format(error, STATEFILE_ERROR_MAX, "line %d: %s",
			where.line, where.text);
		clean(error);
		return UV_EINVAL;
	}
	rc = json_unpack_ex(root, NULL, JSON_STRICT, "{sI so}", "version",
		&version, "servers", &servers);
	if (rc != 0 || version != VERSION_NUMBER || !json_is_object(servers)) {
		text_format(error, STATEFILE_ERROR_MAX,
			"not a state file of version %d", VERSION_NUMBER);
		rc = UV_EINVAL;
	}
	/* All or nothing: the first walk only looks. */
	if (rc == 0)
		rc = decode_servers(servers, NULL, NULL, error);
	if (rc == 0)
		rc = decode_servers(servers, cb, arg, error);
	if (rc != 0)
		clean(error);
	json_decref(root);
	return rc;
}
