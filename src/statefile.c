#include "statefile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <uv.h>

#include "text.h"

enum { VERSION_NUMBER = 1 };

static const char *const slot_names[ORDER_SLOTS] = { "state", "ceiling",
	"hold" };

static json_t *encode_order(const struct order *o)
{
	return json_pack("{ss ss% ss% sI sI si}", "kind", order_name(o->kind),
		"who", o->who, strlen(o->who), "why", o->why, strlen(o->why),
		"since", (json_int_t)o->since_s, "until",
		(json_int_t)o->until_s, "percent", (int)o->percent);
}

static json_t *encode_server(const struct orders *orders)
{
	struct orders copy = *orders;
	struct order *slots[ORDER_SLOTS];
	json_t *server = json_object();
	int rc = 0;

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
		json_t *server = encode_server(servers[i].orders);

		if (server != NULL && json_object_size(server) == 0)
			json_decref(server);
		else
			rc = json_object_set_new(all, servers[i].name, server);
	}
	if (rc == 0)
		text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}

/* A kind must stand in its own slot. */
static bool decode_order(json_t *json, const char *slot, struct order *o)
{
	const char *kind, *who, *why;
	json_int_t since, until, percent;
	struct orders place;
	const char *where;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{ss ss ss sI sI sI}",
		    "kind", &kind, "who", &who, "why", &why, "since", &since,
		    "until", &until, "percent", &percent) != 0)
		return false;
	*o = (struct order){ .kind = order_kind(kind),
		.percent = (unsigned)percent,
		.since_s = since,
		.until_s = until };
	text_format(o->who, sizeof(o->who), "%s", who);
	text_format(o->why, sizeof(o->why), "%s", why);
	text_clean(o->who);
	text_clean(o->why);
	where = slot_names[order_slot(&place, o->kind) - &place.state];
	return o->kind != ORDER_NONE && strcmp(where, slot) == 0 &&
		percent >= 0 && percent <= 100 && since >= 0 && until >= 0;
}

static bool decode_server(json_t *json, struct orders *orders)
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
	return json_is_object(json) && json_object_size(json) == known;
}

static int decode_servers(json_t *servers, statefile_cb cb, void *arg,
	char error[STATEFILE_ERROR_MAX])
{
	struct orders orders;
	const char *name;
	json_t *server;

	json_object_foreach(servers, name, server)
	{
		if (decode_server(server, &orders)) {
			if (cb != NULL)
				cb(arg, name, &orders);
			continue;
		}
		text_format(error, STATEFILE_ERROR_MAX,
			"the orders of %.100s are not what usherd writes",
			name);
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
