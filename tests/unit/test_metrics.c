/* /metrics: one sample of each family, and what is left out. */
#include "report_fix.h"

#include "metrics.h"

static char *metrics_of(const struct report_server *s)
{
	struct report r = report_of(s);

	return metrics_render(&r);
}

static void without(char *text, const char *part)
{
	assert_non_null(text);
	if (strstr(text, part) != NULL)
		fail_msg("%s\nis in\n%s", part, text);
	free(text);
}

#define P1 "{server=\"puppet1.example.com\""

static void samples(void **state)
{
	static const char *const parts[] = {
		"\nusher_server_verdict" P1 ",verdict=\"up\"} 1\n",
		"\nusher_server_verdict" P1 ",verdict=\"fail\"} 0\n",
		"\nusher_server_verdict{server=\"b\",verdict=\"fail\"} 1\n",
		"\nusher_server_verdict_age_seconds" P1 "} 180.999\n",
		"\nusher_server_in_service" P1 "} 1\n",
		"\nusher_server_in_service{server=\"b\"} 0\n",
		"\nusher_server_told" P1 ",told=\"in\"} 1\n",
		"\nusher_server_told{server=\"b\",told=\"drain\"} 1\n",
		"\nusher_server_weight_percent{server=\"b\"} 10\n",
		"\nusher_server_weight_limit_percent{server=\"b\","
		"limit=\"order\"} 10\n",
		"\nusher_server_weight_limit_percent{server=\"b\","
		"limit=\"built\"} 100\n",
		"\nusher_server_order{server=\"b\",slot=\"state\","
		"order=\"drain\"} 1\n",
		"\nusher_server_order_age_seconds{server=\"b\","
		"slot=\"weight\",order=\"weight\"} 273600\n",
		"\nusher_server_order_left_seconds{server=\"b\","
		"slot=\"state\",order=\"drain\"} 7200\n",
		"\nusher_probes_total" P1 ",result=\"ok\"} 0\n",
		"\nusher_probe_age_seconds" P1 "} 1\n",
		"\nusher_probe_duration_seconds_count" P1 ",step=\"tls\"} 0\n",
		"\nusher_tls_handshakes_total" P1 ",kind=\"resumed\"} 0\n",
		"\nusher_jruby_instances" P1 "} 4\n",
		"\nusher_jruby_borrowed" P1 "} 2\n",
		"\nusher_last_poll_age_seconds" P1
		",poller=\"192.0.2.10\"} 1\n",
		"\nusher_poller_live{server=\"b\",poller=\"192.0.2.11\"} 0\n",
		"\nusher_ready_owed" P1 ",poller=\"192.0.2.10\"} 0\n",
		"\nusher_ready_owed{server=\"b\",poller=\"192.0.2.11\"} 1\n",
		"\nusher_polls_refused_total 0\n",
		"\nusher_state_file_good 1\n",
		"\nusher_build_info{version=\"",
		"\nprocess_resident_memory_bytes ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		expect_part(metrics_render(&both), parts[i]);
}

static void what_is_not_known(void **state)
{
	struct report_server s = servers[0];

	(void)state;
	without(metrics_of(&servers[1]), "\nusher_jruby_instances{");
	without(metrics_of(&servers[0]), "\nusher_server_order{");
	without(metrics_of(&servers[1]), "left_seconds{server=\"b\",slot=\"h");
	without(metrics_of(&servers[0]), "_not_after_timestamp_seconds{");
	s.view.probed = &no_probe;
	without(metrics_of(&s), "\nusher_probe_age_seconds{");
}

static void counts(void **state)
{
	struct poller one = few[0];
	struct pollers all = { .list = &one, .n = 1, .others = { 7 } };
	struct tally tally = { .full = 3, .cert_not_after_s = NOW_S };
	struct report_server s = servers[0];

	(void)state;
	one.counts[ANSWER_DRAIN] = 9;
	tally.outcomes[OUTCOME_CERT] = 2;
	s.view.pollers = &all;
	s.view.tally = &tally;
	expect_part(metrics_of(&s),
		"\nusher_polls_total" P1
		",poller=\"192.0.2.10\",told=\"drain\"} 9\n"
		"usher_polls_total" P1 ",poller=\"other\",told=\"none\"} 7\n");
	expect_part(metrics_of(&s),
		"\nusher_probes_total" P1 ",result=\"cert\"} 2\n");
	expect_part(metrics_of(&s),
		"\nusher_tls_handshakes_total" P1 ",kind=\"full\"} 3\n");
	expect_part(metrics_of(&s),
		"\nusher_server_certificate_not_after_timestamp_seconds" P1
		"} 1795426200\n");
}

/* A clock that was set back makes no age below 0. */
static void clock_set_back(void **state)
{
	struct orders orders = no_orders;
	struct report_server s = servers[0];

	(void)state;
	orders.state = (struct order){ .kind = ORDER_DRAIN,
		.since_s = NOW_S + 60,
		.until_s = NOW_S - 60 };
	s.orders = &orders;
	expect_part(metrics_of(&s),
		"\nusher_server_order_age_seconds" P1
		",slot=\"state\",order=\"drain\"} 0\n");
	expect_part(metrics_of(&s),
		"\nusher_server_order_left_seconds" P1
		",slot=\"state\",order=\"drain\"} 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(counts),
		cmocka_unit_test(clock_set_back),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
