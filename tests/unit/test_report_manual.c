/* What usherctl(8) shows of JSON is what there is. */
#include "report_fix.h"

#include <stdio.h>

enum { MANUAL_MAX = 256 * 1024 };

/* The first example below a heading, as one object. */
static json_t *example(const char *heading)
{
	static const char open[] = ".Bd -literal\n";
	char line[64], *text, *at;
	FILE *f = fopen("src/usherctl.8", "rb");
	size_t len;
	json_t *root;

	if (f == NULL)
		fail_msg("src/usherctl.8: not there; run from the top folder");
	text = calloc(1, MANUAL_MAX);
	len = fread(text, 1, MANUAL_MAX - 1, f);
	text[len] = '\0';
	fclose(f);
	snprintf(line, sizeof(line), "\n.Ss %s\n", heading);
	at = strstr(text, line);
	if (at == NULL || (at = strstr(at, open)) == NULL)
		fail_msg("no example of %s", heading);
	at += strlen(open);
	*strstr(at, ".Ed\n") = '\0';
	root = parsed(strdup(at));
	free(text);
	return root;
}

static void expect_alike(
	const char *where, const json_t *shown, const json_t *got)
{
	const char *key;
	json_t *value;

	if (json_is_null(shown) || json_is_null(got) ||
		(json_is_boolean(shown) && json_is_boolean(got)))
		return;
	if (json_typeof(shown) != json_typeof(got))
		fail_msg("%s: of another type", where);
	if (json_is_array(shown) && json_array_size(shown) > 0 &&
		json_array_size(got) > 0)
		expect_alike(where, json_array_get(shown, 0),
			json_array_get(got, 0));
	json_object_foreach((json_t *)shown, key, value)
	{
		if (json_object_get(got, key) == NULL)
			fail_msg("%s: %s is shown only", where, key);
		expect_alike(key, value, json_object_get(got, key));
	}
	json_object_foreach((json_t *)got, key,
		value) if (json_object_get(shown, key) == NULL)
		fail_msg("%s: %s is not shown", where, key);
}

static void expect_as_shown(const char *heading, char *got)
{
	json_t *a = example(heading), *b = parsed(got);

	expect_alike(heading, a, b);
	json_decref(a);
	json_decref(b);
}

static void each_example(void **state)
{
	struct report_server s = servers[0];
	struct report r = report_of(&s);
	struct history *h = history_new();

	(void)state;
	r.flags = COMMAND_JSON;
	s.orders = &all_orders;
	s.view.pollers = &polled_by_many;
	expect_as_shown("status", report_status(&r));
	expect_as_shown("pollers", report_pollers(&r));
	expect_as_shown("probe", report_probe(&r));
	history_add(h, NOW_S, "a", "order", "none -> drain");
	expect_as_shown("log, monitor", report_entry_json(history_get(h, 0)));
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_example),
	};

	return cmocka_run_group_tests_name("report manual", tests, NULL, NULL);
}
