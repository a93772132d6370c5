/* `usherctl log` and `usherctl monitor`. */
#include "report_fix.h"

static struct history *two_changes(void)
{
	struct history *h = history_new();

	assert_non_null(h);
	history_add(h, NOW_S, "a", "verdict", "fail; HAProxy is told: fail");
	history_add(
		h, NOW_S + 1, "b", "order", "none -> \"x\", by caf\xc3\xa9");
	return h;
}

static void history_for_people(void **state)
{
	struct history *none = history_new(), *h = two_changes();

	(void)state;
	expect_text(report_history(none, 0), "");
	expect_text(report_history(h, 0),
		"2026-11-23 09:30:00  a  verdict: fail; HAProxy is told: fail\n"
		"2026-11-23 09:30:01  b  order: none -> \"x\", "
		"by caf\xc3\xa9\n");
	expect_text(report_entry_text(history_get(h, 0)),
		"2026-11-23 09:30:00  a  verdict: "
		"fail; HAProxy is told: fail\n");
	history_free(none);
	history_free(h);
}

static void history_for_scripts(void **state)
{
	struct history *none = history_new(), *h = two_changes();
	json_t *wanted =
		quoted("[{'version': 1, 'time': '2026-11-23T09:30:00Z',"
		       " 'server': 'a', 'what': 'verdict',"
		       " 'text': 'fail; HAProxy is told: fail'},"
		       "{'version': 1, 'time': '2026-11-23T09:30:01Z',"
		       " 'server': 'b', 'what': 'order',"
		       " 'text': 'none -> \\'x\\', by caf\xc3\xa9'}]");
	json_t *got = parsed(report_history(h, COMMAND_JSON));
	char *line = report_entry_json(history_get(h, 1));

	(void)state;
	assert_true(json_equal(got, wanted));
	json_decref(got);
	/* One line for each, so that a script can read them as they come. */
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	got = parsed(line);
	assert_true(json_equal(got, json_array_get(wanted, 1)));
	json_decref(got);
	got = parsed(report_history(none, COMMAND_JSON));
	assert_int_equal(json_array_size(got), 0);
	json_decref(got);
	json_decref(wanted);
	history_free(none);
	history_free(h);
}

/* Whatever bytes come in, JSON goes out. */
static void history_of_any_bytes(void **state)
{
	struct history *h = history_new();
	char any[256], longest[HISTORY_TEXT_MAX * 2 + 1];
	json_t *got;

	(void)state;
	for (int i = 1; i < 256; i++)
		any[i - 1] = (char)i;
	any[255] = '\0';
	for (size_t i = 0; i < sizeof(longest) - 1; i += 2)
		memcpy(longest + i, "\xc3\xa9", 2);
	longest[sizeof(longest) - 1] = '\0';
	history_add(h, NOW_S, "a", "order", "%s", any);
	history_add(h, NOW_S, "a", "order", "%s", longest);
	history_add(h, NOW_S, "a", "order", "x%s", longest);
	got = parsed(report_history(h, COMMAND_JSON));
	assert_int_equal(json_array_size(got), 3);
	json_decref(got);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_for_people),
		cmocka_unit_test(history_for_scripts),
		cmocka_unit_test(history_of_any_bytes),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("report history", tests, NULL, NULL);
}
