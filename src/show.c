#include "show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change.h"
#include "clock.h"
#include "paper.h"
#include "text.h"

/* The chosen ones; `list` has room for all. */
static size_t fill(struct report_server *list, const struct show *s,
	const struct change_target *all, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].chosen)
			list[used++] = (struct report_server){
				.name = all[i].name,
				.config = server_config(
					fleet_server(s->fleet, i)),
				.view = all[i].view,
				.orders = &all[i].now,
			};
	return used;
}

static char *render(const struct show *s, const struct command *command,
	const struct change_target *all, size_t n,
	char *(*make)(const struct report *r))
{
	const struct agent_record *record = fleet_record(s->fleet);
	struct report_server *list = calloc(n, sizeof(*list));
	struct report r = { .servers = list,
		.problem = orderbook_problem(s->book),
		.refused = record->refused,
		.refused_last = record->refused_last,
		.fleet = s->fleet,
		.now = { clock_now_ms(), time(NULL) },
		.flags = command->flags,
		.width = command->width };
	char *text = NULL;

	if (list != NULL) {
		r.n = fill(list, s, all, n);
		text = make(&r);
	}
	free(list);
	/* cppcheck-suppress returnDanglingLifetime ; it holds no part of r */
	return text;
}

char *show_servers(const struct show *s, const struct command *command,
	char *(*make)(const struct report *r), char error[COMMAND_ERROR_MAX])
{
	struct command which = *command;
	char *text = NULL;
	size_t n;
	struct change_target *all = orderbook_look(s->book, &n);

	text_format(error, COMMAND_ERROR_MAX, "usherd has no memory");
	if (*which.server == '\0')
		which.flags |= COMMAND_ALL;
	if (all != NULL && change_choose(all, n, &which, error) == CHANGE_DONE)
		text = render(s, command, all, n, make);
	free(all);
	return text;
}

char *show_help(const struct command *command, char error[COMMAND_ERROR_MAX])
{
	const struct command_spec *spec = NULL;
	char usage[512];
	struct paper p;

	if (*command->word != '\0') {
		spec = command_find(command->word, error);
		if (spec == NULL)
			return NULL;
	}
	text_format(error, COMMAND_ERROR_MAX, "usherd has no memory");
	if (paper_open(&p, 0) != 0)
		return NULL;
	for (size_t i = 0; i < command_specs_n; i++) {
		if (spec != NULL && spec != &command_specs[i])
			continue;
		command_usage(usage, sizeof(usage), &command_specs[i]);
		fputs(usage, p.out);
	}
	return paper_close(&p);
}

static char *told_json(const struct change_target *targets, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (targets[i].chosen)
			paper_add(&list,
				json_pack("{ss ss}", "name", targets[i].name,
					"reply", targets[i].view.reply));
	return paper_json(
		json_pack("{si so}", "version", JSON_VERSION, "servers", list),
		JSON_COMPACT);
}

char *show_told(const struct change_target *targets, size_t n, unsigned flags)
{
	struct paper p;

	if ((flags & COMMAND_JSON) != 0)
		return told_json(targets, n);
	if (paper_open(&p, 0) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (targets[i].chosen)
			fprintf(p.out, "%s: %s\n", targets[i].name,
				targets[i].view.reply);
	return paper_close(&p);
}

char *show_ok(char *body)
{
	size_t size = body != NULL ? strlen(body) + sizeof("ok\n") : 0;
	char *text = body != NULL ? malloc(size) : NULL;

	if (text != NULL)
		text_format(text, size, "ok\n%s", body);
	free(body);
	return text;
}

size_t show_error(
	char dst[SHOW_ERROR_MAX], enum command_exit code, const char *sentence)
{
	size_t n = text_format(
		dst, SHOW_ERROR_MAX - 1, "error %d %s", (int)code, sentence);

	text_clean(dst);
	return n + text_format(dst + n, SHOW_ERROR_MAX - n, "\n");
}

char *show_sentence(const char *text, unsigned flags)
{
	char *line = NULL;

	if ((flags & COMMAND_JSON) != 0)
		return paper_json(json_pack("{si ss}", "version", JSON_VERSION,
					  "text", text),
			JSON_COMPACT);
	return asprintf(&line, "%s\n", text) < 0 ? NULL : line;
}

char *show_progress(const char *server, const char *text, unsigned flags)
{
	char *line = NULL;

	if ((flags & COMMAND_JSON) != 0)
		return paper_json(
			json_pack("{si so ss ss}", "version", JSON_VERSION,
				"time", paper_time(time(NULL)), "server",
				server, "text", text),
			JSON_COMPACT);
	return asprintf(&line, "%s: %s\n", server, text) < 0 ? NULL : line;
}
