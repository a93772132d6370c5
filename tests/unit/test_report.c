/* What usherctl shows of two servers, one as it should be and one ordered. */
#include "t.h"

#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "report.h"

enum { NOW_S = 1795426200 }; /* 2026-11-23T09:30:00Z */

static const struct orders no_orders = { .state = { .kind = ORDER_NONE } };

static const struct orders all_orders = {
	.state = { .kind = ORDER_DRAIN,
		.who = "alice",
		.why = "caf\xc3\xa9 \"x\"",
		.since_s = NOW_S - 110,
		.until_s = NOW_S + 7200 },
	.ceiling = { .kind = ORDER_WEIGHT,
		.percent = 10,
		.who = "bob",
		.since_s = NOW_S - 3 * 86400 - 4 * 3600,
		.keeping = ORDER_VOLATILE },
	.hold = { .kind = ORDER_HOLD, .who = "root", .since_s = NOW_S + 60 },
};

static const struct report_server servers[] = {
	{ "puppet1.example.com",
		{ .verdict = VERDICT_UP,
			.verdict_ms = 180999,
			.word = "ok",
			.sentence = "in service",
			.detail = "HTTP status 200",
			.reply = "up ready 100%" },
		&no_orders },
	{ "b",
		{ .verdict = VERDICT_FAIL,
			.verdict_ms = 3725000,
			.word = "refused",
			.sentence = "connection refused",
			.detail = "127.0.0.1:8140: connection refused",
			.reply = "fail drain 10% # connection refused" },
		&all_orders },
};

static const struct report both = {
	.servers = servers, .n = 2, .problem = "", .now_s = NOW_S
};

static void expect_text(char *text, const char *wanted)
{
	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void text_for_people(void **state)
{
	(void)state;
	expect_text(report_text(&both, REPORT_PLAIN),
		"SERVER               MEASURED          HAPROXY IS TOLD\n"
		"puppet1.example.com  up for 3m         up ready 100%\n"
		"b                    fail for 1h 2m    "
		"fail drain 10% # connection refused\n"
		"    last probe: connection refused "
		"(127.0.0.1:8140: connection refused)\n"
		"    drain by alice for 1m, ends in 2h 0m: caf\xc3\xa9 \"x\"\n"
		"    weight 10% by bob for 3d 4h, not on disk\n"
		"    hold by root for 0s\n");
}

static void a_problem_comes_first(void **state)
{
	struct report r = both;

	(void)state;
	r.problem = "state.json was damaged";
	r.n = 0;
	expect_text(report_text(&r, REPORT_PLAIN),
		"warning: state.json was damaged\n"
		"SERVER  MEASURED          HAPROXY IS TOLD\n");
}

static void color_says_how_it_is(void **state)
{
	static const struct {
		const char *reply;
		const struct orders *orders;
		const char *shown;
	} rows[] = {
		{ "up ready 100%", &no_orders, "\033[32mup ready 100%\033[0m" },
		{ "up ready 10%", &all_orders, "\033[33mup ready 10%\033[0m" },
		{ "up drain 100%", &all_orders,
			"\033[33mup drain 100%\033[0m" },
		{ "fail ready 100%", &no_orders,
			"\033[31mfail ready 100%\033[0m" },
		{ "down ready 100%", &no_orders,
			"\033[31mdown ready 100%\033[0m" },
		{ "# no verdict yet", &no_orders,
			"\033[31m# no verdict yet\033[0m" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct report_server s = servers[0];
		struct report r = { &s, 1, "", NOW_S };
		char *text;

		strcpy(s.view.reply, rows[i].reply);
		s.orders = rows[i].orders;
		text = report_text(&r, REPORT_COLOR);
		if (strstr(text, rows[i].shown) == NULL)
			fail_msg("%s: %s", rows[i].shown, text);
		free(text);
	}
}

static json_t *parsed(char *text)
{
	json_error_t error;
	json_t *root;

	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		fail_msg("line %d: %s: %s", error.line, error.text, text);
	free(text);
	return root;
}

/* ' stands for ". */
static json_t *quoted(const char *text)
{
	char *copy = strdup(text);

	for (char *at = copy; (at = strchr(at, '\'')) != NULL;)
		*at = '"';
	return parsed(copy);
}

static void json_for_scripts(void **state)
{
	/* As usherctl(8) has it: these members and no others. */
	json_t *wanted = quoted(
		"{'version': 1, 'time': '2026-11-23T09:30:00Z',"
		" 'problem': '', 'servers': ["
		"{'name': 'puppet1.example.com', 'in_service': true,"
		" 'verdict': 'up', 'verdict_age_ms': 180999, 'probe': 'ok',"
		" 'probe_text': 'in service',"
		" 'probe_detail': 'HTTP status 200',"
		" 'reply': 'up ready 100%',"
		" 'state': null, 'ceiling': null, 'hold': null},"
		"{'name': 'b', 'in_service': false,"
		" 'verdict': 'fail', 'verdict_age_ms': 3725000,"
		" 'probe': 'refused', 'probe_text': 'connection refused',"
		" 'probe_detail': '127.0.0.1:8140: connection refused',"
		" 'reply': 'fail drain 10% # connection refused',"
		" 'state': {'order': 'drain', 'percent': null, 'by': 'alice',"
		"  'reason': 'caf\xc3\xa9 \\'x\\'',"
		"  'since': '2026-11-23T09:28:10Z',"
		"  'until': '2026-11-23T11:30:00Z', 'durable': true},"
		" 'ceiling': {'order': 'weight', 'percent': 10, 'by': 'bob',"
		"  'reason': '', 'since': '2026-11-20T05:30:00Z',"
		"  'until': null, 'durable': false},"
		" 'hold': {'order': 'hold', 'percent': null, 'by': 'root',"
		"  'reason': '', 'since': '2026-11-23T09:31:00Z',"
		"  'until': null, 'durable': true}}]}");
	json_t *got = parsed(report_json(&both));

	(void)state;
	if (!json_equal(got, wanted))
		fail_msg("%s", json_dumps(got, JSON_INDENT(1)));
	json_decref(got);
	json_decref(wanted);
}

static void json_of_nothing(void **state)
{
	const struct report r = { NULL, 0, "it is \"damaged\"", NOW_S };
	json_t *got = parsed(report_json(&r));

	(void)state;
	assert_int_equal(json_array_size(json_object_get(got, "servers")), 0);
	assert_string_equal(
		json_string_value(json_object_get(got, "problem")), r.problem);
	json_decref(got);
}

/* --- the history --- */

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
	expect_text(report_history_text(none), "");
	expect_text(report_history_text(h),
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
	json_t *got = parsed(report_history_json(h));
	char *line = report_entry_json(history_get(h, 1));

	(void)state;
	assert_true(json_equal(got, wanted));
	json_decref(got);
	/* One line for each, so that a script can read them as they come. */
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	got = parsed(line);
	assert_true(json_equal(got, json_array_get(wanted, 1)));
	json_decref(got);
	got = parsed(report_history_json(none));
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
	got = parsed(report_history_json(h));
	assert_int_equal(json_array_size(got), 3);
	json_decref(got);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_for_people),
		cmocka_unit_test(a_problem_comes_first),
		cmocka_unit_test(color_says_how_it_is),
		cmocka_unit_test(json_for_scripts),
		cmocka_unit_test(json_of_nothing),
		cmocka_unit_test(history_for_people),
		cmocka_unit_test(history_for_scripts),
		cmocka_unit_test(history_of_any_bytes),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
