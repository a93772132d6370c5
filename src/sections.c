#include "sections.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inifile.h"
#include "text.h"

/* One more element at the end of an array of n; NULL without memory. */
void *sections_grow(void **array, size_t *n, size_t size)
{
	void *grown = realloc(*array, (*n + 1) * size);

	if (grown == NULL)
		return NULL;
	*array = grown;
	memset((char *)grown + *n * size, 0, size);
	return (char *)grown + (*n)++ * size;
}

void sections_complain(struct sections *s, unsigned line, const char *fmt, ...)
{
	struct config_error *e;
	va_list ap;

	e = sections_grow((void **)&s->errors->list, &s->errors->n, sizeof(*e));
	if (e == NULL) {
		s->no_memory = true;
		return;
	}
	e->line = line;
	va_start(ap, fmt);
	if (vasprintf(&e->text, fmt, ap) < 0)
		e->text = NULL;
	va_end(ap);
}

bool sections_is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < 256 && *name != '-' &&
		strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-_:") == len;
}

static struct section *add_server(
	struct sections *r, unsigned line, const char *name)
{
	char *copy = strdup(name);
	struct section *s = copy == NULL ? NULL
					 : sections_grow((void **)&r->servers,
						   &r->n_servers, sizeof(*s));

	if (s == NULL) {
		free(copy);
		r->no_memory = true;
		return &r->unknown;
	}
	s->line = line;
	s->name = copy;
	return s;
}

static void is_double(struct sections *r, const struct section *first,
	unsigned line, const char *text, const char *name)
{
	sections_complain(r, line,
		"[%s%s] is given twice, first in line %u; put its options "
		"together",
		text, name, first->line);
}

static struct section *begin_once(
	struct sections *r, struct section *s, unsigned line, const char *text)
{
	if (s->line != 0)
		is_double(r, s, line, text, "");
	else
		s->line = line;
	return s;
}

/* The one that is meant by the text between brackets. */
static struct section *begin(
	struct sections *r, unsigned line, const char *text)
{
	const char *name;

	if (strcmp(text, "usher") == 0)
		return begin_once(r, &r->usher, line, text);
	if (strcmp(text, "defaults") == 0)
		return begin_once(r, &r->defaults, line, text);
	if (strncmp(text, "server", 6) != 0 ||
		(text[6] != ' ' && text[6] != '\t')) {
		sections_complain(r, line,
			"[%s]: a section is [usher], [defaults] or "
			"[server NAME]",
			text);
		return &r->unknown;
	}
	name = text + 6 + strspn(text + 6, " \t");
	if (sections_is_name(name))
		return add_server(r, line, name);
	sections_complain(r, line,
		"[%s]: a server's name has letters, digits, dots, colons, "
		"dashes and underscores, and begins with no dash",
		text);
	return &r->unknown;
}

static void on_section(void *arg, unsigned line, const char *text)
{
	struct sections *r = arg;

	r->under = begin(r, line, text);
}

static void unknown_key(struct sections *r, unsigned line, const char *key,
	enum option_section section)
{
	const char *names[64], *meant;
	size_t n = 0;

	if (option_find(section == OPTION_USHER ? OPTION_SERVER : OPTION_USHER,
		    key) != NULL) {
		sections_complain(r, line, "%s belongs into %s", key,
			section == OPTION_USHER ? "[server NAME] or [defaults]"
						: "[usher]");
		return;
	}
	for (size_t i = 0; i < options_n; i++)
		if (options[i].section == section)
			names[n++] = options[i].name;
	meant = text_did_you_mean(key, names, n);
	if (meant != NULL)
		sections_complain(r, line,
			"unknown option %s; did you mean %s?", key, meant);
	else
		sections_complain(r, line,
			"unknown option %s; usher.conf(5) lists them", key);
}

static void on_value(
	void *arg, unsigned line, const char *key, const char *value)
{
	struct sections *r = arg;
	enum option_section where;
	const struct option *option;
	struct entry *e;

	if (r->under == NULL) {
		sections_complain(r, line,
			"%s stands before the first section; write [usher], "
			"[defaults] or [server NAME] above it",
			key);
		return;
	}
	if (r->under == &r->unknown)
		return;
	where = r->under == &r->usher ? OPTION_USHER : OPTION_SERVER;
	option = option_find(where, key);
	if (option == NULL) {
		unknown_key(r, line, key, where);
		return;
	}
	if (option->kind == OPTION_NETS && *value == '\0') {
		sections_complain(r, line,
			"%s = : this would mean the default, not nobody; name "
			"a net, or leave the line out",
			key);
		return;
	}
	for (size_t i = 0; i < r->under->entries.n; i++) {
		if (r->under->entries.list[i].option != option)
			continue;
		sections_complain(r, line,
			"%s is given twice, first in line %u", key,
			r->under->entries.list[i].line);
		return;
	}
	e = sections_grow((void **)&r->under->entries.list,
		&r->under->entries.n, sizeof(*e));
	if (e == NULL) {
		r->no_memory = true;
		return;
	}
	e->line = line;
	e->option = option;
	e->value = strdup(value);
	r->no_memory = r->no_memory || e->value == NULL;
}

static void on_error(void *arg, unsigned line, const char *text)
{
	struct sections *r = arg;

	sections_complain(r, line, "%s", text);
}

static void free_section(struct section *s)
{
	for (size_t i = 0; i < s->entries.n; i++)
		free(s->entries.list[i].value);
	free(s->entries.list);
	free(s->name);
}

void sections_free(struct sections *r)
{
	free_section(&r->usher);
	free_section(&r->defaults);
	for (size_t i = 0; i < r->n_servers; i++)
		free_section(&r->servers[i]);
	free(r->servers);
}

static int by_name(const void *a, const void *b)
{
	const struct section *sa = *(const struct section *const *)a;
	const struct section *sb = *(const struct section *const *)b;
	int order = strcmp(sa->name, sb->name);

	return order != 0 ? order : sa->line < sb->line ? -1 : 1;
}

static void find_doubles(struct sections *r)
{
	const struct section **sorted, *first;

	if (r->n_servers == 0)
		return;
	sorted = calloc(r->n_servers, sizeof(*sorted));
	if (sorted == NULL) {
		r->no_memory = true;
		return;
	}
	for (size_t i = 0; i < r->n_servers; i++)
		sorted[i] = &r->servers[i];
	qsort(sorted, r->n_servers, sizeof(*sorted), by_name);
	first = sorted[0];
	for (size_t i = 1; i < r->n_servers; i++) {
		if (strcmp(first->name, sorted[i]->name) == 0)
			is_double(r, first, sorted[i]->line, "server ",
				first->name);
		else
			first = sorted[i];
	}
	free(sorted);
}

int sections_read(
	struct sections *s, const char *path, struct config_errors *errors)
{
	static const struct inifile_events events = { on_section, on_value,
		on_error };
	int rc;

	*s = (struct sections){ .errors = errors };
	rc = inifile_read(path, &events, s);
	find_doubles(s);
	return rc;
}
