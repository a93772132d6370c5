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

static bool is_server_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < 256 && *name != '-' &&
		strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-_:") == len;
}

const struct section *sections_find(
	const struct sections *r, enum section_kind kind, const char *name)
{
	for (size_t i = 0; i < r->n_sections; i++) {
		const struct section *s = &r->sections[i];

		if (s->kind == kind &&
			(name == NULL || strcmp(s->name, name) == 0))
			return s;
	}
	return NULL;
}

/* What the text between brackets says; *server is set with SECTION_SERVER. */
static enum section_kind section_kind(const char *text, const char **server)
{
	*server = NULL;
	if (strcmp(text, "usher") == 0)
		return SECTION_USHER;
	if (strcmp(text, "defaults") == 0)
		return SECTION_DEFAULTS;
	if (strncmp(text, "server", 6) == 0 &&
		(text[6] == ' ' || text[6] == '\t')) {
		*server = text + 6 + strspn(text + 6, " \t");
		return SECTION_SERVER;
	}
	return SECTION_UNKNOWN;
}

static void on_section(void *arg, unsigned line, const char *text)
{
	struct sections *r = arg;
	const struct section *first;
	struct section *s;
	const char *name;
	enum section_kind kind = section_kind(text, &name);

	if (kind == SECTION_UNKNOWN) {
		sections_complain(r, line,
			"[%s]: a section is [usher], [defaults] or "
			"[server NAME]",
			text);
	} else if (kind == SECTION_SERVER && !is_server_name(name)) {
		sections_complain(r, line,
			"[%s]: a server's name has letters, digits, dots, "
			"colons, dashes and underscores, and begins with no "
			"dash",
			text);
		kind = SECTION_UNKNOWN;
	} else if ((first = sections_find(r, kind, name)) != NULL) {
		sections_complain(r, line,
			"[%s] is given twice, first in line %u; put its "
			"options together",
			text, first->line);
	}
	s = sections_grow((void **)&r->sections, &r->n_sections, sizeof(*s));
	if (s == NULL) {
		r->no_memory = true;
		return;
	}
	s->kind = kind;
	s->line = line;
	s->name = name != NULL ? strdup(name) : NULL;
	if (name != NULL && s->name == NULL) {
		s->kind = SECTION_UNKNOWN;
		r->no_memory = true;
	}
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

	if (r->n_sections == 0) {
		sections_complain(r, line,
			"%s stands before the first section; write [usher], "
			"[defaults] or [server NAME] above it",
			key);
		return;
	}
	if (r->sections[r->n_sections - 1].kind == SECTION_UNKNOWN)
		return;
	where = r->sections[r->n_sections - 1].kind == SECTION_USHER
		? OPTION_USHER
		: OPTION_SERVER;
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
	for (size_t i = r->n_entries; i-- > 0;) {
		if (r->entries[i].section != r->n_sections - 1)
			break;
		if (r->entries[i].option != option)
			continue;
		sections_complain(r, line,
			"%s is given twice, first in line %u", key,
			r->entries[i].line);
		return;
	}
	e = sections_grow((void **)&r->entries, &r->n_entries, sizeof(*e));
	if (e == NULL) {
		r->no_memory = true;
		return;
	}
	e->section = r->n_sections - 1;
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

void sections_free(struct sections *r)
{
	for (size_t i = 0; i < r->n_sections; i++)
		free(r->sections[i].name);
	for (size_t i = 0; i < r->n_entries; i++)
		free(r->entries[i].value);
	free(r->sections);
	free(r->entries);
}

int sections_read(
	struct sections *s, const char *path, struct config_errors *errors)
{
	static const struct inifile_events events = { on_section, on_value,
		on_error };

	*s = (struct sections){ .errors = errors };
	return inifile_read(path, &events, s);
}
