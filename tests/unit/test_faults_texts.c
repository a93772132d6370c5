/*
 * Texts read and written while memory fails: what comes is an error, or what
 * comes without a fault.
 */
#include "report_fix.h"

#include <errno.h>
#include <stdio.h>

#include "config.h"
#include "failing.h"
#include "hastats.h"
#include "hastats_fix.h"
#include "jruby.h"
#include "metrics.h"
#include "page.h"
#include "puppet.h"
#include "statefile.h"

#undef HOST
static const struct puppetconf host = { .certname = "puppet9.example.com",
	.ca_file = "/ca.pem",
	.crl_file = "/crl.pem" };

static const char conf[] = "[usher]\n"
			   "agent-listen = 127.0.0.1:8141 [::1]:8141\n"
			   "http-listen = 127.0.0.1:9141\n"
			   "allow = 192.0.2.7 ::1 10.0.0.0/8\n"
			   "[server a.example.com]\n"
			   "fall = 5\n"
			   "[server b]\n"
			   "address = 192.0.2.2:8150\n"
			   "check = legacy\n"
			   "[defaults]\n"
			   "rise = 7\n"
			   "crl-file = none\n";
static const char wrong_conf[] = "[usher]\n"
				 "allows = 192.0.2.7\n"
				 "[server a]\n"
				 "fall = none\n"
				 "fall = 3\n"
				 "interval = 1\n";

static void same_config(const struct config *c)
{
	assert_string_equal(c->agent_listen, "127.0.0.1:8141 [::1]:8141");
	assert_string_equal(c->http_listen, "127.0.0.1:9141");
	assert_int_equal(c->n_allow, 3);
	assert_int_equal(c->n_servers, 2);
	assert_string_equal(c->servers[0].name, "a.example.com");
	assert_int_equal(c->servers[0].fall, 5);
	assert_int_equal(c->servers[0].rise, 7);
	assert_string_equal(c->servers[1].address, "192.0.2.2:8150");
	assert_int_equal(c->servers[1].check, PUPPET_LEGACY);
	assert_string_equal(c->servers[1].crl_file, "none");
}

static void read_config(void *path)
{
	struct config_errors errors;
	struct config *c = NULL;
	int rc;

	failing_begin();
	rc = config_load(&c, path, CONFIG_MUST_EXIST, &host, &errors);
	failing_end();
	if (rc == 0)
		same_config(c);
	else
		assert_null(c);
	assert_true(rc == 0 || failing_so_far() > 0);
	config_free(c);
	config_errors_free(&errors);
}

/* Its mistakes may not all be told, but it is never taken for a good one. */
static void read_wrong_config(void *path)
{
	struct config_errors errors;
	struct config *c = NULL;

	failing_begin();
	assert_int_not_equal(
		config_load(&c, path, CONFIG_MUST_EXIST, &host, &errors), 0);
	failing_end();
	assert_null(c);
	config_errors_free(&errors);
}

static void configurations(void **state)
{
	char *dir = t_mkdir();
	char *good = t_write(dir, "good", conf, sizeof(conf) - 1);
	char *wrong = t_write(dir, "wrong", wrong_conf, sizeof(wrong_conf) - 1);

	(void)state;
	failing_sweep("usher.conf", read_config, good, FAILING_ALL, 1);
	failing_sweep("a wrong one", read_wrong_config, wrong, FAILING_ALL, 1);
	free(good);
	free(wrong);
	t_rmdir(dir);
}

struct writer {
	char *(*make)(const struct report *r);
	unsigned flags;
	enum { SAME, AS_LONG } compare;
	char *wanted;
	struct history *history;
};

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

static void write_report(void *arg)
{
	struct writer *w = arg;
	struct report r = both;
	char *text;

	r.flags = w->flags;
	failing_begin();
	text = w->make(&r);
	failing_end();
	assert_true(text != NULL || failing_so_far() > 0);
	if (text != NULL && w->compare == SAME)
		assert_string_equal(text, w->wanted);
	if (text != NULL && w->compare == AS_LONG)
		assert_int_equal(lines(text), lines(w->wanted));
	free(text);
}

static void reports(void **state)
{
	static struct writer all[] = {
		{ report_status, 0, SAME, NULL, NULL },
		{ report_status, COMMAND_JSON, SAME, NULL, NULL },
		{ report_pollers, 0, SAME, NULL, NULL },
		{ report_pollers, COMMAND_JSON, SAME, NULL, NULL },
		{ report_explain, 0, SAME, NULL, NULL },
		{ report_explain, COMMAND_JSON, SAME, NULL, NULL },
		{ report_probe, 0, SAME, NULL, NULL },
		{ report_probe, COMMAND_JSON, SAME, NULL, NULL },
		{ page_render, 0, SAME, NULL, NULL },
		{ metrics_render, 0, AS_LONG, NULL, NULL }, /* has CPU times */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct report r = both;
		char name[32];

		r.flags = all[i].flags;
		all[i].wanted = all[i].make(&r);
		assert_non_null(all[i].wanted);
		snprintf(name, sizeof(name), "report %zu", i);
		failing_sweep(name, write_report, &all[i], FAILING_ALL, 1);
		free(all[i].wanted);
	}
}

static void write_history(void *arg)
{
	const struct writer *w = arg;
	char *text;

	failing_begin();
	text = report_history(w->history, w->flags);
	failing_end();
	assert_true(text != NULL || failing_so_far() > 0);
	if (text != NULL)
		assert_string_equal(text, w->wanted);
	free(text);
}

static void histories(void **state)
{
	struct writer w = { .history = history_new() };

	(void)state;
	assert_non_null(w.history);
	history_add(w.history, NOW_S, "a", "verdict", "fail to up");
	history_add(w.history, NOW_S, "a", "order", "drain by alice");
	for (w.flags = 0; w.flags <= COMMAND_JSON; w.flags += COMMAND_JSON) {
		w.wanted = report_history(w.history, w.flags);
		assert_non_null(w.wanted);
		failing_sweep("log", write_history, &w, FAILING_ALL, 1);
		free(w.wanted);
	}
	history_free(w.history);
}

static const struct orders drained = { .state = { .kind = ORDER_DRAIN,
					       .who = "alice",
					       .why = "disk",
					       .since_s = 5 },
	.ceiling = { .kind = ORDER_CANARY,
		.who = "bob",
		.since_s = 6,
		.percent = 25,
		.steps = { 5, 25, 50 },
		.n_steps = 3,
		.step = 1,
		.every_s = 60 } };

static void on_server(void *arg, const struct statefile_server *s)
{
	size_t *n = arg;

	(*n)++;
	assert_true(order_same(&s->orders->state, &drained.state));
	assert_true(order_same(&s->orders->ceiling, &drained.ceiling));
}

static void write_state(void *wanted)
{
	const struct statefile_server list[] = { { "a", &drained,
							 &polled_by_many },
		{ "b", &drained, &polled_by_few } };
	char *text;

	failing_begin();
	text = statefile_encode(list, 2);
	failing_end();
	assert_true(text != NULL || failing_so_far() > 0);
	if (text != NULL)
		assert_string_equal(text, wanted);
	free(text);
}

/* All servers, or no memory is what errno says: store_open() rests on that. */
static void read_state(void *text)
{
	char error[STATEFILE_ERROR_MAX] = "";
	size_t n = 0;
	int rc;

	errno = 0;
	failing_begin();
	rc = statefile_decode(text, strlen(text), on_server, &n, error);
	failing_end();
	if (rc == 0) {
		assert_int_equal(n, 2);
		return;
	}
	assert_true(failing_so_far() > 0);
	assert_int_equal(errno, ENOMEM);
	assert_string_not_equal(error, "");
}

static void state_files(void **state)
{
	const struct statefile_server list[] = { { "a", &drained,
							 &polled_by_many },
		{ "b", &drained, &polled_by_few } };
	char *text = statefile_encode(list, 2);

	(void)state;
	assert_non_null(text);
	failing_sweep("state file, written", write_state, text, FAILING_ALL, 1);
	failing_sweep("state file, read", read_state, text, FAILING_ALL, 1);
	free(text);
}

static void read_figures(void *body)
{
	struct jruby seen = { .jrubies = 77 };
	int rc;

	failing_begin();
	rc = jruby_read(&seen, body, strlen(body));
	failing_end();
	assert_true(rc == 0 || failing_so_far() > 0);
	assert_int_equal(seen.jrubies, rc == 0 ? 1 : 77);
	assert_true(rc != 0 || seen.waiting == 3);
}

static void read_legacy(void *body)
{
	enum outcome o;

	failing_begin();
	o = puppet_outcome(PUPPET_LEGACY, 200, body, strlen(body));
	failing_end();
	assert_true(o == OUTCOME_OK || failing_so_far() > 0);
}

static void answers_of_puppet(void **state)
{
	size_t len;
	char *http =
		t_fixture("busy-jruby1-queue3-jruby-metrics-debug.http", &len);
	char legacy[] = "{\"is_alive\":true,\"version\":\"3.8.7\"}";

	(void)state;
	failing_sweep("jruby-metrics", read_figures,
		strstr(http, "\r\n\r\n") + 4, FAILING_ALL, 1);
	failing_sweep("Puppet 3", read_legacy, legacy, FAILING_ALL, 1);
	free(http);
}

static void read_haproxy(void *arg)
{
	static char shown[sizeof(recorded_state)], stat[sizeof(recorded_stat)];
	char error[HASTATS_ERROR_MAX] = "";
	struct hastats t;
	int rc;

	(void)arg;
	memcpy(shown, recorded_state, sizeof(shown));
	memcpy(stat, recorded_stat, sizeof(stat));
	failing_begin();
	rc = hastats_parse(&t, shown, stat, error);
	failing_end();
	assert_true(rc == 0 || (failing_so_far() > 0 && error[0] != '\0'));
	if (rc != 0)
		return;
	assert_int_equal(t.n, 4);
	assert_string_equal(t.list[3].name, "half");
	hastats_free(&t);
}

static void answers_of_haproxy(void **state)
{
	(void)state;
	failing_sweep("show stat", read_haproxy, NULL, FAILING_ALL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations),
		cmocka_unit_test(reports),
		cmocka_unit_test(histories),
		cmocka_unit_test(state_files),
		cmocka_unit_test(answers_of_puppet),
		cmocka_unit_test(answers_of_haproxy),
	};

	return cmocka_run_group_tests_name("faults_texts", tests, NULL, NULL);
}
