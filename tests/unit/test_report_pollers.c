/* `usherctl pollers`. */
#include "report_fix.h"

static void pollers_for_people(void **state)
{
	(void)state;
	expect_text(report_pollers(&both),
		"SERVER, HAPROXY                            STATE    LAST POLL "
		" "
		"EVERY   TOLD   READY\n"
		"puppet1.example.com\n"
		"  192.0.2.10                               live     1s        "
		" "
		"1.0s    in     -\n"
		"b\n"
		"  192.0.2.10                               live     0s        "
		" "
		"1.0s    drain  owed\n"
		"  192.0.2.11                               silent   1h 0m     "
		" "
		"1m      in     owed\n"
		"  192.0.2.12                               awaited  2h 0m     "
		" "
		"12s     none   -\n"
		"  2001:db8:102:304:506:708:90a:b0c         new      3s        "
		" "
		"-       out    -\n"
		"    warning: 192.0.2.11 has not polled for 1h 0m "
		"(3 of its intervals, or more)\n");
}

/* Late: not yet for so long that somebody must be warned. */
static void one_is_late(void **state)
{
	struct poller late = many[1];
	struct pollers p = { .list = &late, .n = 1, .saying = ANSWER_IN };
	struct report_server s = servers[0];
	struct report r = report_of(&s);
	char *text;

	(void)state;
	late.silent = false;
	late.told = ANSWER_MAINT;
	late.interval_ms = 9999;
	s.view.pollers = &p;
	s.view.policy = POLLER_ALWAYS;
	text = report_pollers(&r);
	assert_non_null(strstr(text,
		"  192.0.2.11                               late     1h 0m     "
		" "
		"9.9s    maint  always\n"));
	assert_null(strstr(text, "warning"));
	free(text);
}

static void refused_polls(void **state)
{
	struct report r = both;

	(void)state;
	r.n = 0;
	r.refused = 3;
	r.refused_last = "203.0.113.9";
	expect_text(report_pollers(&r),
		"SERVER, HAPROXY                            STATE    LAST POLL "
		" "
		"EVERY   TOLD   READY\n"
		"3 polls refused from outside allow, the last from "
		"203.0.113.9\n");
	r.flags = COMMAND_JSON;
	expect_json(report_pollers(&r),
		"{'version': 1, 'time': '2026-11-23T09:30:00Z', 'servers': [],"
		" 'refused_polls': 3, 'refused_last': '203.0.113.9'}");
}

#define FEW \
	"{'address': '192.0.2.10', 'live': true," \
	" 'last_poll': '2026-11-23T09:29:59Z', 'interval_ms': 1003," \
	" 'longest_gap_ms': 2006, 'polls': 4711, 'told': 'in'," \
	" 'ready_owed': false}"
#define MANY \
	"{'address': '192.0.2.10', 'live': true," \
	" 'last_poll': '2026-11-23T09:30:00Z', 'interval_ms': 1003," \
	" 'longest_gap_ms': 2006, 'polls': 4711, 'told': 'drain'," \
	" 'ready_owed': true}," \
	"{'address': '192.0.2.11', 'live': false," \
	" 'last_poll': '2026-11-23T08:30:00Z', 'interval_ms': 60000," \
	" 'longest_gap_ms': 600000, 'polls': 20, 'told': 'in'," \
	" 'ready_owed': true}," \
	"{'address': '192.0.2.12', 'live': false," \
	" 'last_poll': '2026-11-23T07:30:00Z', 'interval_ms': 12345," \
	" 'longest_gap_ms': 13000, 'polls': 0, 'told': 'none'," \
	" 'ready_owed': false}," \
	"{'address': '2001:db8:102:304:506:708:90a:b0c', 'live': false," \
	" 'last_poll': '2026-11-23T09:29:57Z', 'interval_ms': null," \
	" 'longest_gap_ms': 0, 'polls': 1, 'told': 'out'," \
	" 'ready_owed': false}"

static void pollers_for_scripts(void **state)
{
	struct report r = as_json();

	(void)state;
	expect_json(report_pollers(&r),
		"{'version': 1, 'time': '2026-11-23T09:30:00Z', 'servers': ["
		"{'name': 'puppet1.example.com', 'ready': 'auto',"
		" 'pollers': [" FEW "]},"
		"{'name': 'b', 'ready': 'auto', 'pollers': [" MANY "]}],"
		" 'refused_polls': 0, 'refused_last': null}");
}

static void each_policy(void **state)
{
	static const char *const names[] = { [POLLER_AUTO] = "auto",
		[POLLER_ALWAYS] = "always",
		[POLLER_NEVER] = "never" };

	(void)state;
	for (enum poller_policy i = POLLER_AUTO; i <= POLLER_NEVER; i++) {
		struct report_server s = servers[0];
		json_t *got;

		s.view.policy = i;
		got = report_pollers_json(&both, &s);
		assert_string_equal(
			json_string_value(json_object_get(got, "ready")),
			names[i]);
		json_decref(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pollers_for_people),
		cmocka_unit_test(one_is_late),
		cmocka_unit_test(refused_polls),
		cmocka_unit_test(pollers_for_scripts),
		cmocka_unit_test(each_policy),
	};

	return cmocka_run_group_tests_name("report pollers", tests, NULL, NULL);
}
