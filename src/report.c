#include "report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "text.h"

enum { JSON_VERSION = 1, TIME_MAX = 32 };

/* --- text --- */

/* "3d 4h", "12m", "40s": the two largest units are enough for a person. */
static void show_age(char dst[TIME_MAX], int64_t seconds)
{
	long long s = seconds > 0 ? seconds : 0;

	if (s >= 86400)
		snprintf(dst, TIME_MAX, "%lldd %lldh", s / 86400,
			s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(dst, TIME_MAX, "%lldh %lldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(dst, TIME_MAX, "%lldm", s / 60);
	else
		snprintf(dst, TIME_MAX, "%llds", s);
}

static const char *color_of(const struct report_server *s)
{
	const char *words = s->view.reply;

	if (strncmp(words, "up ready", 8) == 0)
		return s->orders->ceiling.kind == ORDER_NONE ? "32" : "33";
	return strncmp(words, "up ", 3) == 0 ? "33" : "31";
}

static void print_order(
	FILE *out, const struct order *o, const struct report *r)
{
	char age[TIME_MAX], left[TIME_MAX];

	if (o->kind == ORDER_NONE)
		return;
	show_age(age, r->now_s - o->since_s);
	fprintf(out, "    %s", order_name(o->kind));
	if (o->kind == ORDER_WEIGHT || o->kind == ORDER_CANARY)
		fprintf(out, " %u%%", o->percent);
	fprintf(out, " by %s for %s", o->who, age);
	if (o->until_s != 0) {
		show_age(left, o->until_s - r->now_s);
		fprintf(out, ", ends in %s", left);
	}
	if (o->keeping == ORDER_VOLATILE)
		fputs(", not on disk", out);
	fprintf(out, "%s%s\n", *o->why != '\0' ? ": " : "", o->why);
}

static void print_server(FILE *out, const struct report_server *s,
	const struct report *r, enum report_color color, int width)
{
	char age[TIME_MAX], measured[TIME_MAX + 32];

	show_age(age, (int64_t)(s->view.verdict_ms / 1000));
	snprintf(measured, sizeof(measured), "%s for %s",
		verdict_name(s->view.verdict), age);
	fprintf(out, "%-*s  %-16s  ", width, s->name, measured);
	if (color == REPORT_COLOR)
		fprintf(out, "\033[%sm%s\033[0m\n", color_of(s), s->view.reply);
	else
		fprintf(out, "%s\n", s->view.reply);
	if (strcmp(s->view.word, "ok") != 0)
		fprintf(out, "    last probe: %s%s%s%s\n", s->view.sentence,
			*s->view.detail != '\0' ? " (" : "", s->view.detail,
			*s->view.detail != '\0' ? ")" : "");
	print_order(out, &s->orders->state, r);
	print_order(out, &s->orders->ceiling, r);
	print_order(out, &s->orders->hold, r);
}

char *report_text(const struct report *r, enum report_color color)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int width = (int)strlen("SERVER");

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		if ((int)strlen(r->servers[i].name) > width)
			width = (int)strlen(r->servers[i].name);
	if (*r->problem != '\0')
		fprintf(out, "warning: %s\n", r->problem);
	fprintf(out, "%-*s  %-16s  %s\n", width, "SERVER", "MEASURED",
		"HAPROXY IS TOLD");
	for (size_t i = 0; i < r->n; i++)
		print_server(out, &r->servers[i], r, color, width);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

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

/* Joins what `show` makes of each entry. */
static char *join(const struct history *h,
	char *(*show)(const struct history_entry *e), const char *between)
{
	const struct history_entry *e;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; (e = history_get(h, i)) != NULL; i++) {
		char *line = show(e);

		if (line != NULL)
			fprintf(out, "%s%s", i > 0 ? between : "", line);
		free(line);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

char *report_history_text(const struct history *h)
{
	return join(h, report_entry_text, "");
}

/* --- JSON --- */

/* RFC 3339, or null for "no end". */
static json_t *json_time(int64_t seconds)
{
	char text[sizeof("9999-12-31T23:59:59Z")];
	time_t t = seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&t, &tm) == NULL ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

static json_t *json_order(const struct order *o)
{
	json_t *percent = json_null();

	if (o->kind == ORDER_NONE)
		return json_null();
	if (o->kind == ORDER_WEIGHT || o->kind == ORDER_CANARY)
		percent = json_integer(o->percent);
	return json_pack("{ss so ss ss so so sb}", "order", order_name(o->kind),
		"percent", percent, "by", o->who, "reason", o->why, "since",
		json_time(o->since_s), "until", json_time(o->until_s),
		"durable", o->keeping == ORDER_DURABLE);
}

static json_t *json_server(const struct report_server *s)
{
	int in_service = standing_in_service(&s->view, s->orders);

	return json_pack("{ss sb ss sI ss ss ss ss so so so}", "name", s->name,
		"in_service", in_service, "verdict",
		verdict_name(s->view.verdict), "verdict_age_ms",
		(json_int_t)s->view.verdict_ms, "probe", s->view.word,
		"probe_text", s->view.sentence, "probe_detail", s->view.detail,
		"reply", s->view.reply, "state", json_order(&s->orders->state),
		"ceiling", json_order(&s->orders->ceiling), "hold",
		json_order(&s->orders->hold));
}

char *report_json(const struct report *r)
{
	json_t *list = json_array(), *root;
	char *text = NULL;

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(list, json_server(&r->servers[i]));
	root = json_pack("{si so so ss}", "version", JSON_VERSION, "time",
		json_time(r->now_s), "servers", list, "problem", r->problem);
	if (root != NULL && json_array_size(list) == r->n)
		text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}

char *report_entry_json(const struct history_entry *e)
{
	json_t *root = json_pack("{si so ss ss ss}", "version", JSON_VERSION,
		"time", json_time(e->time_s), "server", e->server, "what",
		e->what, "text", e->text);
	char *compact = json_dumps(root, JSON_COMPACT), *text = NULL;

	json_decref(root);
	if (compact != NULL && asprintf(&text, "%s\n", compact) < 0)
		text = NULL;
	free(compact);
	return text;
}

char *report_history_json(const struct history *h)
{
	char *list = join(h, report_entry_json, ","), *text = NULL;

	if (list != NULL && asprintf(&text, "[\n%s]\n", list) < 0)
		text = NULL;
	free(list);
	return text;
}
