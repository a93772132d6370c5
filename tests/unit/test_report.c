/* `usherctl status`. */
#include "report_fix.h"

#include <stdio.h>

static void text_for_people(void **state)
{
	(void)state;
	expect_text(report_status(&both),
		"SERVER               MEASURED          POLLED      "
		"HAPROXY IS TOLD\n"
		"puppet1.example.com  up for 3m         1s ago      up 100%\n"
		"b                    fail for 1h 2m    0s ago      "
		"fail drain 10% # connection refused\n"
		"    last probe: connection refused "
		"(192.0.2.22:8140: connection refused)\n"
		"    drain by alice for 1m, ends in 2h 0m: caf\xc3\xa9 \"x\"\n"
		"    weight 10% by bob for 3d 4h, not on disk\n"
		"    hold by root for 0s, the server has gone\n"
		"    warning: 192.0.2.11 has not polled for 1h 0m "
		"(3 of its intervals, or more)\n");
}

static void problems_come_first(void **state)
{
	struct report r = both;

	(void)state;
	r.problem = "state.json was damaged";
	r.refused = 3;
	r.refused_last = "203.0.113.9";
	r.n = 0;
	expect_text(report_status(&r),
		"warning: state.json was damaged\n"
		"warning: 3 polls refused from outside allow, the last from "
		"203.0.113.9\n"
		"SERVER  MEASURED          POLLED      HAPROXY IS TOLD\n");
}

static void nothing_yet(void **state)
{
	struct report_server s = servers[0];
	struct report r = report_of(&s);

	(void)state;
	s.name = "a";
	s.view.verdict = VERDICT_NONE;
	s.view.verdict_ms = 0;
	s.view.probed = &no_probe;
	s.view.pollers = &polled_by_nobody;
	strcpy(s.view.reply, "# no verdict yet");
	expect_text(report_status(&r),
		"SERVER  MEASURED          POLLED      HAPROXY IS TOLD\n"
		"a       none for 0s       never       # no verdict yet\n"
		"    last probe: no probe has ended yet\n"
		"    warning: no HAProxy has polled since usherd started\n");
}

/* Each that has fallen silent, and no other. */
static void each_warning(void **state)
{
	struct poller list[3];
	struct pollers p = { .list = list, .n = 3 };
	struct report_server s = servers[0];
	char text[REPORT_WARNING_MAX];

	(void)state;
	s.view.pollers = &p;
	for (size_t i = 0; i < 3; i++)
		list[i] = many[1];
	list[1].silent = false;
	list[2].host.bytes[15] = 99;
	list[2].last_s = NOW_S - 80000;
	assert_int_equal(report_warning(&both, &s, 0, text), 1);
	assert_string_equal(text,
		"192.0.2.11 has not polled for 1h 0m (3 of its intervals, or "
		"more)");
	assert_int_equal(report_warning(&both, &s, 1, text), 1);
	assert_string_equal(text,
		"192.0.2.99 has not polled for 22h 13m (3 of its intervals, or "
		"more)");
	/* After a day it is taken for gone. */
	list[2].last_s = NOW_S - 90000;
	assert_int_equal(report_warning(&both, &s, 1, text), 0);
	assert_int_equal(report_warning(&both, &s, 2, text), 0);
	list[0].silent = list[2].silent = false;
	assert_int_equal(report_warning(&both, &s, 0, text), 0);
	s.view.pollers = &polled_by_nobody;
	assert_int_equal(report_warning(&both, &s, 0, text), 1);
	assert_int_equal(report_warning(&both, &s, 1, text), 0);
}

static const struct orders pinned = { .state = { .kind = ORDER_UP } };
static const struct orders held = { .hold = { .kind = ORDER_HOLD } };
static const struct orders slowed = { .ceiling = { .kind = ORDER_WEIGHT,
					      .percent = 10 } };

/* Red is what was measured, yellow what was ordered. */
static void color_says_how_it_is(void **state)
{
	static const struct {
		enum verdict verdict;
		const struct orders *orders;
		const char *color;
	} rows[] = {
		{ VERDICT_UP, &no_orders, "32" },
		{ VERDICT_UP, &all_orders, "33" },
		{ VERDICT_UP, &held, "33" },
		{ VERDICT_UP, &slowed, "33" },
		{ VERDICT_UP, &pinned, "33" },
		{ VERDICT_BUSY, &no_orders, "33" },
		{ VERDICT_FAIL, &no_orders, "31" },
		{ VERDICT_FAIL, &held, "31" },
		{ VERDICT_FAIL, &pinned, "33" },
		{ VERDICT_DOWN, &no_orders, "31" },
		{ VERDICT_STOPPING, &no_orders, "31" },
		{ VERDICT_NONE, &no_orders, "31" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct report_server s = servers[0];
		struct report r = report_of(&s);
		char *text, shown[64];

		r.flags = COMMAND_COLOR;
		s.view.verdict = rows[i].verdict;
		s.orders = rows[i].orders;
		text = report_status(&r);
		snprintf(shown, sizeof(shown), "  \033[%smup 100%%\033[0m\n",
			rows[i].color);
		if (strstr(text, shown) == NULL)
			fail_msg("%zu: %s", i, text);
		free(text);
	}
}

/* --- it fits --- */

/* Without its blanks and line ends. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (*from != ' ' && *from != '\n')
			*to++ = *from;
	*to = '\0';
}

static void expect_whole(const char *text, const char *part)
{
	char *all = strdup(text), *wanted = strdup(part);

	squeeze(all);
	squeeze(wanted);
	if (strstr(all, wanted) == NULL)
		fail_msg("%s\nis not in\n%s", part, text);
	free(all);
	free(wanted);
}

static void fill_text(char *dst, size_t cap, const char *piece)
{
	size_t len = strlen(piece);

	*dst = '\0';
	for (size_t used = 0; used + len < cap; used += len)
		strcat(dst, piece);
}

/* The longest of all there is, with names of `len`. */
static void one_that_fits(size_t len, const char *piece, enum verdict verdict)
{
	static const uint64_t ages_ms[] = { 0, 59 * 60000, 86399 * 1000u,
		UINT64_C(400) * 86400000 + 86399000 };
	struct orders orders = all_orders;
	struct probed last = bad_probe;
	struct poller ones[4];
	struct pollers pollers = { .list = ones, .n = 4 };
	struct report_server s = servers[1];
	struct report r = report_of(&s);
	char name[256] = "", *text;

	memset(name, 'n', len);
	memcpy(ones, many, sizeof(ones));
	for (size_t i = 0; i < 4; i++) {
		ones[i].silent = true;
		ones[i].last_s = NOW_S - 86399;
	}
	fill_text(orders.state.why, sizeof(orders.state.why), piece);
	fill_text(orders.hold.why, sizeof(orders.hold.why), piece);
	fill_text(orders.ceiling.who, sizeof(orders.ceiling.who), piece);
	fill_text(last.detail, sizeof(last.detail), piece);
	s.name = name;
	s.orders = &orders;
	s.view.verdict = verdict;
	s.view.probed = &last;
	s.view.pollers = &pollers;
	fill_text(s.view.reply, sizeof(s.view.reply), "fail drain # ");
	r.problem = last.detail;
	for (size_t i = 0; i < 8; i++) {
		s.view.verdict_ms = ages_ms[i / 2];
		r.flags = i % 2 == 0 ? 0 : COMMAND_COLOR;
		text = report_status(&r);
		expect_fit(text, 100);
		expect_whole(text, name);
		expect_whole(text, orders.state.why);
		expect_whole(text, orders.hold.why);
		expect_whole(text, orders.ceiling.who);
		expect_whole(text, last.detail);
		free(text);
	}
}

static void a_hundred_columns(void **state)
{
	static const size_t lens[] = { 1, 6, 36, 37, 100, 101, 255 };
	static const char *const pieces[] = { "x", "word ", "caf\xc3\xa9 ",
		"\xc3\xa9", "\xe2\x82\xac\xe2\x82\xac-" };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
		for (size_t k = 0; k < 5; k++)
			for (enum verdict v = 0; v <= VERDICT_STOPPING; v++)
				one_that_fits(lens[i], pieces[k], v);
}

/* As wide as the terminal is. */
static void other_widths(void **state)
{
	struct report r = both;

	(void)state;
	for (r.width = 80; r.width < 200; r.width++) {
		char *text = report_status(&r);

		expect_fit(text, r.width);
		free(text);
	}
}

/* --- JSON --- */

static void json_for_scripts(void **state)
{
	struct report r = as_json();

	(void)state;
	/* As usherctl(8) has it: these members and no others. */
	expect_json(report_status(&r),
		"{'version': 1, 'time': '2026-11-23T09:30:00Z',"
		" 'problem': '', 'warnings': [], 'servers': ["
		"{'name': 'puppet1.example.com', 'in_service': true,"
		" 'verdict': 'up', 'verdict_age_ms': 180999, 'probe': 'ok',"
		" 'probe_text': 'in service',"
		" 'probe_detail': 'HTTP status 200', 'reply': 'up 100%',"
		" 'state': null, 'ceiling': null, 'hold': null,"
		" 'last_poll': '2026-11-23T09:29:59Z', 'warnings': [],"
		" 'weight': 100, 'canary': null},"
		"{'name': 'b', 'in_service': false,"
		" 'verdict': 'fail', 'verdict_age_ms': 3725000,"
		" 'probe': 'refused', 'probe_text': 'connection refused',"
		" 'probe_detail': '192.0.2.22:8140: connection refused',"
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
		"  'until': null, 'durable': true},"
		" 'last_poll': '2026-11-23T09:30:00Z', 'warnings': ["
		"  '192.0.2.11 has not polled for 1h 0m "
		"(3 of its intervals, or more)'],"
		" 'weight': 10, 'canary': null}]}");
}

static void json_of_trouble(void **state)
{
	struct report_server s = servers[0];
	struct report r = report_of(&s);

	(void)state;
	r.flags = COMMAND_JSON;
	r.problem = "it is \"damaged\"";
	r.refused = UINT64_C(5000000000);
	r.refused_last = "2001:db8::1";
	s.view.verdict = VERDICT_NONE;
	s.view.probed = &no_probe;
	s.view.pollers = &polled_by_nobody;
	expect_json(report_status(&r),
		"{'version': 1, 'time': '2026-11-23T09:30:00Z',"
		" 'problem': 'it is \\'damaged\\'', 'warnings': ["
		"'it is \\'damaged\\'',"
		" '5000000000 polls refused from outside allow, the last from "
		"2001:db8::1'], 'servers': ["
		"{'name': 'puppet1.example.com', 'in_service': false,"
		" 'verdict': 'none', 'verdict_age_ms': 180999, 'probe': 'none',"
		" 'probe_text': 'no probe has ended yet', 'probe_detail': '',"
		" 'reply': 'up 100%', 'state': null, 'ceiling': null,"
		" 'hold': null, 'last_poll': null, 'warnings': ["
		"'no HAProxy has polled since usherd started'],"
		" 'weight': 100, 'canary': null}]}");
	r.n = 0;
	r.problem = "";
	r.refused = 0;
	expect_json(report_status(&r),
		"{'version': 1, 'time': '2026-11-23T09:30:00Z',"
		" 'problem': '', 'warnings': [], 'servers': []}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_for_people),
		cmocka_unit_test(problems_come_first),
		cmocka_unit_test(nothing_yet),
		cmocka_unit_test(each_warning),
		cmocka_unit_test(color_says_how_it_is),
		cmocka_unit_test(a_hundred_columns),
		cmocka_unit_test(other_widths),
		cmocka_unit_test(json_for_scripts),
		cmocka_unit_test(json_of_trouble),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
