/* `usherctl explain`. */
#include "report_fix.h"

static void explain_for_people(void **state)
{
	(void)state;
	expect_text(report_explain(&both),
		"puppet1.example.com\n"
		"  server: puppet1.example.com:8140, certificate for puppet\n"
		"  probes: ok (1m ago, 12 ms)\n"
		"  the last probe:\n"
		"    resolve         3 ms  (the last look-up)\n"
		"    connect         1 ms  192.0.2.21:8140\n"
		"    handshake       9 ms  TLSv1.2, full\n"
		"    certificate           CN=puppet1.example.com, "
		"of CN=Puppet CA, valid until 2026-11-24\n"
		"    answer          2 ms  HTTP status 200\n"
		"    result         15 ms  ok: in service (HTTP status 200)\n"
		"    JRubies     4, 2 free; requests: 2 running, 0 waiting\n"
		"  verdict: up for 3m\n"
		"  state order: none\n"
		"  weight order: none\n"
		"  hold: none\n"
		"  weight: 100%, the lowest of: weight order 100%, load 100%, "
		"ramp 100%, JRubies 100%\n"
		"  HAProxy is told:\n"
		"    usually                 up 100%\n"
		"    where ready is owed     up ready 100%\n"
		"  HAProxies:\n"
		"    192.0.2.10 was told in, 1s ago\n"
		"b\n"
		"  server: 192.0.2.22:8140, certificate for b.local\n"
		"  probes: refused (2s ago, 1 ms), busy (4s ago, 2000 ms), "
		"ok (1m ago, 12 ms)\n"
		"  the last probe:\n"
		"    resolve         0 ms  (the last look-up)\n"
		"    result          1 ms  refused: connection refused "
		"(192.0.2.22:8140: connection refused)\n"
		"  verdict: fail for 1h 2m\n"
		"  state order: drain by alice for 1m, ends in 2h 0m: "
		"caf\xc3\xa9 \"x\"\n"
		"  weight order: weight 10% by bob for 3d 4h, not on disk\n"
		"  hold: hold by root for 0s, the server has gone\n"
		"  weight: 10%, the lowest of: weight order 10%, load 100%, "
		"ramp 100%, JRubies 100%\n"
		"  HAProxy is told:\n"
		"    usually                 fail drain 10% # connection "
		"refused\n"
		"  HAProxies:\n"
		"    192.0.2.10 was told drain, 0s ago, ready is owed\n"
		"    192.0.2.11 was told in, 1h 0m ago, ready is owed, polls "
		"no more\n"
		"    192.0.2.12 was told none, 2h 0m ago\n"
		"    2001:db8:102:304:506:708:90a:b0c was told out, 3s ago\n");
}

static char *explain_one(const struct report_server *s)
{
	struct report r = report_of(s);

	return report_explain(&r);
}

/* Which lines are given, and to whom. */
static void each_policy(void **state)
{
	struct report_server s = servers[0];

	(void)state;
	s.view.policy = POLLER_ALWAYS;
	expect_part(explain_one(&s),
		"  HAProxy is told:\n"
		"    always                  up ready 100%\n"
		"  HAProxies:\n");
	s.view.policy = POLLER_NEVER;
	s.view.lines = drained_lines;
	expect_part(explain_one(&s),
		"  HAProxy is told:\n"
		"    usually                 fail 0% # connection refused\n"
		"  HAProxies:\n");
}

static void nothing_yet(void **state)
{
	struct report_server s = servers[0];

	(void)state;
	s.view.probed = &no_probe;
	s.view.n_endings = 0;
	s.view.pollers = &polled_by_nobody;
	expect_part(explain_one(&s),
		"  probes: none has ended yet\n  verdict: up for 3m\n");
	expect_part(explain_one(&s), "  HAProxies: none yet\n");
}

/* The replies are shown byte for byte; what else is long is broken. */
static void it_fits(void **state)
{
	struct standing_ending eight[STANDING_ENDINGS];
	struct orders orders = all_orders;
	struct probed last = good_probe;
	struct report_server s = servers[1];
	char *text;

	(void)state;
	for (size_t i = 0; i < STANDING_ENDINGS; i++)
		eight[i] = (struct standing_ending){ NOW_S - 86399,
			OUTCOME_UNREACHABLE, 600000 };
	memset(orders.state.why, 'x', sizeof(orders.state.why) - 1);
	memset(orders.hold.why, 'y', sizeof(orders.hold.why) - 1);
	memset(last.detail, 'd', sizeof(last.detail) - 1);
	memset(last.cert.subject, 's', sizeof(last.cert.subject) - 1);
	memset(last.cert.issuer, 'i', sizeof(last.cert.issuer) - 1);
	s.orders = &orders;
	s.view.probed = &last;
	s.view.endings = eight;
	s.view.n_endings = STANDING_ENDINGS;
	text = explain_one(&s);
	expect_fit(text, 100);
	free(text);
}

/* --- JSON --- */

static json_t *server_of(char *text)
{
	json_t *root = parsed(text), *list = json_object_get(root, "servers");
	json_t *s = json_incref(json_array_get(list, 0));

	assert_int_equal(json_array_size(list), 1);
	json_decref(root);
	return s;
}

/* Takes away what other reports show of it too, and just so. */
static void take_away(json_t *from, json_t *other)
{
	const char *key;
	json_t *value;

	json_object_foreach(other, key, value)
	{
		const json_t *mine = json_object_get(from, key);

		/* `status` has but a word of it. */
		if (strcmp(key, "probe") == 0 && json_is_string(value))
			continue;
		if (mine != NULL && !json_equal(mine, value))
			fail_msg("%s", key);
		json_object_del(from, key);
	}
	json_decref(other);
}

static void explain_for_scripts(void **state)
{
	static const char *const shared[] = { "verdict", "verdict_age_ms",
		"state", "ceiling", "hold", "reply", "weight", "canary", "name",
		"ready", "pollers", "address", "probe" };
	struct report r = report_of(&servers[1]);
	json_t *got;

	(void)state;
	r.flags = COMMAND_JSON;
	got = server_of(report_explain(&r));
	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		assert_non_null(json_object_get(got, shared[i]));
	take_away(got, server_of(report_status(&r)));
	take_away(got, server_of(report_pollers(&r)));
	take_away(got, server_of(report_probe(&r)));
	expect_json(json_dumps(got, 0),
		"{'tls_name': 'b.local', 'last_probes': ["
		"{'time': '2026-11-23T09:29:58Z', 'word': 'refused',"
		" 'total_ms': 1},"
		"{'time': '2026-11-23T09:29:56Z', 'word': 'busy',"
		" 'total_ms': 2000},"
		"{'time': '2026-11-23T09:28:56Z', 'word': 'ok',"
		" 'total_ms': 12}],"
		" 'limits': [{'limit': 'order', 'percent': 10},"
		"{'limit': 'load', 'percent': 100},"
		"{'limit': 'ramp', 'percent': 100},"
		"{'limit': 'JRubies', 'percent': 100}],"
		" 'reply_with_ready': 'fail drain 10% # connection refused'}");
	json_decref(got);
}

static void json_of_nothing_yet(void **state)
{
	struct report_server s = servers[0];
	struct report r = report_of(&s);
	json_t *got;

	(void)state;
	r.flags = COMMAND_JSON;
	s.view.probed = &no_probe;
	s.view.n_endings = 0;
	s.view.pollers = &polled_by_nobody;
	got = server_of(report_explain(&r));
	assert_true(json_is_null(json_object_get(got, "probe")));
	assert_int_equal(
		json_array_size(json_object_get(got, "last_probes")), 0);
	assert_int_equal(json_array_size(json_object_get(got, "pollers")), 0);
	/* A line, but without its end. */
	assert_string_equal(
		json_string_value(json_object_get(got, "reply_with_ready")),
		"up ready 100%");
	json_decref(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explain_for_people),
		cmocka_unit_test(each_policy),
		cmocka_unit_test(nothing_yet),
		cmocka_unit_test(it_fits),
		cmocka_unit_test(explain_for_scripts),
		cmocka_unit_test(json_of_nothing_yet),
	};

	return cmocka_run_group_tests_name("report explain", tests, NULL, NULL);
}
