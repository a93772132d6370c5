#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "diagnosis.h"
#include "hasocket.h"
#include "hastats.h"
#include "message.h"

/* --- text --- */

static void print_findings(const struct diagnosis *d, const char *indent)
{
	for (size_t i = 0; i < d->n; i++)
		printf("%s%s: %s\n", indent,
			d->list[i].level == DIAGNOSIS_ERROR ? "error" : "note",
			d->list[i].text);
}

static void print_server(const struct ha_server *s, const struct diagnosis *d)
{
	printf("%s/%s: %s\n", s->backend, s->name,
		d->errors == 0 ? "ok" : "not ok");
	print_findings(d, "    ");
}

/* --- JSON --- */

/* HAProxy's texts were cleaned, and are UTF-8 without control characters. */
static void put_string(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void put_member(const char *before, const char *name, const char *text)
{
	printf("%s\"%s\":", before, name);
	put_string(text);
}

static void put_findings(const struct diagnosis *d)
{
	printf("\"findings\":[");
	for (size_t i = 0; i < d->n; i++) {
		const struct finding *f = &d->list[i];

		put_member(i > 0 ? ",\n  {" : "\n  {", "level",
			f->level == DIAGNOSIS_ERROR ? "error" : "note");
		put_member(",", "code", f->code);
		put_member(",", "text", f->text);
		putchar('}');
	}
	putchar(']');
}

static void put_server(
	const struct ha_server *s, const struct diagnosis *d, size_t before)
{
	put_member(before > 0 ? ",\n {" : "\n {", "backend", s->backend);
	put_member(",", "server", s->name);
	printf(",\"ok\":%s,", d->errors == 0 ? "true" : "false");
	put_findings(d);
	putchar('}');
}

/* --- both --- */

/* How many errors there are. */
static size_t judge(const struct hastats *all, enum doctor_form form)
{
	size_t errors = 0, shown = 0;
	struct diagnosis d;

	if (form == DOCTOR_JSON)
		printf("{\"version\":1,\"servers\":[");
	for (size_t i = 0; i < all->n; i++) {
		if (!diagnosis_concerns(all, i))
			continue;
		diagnosis_of_server(&d, all, i);
		if (form == DOCTOR_JSON)
			put_server(&all->list[i], &d, shown);
		else if (form == DOCTOR_TEXT)
			print_server(&all->list[i], &d);
		errors += d.errors;
		shown++;
	}
	diagnosis_of_all(&d, all);
	if (form == DOCTOR_JSON) {
		printf("],\n");
		put_findings(&d);
		printf("}\n");
	} else if (form == DOCTOR_TEXT) {
		print_findings(&d, "");
	}
	return errors + d.errors;
}

static int ask(const char *where, char **state, char **stat,
	char error[HASOCKET_ERROR_MAX])
{
	*state = hasocket_ask(where, "show servers state", error);
	*stat = NULL;
	if (*state != NULL)
		*stat = hasocket_ask(where, "show stat", error);
	return *stat != NULL ? 0 : -1;
}

int doctor_run(const char *where, enum doctor_form form)
{
	char error[HASOCKET_ERROR_MAX], wrong[HASTATS_ERROR_MAX];
	int rc = COMMAND_EXIT_UNREACHABLE;
	char *state, *stat;
	struct hastats all;

	if (ask(where, &state, &stat, error) != 0) {
		message_say("usherctl: %s", error);
	} else if (hastats_parse(&all, state, stat, wrong) != 0) {
		message_say("usherctl: %.127s: %s", where, wrong);
	} else {
		rc = judge(&all, form) == 0 ? COMMAND_EXIT_DONE
					    : COMMAND_EXIT_ERROR;
		if (fflush(stdout) != 0)
			rc = COMMAND_EXIT_ERROR;
		hastats_free(&all);
	}
	free(state);
	free(stat);
	return rc;
}
