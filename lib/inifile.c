#include "inifile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>
#include <uv.h>

/* The byte order mark that some editors put in front. */
static const char mark[] = "\xef\xbb\xbf";

struct reading {
	FILE *file;
	char *line; /* getline()'s */
	size_t cap;
	unsigned number;
	const struct inifile_events *events;
	void *arg;
};

static char *strip(char *text)
{
	size_t len;

	text += strspn(text, " \t\r\n\f\v");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n\f\v", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

static void take_section(struct reading *r, char *text)
{
	char *end = strchr(text, ']');

	if (end == NULL || *strip(end + 1) != '\0') {
		r->events->error(r->arg, r->number,
			"a section is one name in brackets: [name]");
		return;
	}
	*end = '\0';
	r->events->section(r->arg, r->number, strip(text + 1));
}

/* Whether inih will see it: to it a comment begins at a ';' after a blank. */
static bool has_value(const char *text)
{
	size_t key = strcspn(text, "=:");

	for (size_t i = 1; i < key; i++)
		if (text[i] == ';' && strchr(" \t\f\v", text[i - 1]) != NULL)
			return false;
	return text[key] != '\0';
}

/*
 * Looks at one line before inih does.  Returns the text that inih shall split
 * into key and value, or "" where there is nothing left for it to do.
 */
static const char *inspect(struct reading *r, size_t len)
{
	char *text;

	if (memchr(r->line, '\0', len) != NULL) {
		r->events->error(
			r->arg, r->number, "the line has a NUL byte in it");
		return "";
	}
	text = r->line;
	if (r->number == 1 && strncmp(text, mark, strlen(mark)) == 0)
		text += strlen(mark);
	text = strip(text);
	if (*text == '\0' || *text == ';' || *text == '#')
		return "";
	if (strlen(text) > INIFILE_LINE_MAX) {
		r->events->error(
			r->arg, r->number, "the line is longer than 190 bytes");
		return "";
	}
	if (*text == '[') {
		take_section(r, text);
		return "";
	}
	if (!has_value(text)) {
		r->events->error(r->arg, r->number,
			"neither `key = value` nor [section] nor # comment");
		return "";
	}
	return text;
}

static char *next_line(char *dst, int cap, void *arg)
{
	struct reading *r = arg;
	ssize_t len = getline(&r->line, &r->cap, r->file);

	if (len < 0)
		return NULL;
	r->number++;
	snprintf(dst, (size_t)cap, "%s", inspect(r, (size_t)len));
	return dst;
}

static int take_value(
	void *arg, const char *section, const char *key, const char *value)
{
	struct reading *r = arg;

	(void)section;
	r->events->value(r->arg, r->number, key, value);
	return 1;
}

int inifile_read(
	const char *path, const struct inifile_events *events, void *arg)
{
	struct reading r = { .events = events, .arg = arg };
	int rc = 0;

	r.file = fopen(path, "re");
	if (r.file == NULL)
		return uv_translate_sys_error(errno);
	/* Without memory getline() ends before the file does. */
	if (ini_parse_stream(next_line, &r, take_value, &r) < 0 ||
		!feof(r.file))
		rc = ferror(r.file) ? UV_EIO : UV_ENOMEM;
	free(r.line);
	fclose(r.file);
	return rc;
}
