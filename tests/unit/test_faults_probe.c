/*
 * Files of trust and whole probes while memory fails, mbedTLS's and libuv's
 * too: a probe ends once, leaves nothing, and says "ok" only where the server
 * has said "running".
 *
 * The server is a process of its own, since its memory must not fail.
 */
#include "t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing.h"
#include "log.h"
#include "probe.h"
#include "process.h"
#include "tlspeer.h"

#define RUNNING "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nrunning"
#define REQUEST "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct {
	pid_t pid;
	struct sockaddr_storage address;
} server;

static void serve(int to)
{
	struct tlspeer peer;
	uv_loop_t loop;

	memset(&peer, 0, sizeof(peer));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	uv_loop_init(&loop);
	tlspeer_open(&peer, &loop, TLSPEER_ANSWER, RUNNING);
	if (write(to, &peer.address, sizeof(peer.address)) !=
		sizeof(peer.address))
		_exit(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(1);
}

static int start_server(void **state)
{
	int ends[2];

	(void)state;
	if (pipe(ends) != 0)
		return -1;
	server.pid = fork();
	if (server.pid == 0)
		serve(ends[1]);
	close(ends[1]);
	if (read(ends[0], &server.address, sizeof(server.address)) !=
		sizeof(server.address))
		return -1;
	close(ends[0]);
	return 0;
}

static int end_server(void **state)
{
	(void)state;
	kill(server.pid, SIGKILL);
	return waitpid(server.pid, NULL, 0) == server.pid ? 0 : -1;
}

/* Good files are never taken for others, nor are half of them in use. */
static void read_files(void *arg)
{
	const struct tlsconf_files *files = arg;
	struct tlsconf_report report = { .error = "" };
	struct tlsconf_dates dates;
	struct tlsconf *c = NULL;
	enum tlsconf_result r;

	failing_begin();
	r = tlsconf_load(&c, files, &report);
	failing_end();
	assert_int_equal(r == TLSCONF_OK, c != NULL);
	assert_int_equal(r != TLSCONF_OK, report.error[0] != '\0');
	assert_true(r == TLSCONF_OK || failing_so_far() > 0);
	if (r == TLSCONF_OK) {
		tlsconf_dates(c, &dates);
		assert_true(dates.ca_s > 0 && dates.crl_s > 0);
	}
	tlsconf_unref(c);
}

static void files_of_trust(void **state)
{
	struct tlsconf_files files = { .ca = PKI("ca.pem"),
		.crl = PKI("crl.pem") };

	(void)state;
	failing_sweep("CA and CRL", read_files, &files, FAILING_ALL, 1);
}

struct fix {
	uv_loop_t loop;
	struct turns turns;
	struct probe_target target;
	struct probe *probe;
	bool done;
	int calls;
	enum outcome outcome;
	int code;
	char body[64], detail[PROBE_DETAIL_MAX];
};

static void on_probe(struct probe_report *r, void *arg)
{
	struct fix *f = arg;
	const struct probe_answer *a = &r->answers[0];

	f->calls++;
	f->done = true;
	f->outcome = r->outcome;
	f->code = a->code;
	snprintf(f->body, sizeof(f->body), "%.*s", (int)a->body_len,
		a->body_len > 0 ? a->body : "");
	snprintf(f->detail, sizeof(f->detail), "%s", r->detail);
	tls_saved_free(r->saved);
}

static void expect_sound(const struct fix *f)
{
	assert_int_equal(f->calls, 1);
	if (f->outcome == OUTCOME_OK) {
		assert_int_equal(f->code, 200);
		assert_string_equal(f->body, "running");
	} else {
		assert_true(failing_so_far() > 0);
		assert_string_not_equal(f->detail, "");
	}
}

/* `arg` is the conf. */
static void probe_once(void *arg)
{
	struct fix f;
	int rc;

	memset(&f, 0, sizeof(f));
	assert_int_equal(process_open_loop(&f.loop), 0);
	turns_open(&f.turns, &f.loop);
	f.target = (struct probe_target){ .conf = arg,
		.tls_name = "localhost",
		.requests = { { REQUEST, strlen(REQUEST), 1000 } },
		.n_requests = 1,
		.timeout_ms = 10000,
		.turns = &f.turns };
	memcpy(&f.target.addrs.sa[0], &server.address,
		sizeof(f.target.addrs.sa[0]));
	f.target.addrs.n = 1;
	failing_begin();
	rc = probe_start(&f.probe, &f.loop, &f.target, on_probe, &f);
	assert_false(f.done);
	if (rc == 0)
		t_run_until(&f.loop, &f.done, 20000);
	failing_end();
	if (rc == 0)
		expect_sound(&f);
	else
		assert_true(failing_so_far() > 0);
	t_loop_close(&f.loop);
}

static void probes(void **state)
{
	struct tlsconf *conf = pki_good_conf();

	(void)state;
	failing_sweep("probe", probe_once, conf, FAILING_OTHERS, 1);
	failing_sweep("its mathematics", probe_once, conf, FAILING_CRYPTO, 397);
	tlsconf_unref(conf);
}

static void each_of_its_mathematics(void **state)
{
	struct tlsconf *conf = pki_good_conf();

	(void)state;
	failing_share("its mathematics", probe_once, conf, FAILING_CRYPTO,
		getenv("FAILING_SHARE"));
	tlsconf_unref(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_trust),
		cmocka_unit_test(probes),
	};
	const struct CMUnitTest each[] = {
		cmocka_unit_test(each_of_its_mathematics),
	};

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	tlsconf_global_init();
	/* make faults: minutes. */
	if (getenv("FAILING_SHARE") != NULL)
		return cmocka_run_group_tests_name(
			"faults_probe", each, start_server, end_server);
	return cmocka_run_group_tests_name(
		"faults_probe", tests, start_server, end_server);
}
