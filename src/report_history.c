#include "report.h"

#include <stdlib.h>
#include <time.h>

#include "paper.h"

char *report_entry_text(const struct history_entry *e)
{
	char when[sizeof("2026-01-31 23:59:59")] = "";
	time_t t = e->time_s;
	char *text = NULL;
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (asprintf(&text, "%s  %s  %s: %s\n", when, e->server, e->what,
		    e->text) < 0)
		return NULL;
	return text;
}

char *report_entry_json(const struct history_entry *e)
{
	json_t *root = json_pack("{si so ss ss ss}", "version", JSON_VERSION,
		"time", paper_time(e->time_s), "server", e->server, "what",
		e->what, "text", e->text);

	return paper_json(root, JSON_COMPACT);
}

/* Joins what `show` makes of each entry. */
static char *join(const struct history *h,
	char *(*show)(const struct history_entry *e), const char *between)
{
	const struct history_entry *e;
	struct paper p;

	if (paper_open(&p, 0) != 0)
		return NULL;
	for (size_t i = 0; (e = history_get(h, i)) != NULL; i++) {
		char *line = show(e);

		if (line != NULL)
			fprintf(p.out, "%s%s", i > 0 ? between : "", line);
		else
			p.rc = UV_ENOMEM;
		free(line);
	}
	return paper_close(&p);
}

char *report_history(const struct history *h, unsigned flags)
{
	char *list, *text = NULL;

	if ((flags & COMMAND_JSON) == 0)
		return join(h, report_entry_text, "");
	list = join(h, report_entry_json, ",");
	if (list != NULL && asprintf(&text, "[\n%s]\n", list) < 0)
		text = NULL;
	free(list);
	return text;
}
