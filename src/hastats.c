#include "hastats.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "text.h"

enum {
	FIELDS_MAX = 512, /* `show stat` has 150, and grows */
	COLUMNS_MAX = 16,
	SAID_MAX = 60, /* of an answer that is none */
};

/* Of `show stat`: what a row is about. */
enum { TYPE_BACKEND = 1, TYPE_SERVER = 2 };

struct row {
	struct ha_server server;
	unsigned type;
};

enum kind { WORDS, NUMBER };
enum need { NEEDED, WELCOME };

/* A column, and where its value goes in a struct row. */
struct column {
	const char *name;
	size_t at;
	enum kind kind;
	enum need need;
};

#define COLUMN(name, member, kind, need) \
	{ \
		name, offsetof(struct row, member), kind, need \
	}

static const struct column state_columns[] = {
	COLUMN("be_name", server.backend, WORDS, NEEDED),
	COLUMN("srv_name", server.name, WORDS, NEEDED),
	COLUMN("srv_addr", server.address, WORDS, NEEDED),
	COLUMN("srv_admin_state", server.admin, NUMBER, NEEDED),
	COLUMN("srv_uweight", server.weight, NUMBER, NEEDED),
	COLUMN("srv_iweight", server.initial, NUMBER, NEEDED),
	COLUMN("srv_check_state", server.check, NUMBER, NEEDED),
	COLUMN("srv_agent_state", server.agent, NUMBER, NEEDED),
	COLUMN("srv_check_addr", server.check_address, WORDS, WELCOME),
	COLUMN("srv_agent_addr", server.agent_address, WORDS, WELCOME),
	COLUMN("srv_agent_port", server.agent_port, WORDS, WELCOME),
};

static const struct column stat_columns[] = {
	COLUMN("pxname", server.backend, WORDS, NEEDED),
	COLUMN("svname", server.name, WORDS, NEEDED),
	COLUMN("type", type, NUMBER, NEEDED),
	COLUMN("status", server.status, WORDS, NEEDED),
	COLUMN("algo", server.algo, WORDS, WELCOME),
	COLUMN("tracked", server.tracks, WORDS, WELCOME),
	COLUMN("check_status", server.check_status, WORDS, NEEDED),
	COLUMN("last_chk", server.check_text, WORDS, WELCOME),
	COLUMN("agent_status", server.agent_status, WORDS, NEEDED),
	COLUMN("last_agt", server.agent_text, WORDS, WELCOME),
	COLUMN("agent_duration", server.agent_ms, NUMBER, WELCOME),
};

/* One of the two answers, while it is read. */
struct table {
	const char *command; /* whose answer it is */
	const struct column *columns;
	size_t n_columns;
	char separator;
	char *rest; /* what is still to be read */
	char *fields[FIELDS_MAX];
	size_t n_fields;
	size_t at[COLUMNS_MAX]; /* in which field; FIELDS_MAX: in none */
};

/* What stands between quotes, where "" is a quote; returns what follows. */
static char *unquote(char *text)
{
	char *from = text + 1, *to = text;

	while (*from != '\0') {
		if (*from == '"' && *++from != '"')
			break;
		*to++ = *from++;
	}
	while (*from != '\0' && *from != ',' && *from != '\n')
		from++;
	memset(to, '\0', (size_t)(from - to)); /* the quote, at least */
	return from;
}

/* HAProxy's own texts may end with a newline, inside their quotes. */
static void clean(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	text_clean(text);
}

/* The next row, cut into fields in place; 0 at the end. */
static int next_row(struct table *t)
{
	char *p = t->rest;

	t->n_fields = 0;
	if (*p == '\0' || *p == '\n')
		return 0;
	for (;;) {
		char *field = p, end;

		if (t->separator == ',' && *p == '"')
			p = unquote(p);
		else
			while (*p != '\0' && *p != '\n' && *p != t->separator)
				p++;
		end = *p;
		*p = '\0';
		clean(field);
		if (t->n_fields < FIELDS_MAX)
			t->fields[t->n_fields++] = field;
		t->rest = p + (end != '\0');
		if (end != t->separator)
			return 1;
		p++;
	}
}

static int no_answer(
	const char *command, char *text, char error[HASTATS_ERROR_MAX])
{
	text[strcspn(text, "\n")] = '\0';
	text_clean(text);
	if (strncmp(text, "Permission denied", 17) == 0) {
		text_format(error, HASTATS_ERROR_MAX,
			"HAProxy permits no `%s` on this socket; use one with "
			"`level operator`",
			command);
		return UV_EACCES;
	}
	text_quotable(text);
	text_format(error, HASTATS_ERROR_MAX,
		"what came is no answer to `%s`: \"%.*s\"", command, SAID_MAX,
		text);
	return UV_EINVAL;
}

/* The first line, "# NAME NAME ...", says where each column is. */
static int read_head(struct table *t, char *text, char error[HASTATS_ERROR_MAX])
{
	if (strncmp(text, "# ", 2) != 0)
		return no_answer(t->command, text, error);
	t->rest = text + 2;
	if (!next_row(t))
		return no_answer(t->command, text, error);
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *column = &t->columns[i];
		size_t k = 0;

		while (k < t->n_fields &&
			strcmp(t->fields[k], column->name) != 0)
			k++;
		t->at[i] = k < t->n_fields ? k : FIELDS_MAX;
		if (k < t->n_fields || column->need == WELCOME)
			continue;
		text_format(error, HASTATS_ERROR_MAX,
			"this HAProxy's `%s` has no %s", t->command,
			column->name);
		return UV_EINVAL;
	}
	return 0;
}

/* Of what the table has no column for, the row keeps what it had. */
static void take_row(struct row *row, const struct table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		char *member = (char *)row + t->columns[i].at;
		const char *text;
		uint64_t number = 0;

		if (t->at[i] >= t->n_fields)
			continue;
		text = t->fields[t->at[i]];
		if (t->columns[i].kind == WORDS) {
			memcpy(member, &text, sizeof(text));
		} else if (text_parse_number(text, INT32_MAX, &number) == 0) {
			unsigned value = (unsigned)number;

			memcpy(member, &value, sizeof(value));
		}
	}
}

static const struct ha_server silent = {
	.backend = "",
	.name = "",
	.address = "-",
	.check_address = "-",
	.agent_address = "-",
	.agent_port = "",
	.status = "",
	.algo = "",
	.tracks = "",
	.check_status = "",
	.check_text = "",
	.agent_status = "",
	.agent_text = "",
};

static int grow(struct hastats *t)
{
	struct ha_server *list;

	if ((t->n & (t->n - 1)) != 0)
		return 0;
	list = realloc(t->list, (t->n > 0 ? t->n * 2 : 1) * sizeof(*t->list));
	if (list == NULL)
		return UV_ENOMEM;
	t->list = list;
	return 0;
}

static int read_state(
	struct hastats *t, char *text, char error[HASTATS_ERROR_MAX])
{
	struct table table = { .command = "show servers state",
		.columns = state_columns,
		.n_columns = sizeof(state_columns) / sizeof(*state_columns),
		.separator = ' ' };
	int rc;

	/* Before the head stands the format's version. */
	if (strncmp(text, "1\n", 2) != 0)
		return no_answer(table.command, text, error);
	rc = read_head(&table, text + 2, error);
	while (rc == 0 && next_row(&table)) {
		struct row row = { .server = silent };

		rc = grow(t);
		if (rc != 0) {
			text_format(error, HASTATS_ERROR_MAX, "no memory");
			break;
		}
		take_row(&row, &table);
		t->list[t->n++] = row.server;
	}
	return rc;
}

/*
 * The server of this name, or NULL.  Both answers have the same order, so it
 * is looked for from `from` on first.
 */
static struct ha_server *find(
	const struct hastats *t, const struct ha_server *named, size_t from)
{
	for (size_t i = 0; i < t->n; i++) {
		struct ha_server *s = &t->list[(from + i) % t->n];

		if (strcmp(s->name, named->name) == 0 &&
			strcmp(s->backend, named->backend) == 0)
			return s;
	}
	return NULL;
}

/* A backend's row comes after those of its servers. */
static void set_algo(struct hastats *t, const struct ha_server *backend)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->list[i].backend, backend->backend) == 0)
			t->list[i].algo = backend->algo;
}

static int read_stat(
	struct hastats *t, char *text, char error[HASTATS_ERROR_MAX])
{
	struct table table = { .command = "show stat",
		.columns = stat_columns,
		.n_columns = sizeof(stat_columns) / sizeof(*stat_columns),
		.separator = ',' };
	size_t next = 0;
	int rc = read_head(&table, text, error);

	while (rc == 0 && next_row(&table)) {
		struct row row = { .server = silent };
		struct ha_server *known;

		take_row(&row, &table);
		if (row.type == TYPE_BACKEND)
			set_algo(t, &row.server);
		if (row.type != TYPE_SERVER)
			continue;
		known = find(t, &row.server, next);
		if (known == NULL)
			continue; /* added between the two */
		row.server = *known;
		take_row(&row, &table);
		*known = row.server;
		/* While a poll is under way, a star precedes the last one. */
		known->agent_status += strspn(known->agent_status, "* ");
		known->check_status += strspn(known->check_status, "* ");
		next = (size_t)(known - t->list) + 1;
	}
	return rc;
}

int hastats_parse(struct hastats *t, char *state, char *stat,
	char error[HASTATS_ERROR_MAX])
{
	int rc;

	memset(t, 0, sizeof(*t));
	rc = read_state(t, state, error);
	if (rc == 0)
		rc = read_stat(t, stat, error);
	if (rc != 0)
		hastats_free(t);
	return rc;
}

void hastats_free(struct hastats *t)
{
	free(t->list);
	memset(t, 0, sizeof(*t));
}
