#include "t.h"

#include <signal.h>

#include "hasten.h"
#include "probe_fix.h"

#define OVER_LIMIT "body over the limit"

/* What can become of the second request after `first`, and what is reported. */
static const struct {
	enum tlspeer_way way;
	const char *first;
	const char *second; /* NULL: the peer has one answer only */
	unsigned n_asked;   /* 0: depends on which of the two ends is faster */
	int code;
	const char *body;
	const char *detail; /* a part of it; NULL: anything but "" */
} seconds[] = {
	{ TLSPEER_ANSWER, RUNNING, FIGURES, 2, 200, "figures", "" },
	{ TLSPEER_CLOSE, RUNNING, FIGURES, 2, 200, "figures", "" },
	{ TLSPEER_CUT, RUNNING, FIGURES, 2, 200, "figures", "" },
	{ TLSPEER_CLOSE, RUNNING, UNTIL_CLOSE, 2, 200, "running", "" },
	{ TLSPEER_ANSWER, RUNNING,
		"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", 2,
		404, "none", "" },
	{ TLSPEER_CUT, RUNNING, "", 2, 0, "", "localhost: " },
	{ TLSPEER_CUT, RUNNING, UNTIL_CLOSE, 2, 0, "", "localhost: " },
	{ TLSPEER_CUT, RUNNING, NULL, 0, 0, "", NULL },
	{ TLSPEER_CLOSE, RUNNING, NULL, 0, 0, "", NULL },
	{ TLSPEER_CLOSE, RUNNING, "", 2, 0, "",
		"connection ended before a response" },
	{ TLSPEER_CLOSE, RUNNING,
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfig", 2, 0, "",
		"connection ended in the body" },
	{ TLSPEER_ANSWER, RUNNING, "220 mail.example.com ESMTP\r\n", 2, 0, "",
		"no HTTP/1.x status line" },
	{ TLSPEER_ANSWER, RUNNING,
		"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 2, 0, "",
		OVER_LIMIT },
	{ TLSPEER_CLOSE, UNTIL_CLOSE, NULL, 1, 0, "",
		"the first answer ends the connection" },
	{ TLSPEER_ANSWER,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n"
		"Content-Length: 7\r\n\r\nrunning",
		FIGURES, 1, 0, "", "the first answer ends the connection" },
	{ TLSPEER_ANSWER,
		"HTTP/1.1 503 Busy\r\nContent-Length: 8\r\n\r\nstarting",
		FIGURES, 1, 0, "", "the first answer's status is not 200" },
	{ TLSPEER_ANSWER, RUNNING RUNNING, FIGURES, 1, 0, "",
		"more came than the first answer" },
};

/* `f` against a probe that wanted one answer only. */
static void assert_first_stands(const struct fix *f, const struct fix *one)
{
	assert_int_equal(one->report.outcome, OUTCOME_OK);
	assert_int_equal(f->report.outcome, OUTCOME_OK);
	assert_int_equal(
		f->report.answers[0].code, one->report.answers[0].code);
	assert_string_equal(f->body[0], one->body[0]);
	assert_string_equal(f->report.detail, one->report.detail);
	assert_non_null(one->saved);
	assert_non_null(f->saved);
}

static void assert_asked(const struct fix *f, unsigned n)
{
	if (n == 0)
		return;
	assert_int_equal(f->peer.n_asked, n);
	assert_int_equal(f->report.second != PROBE_NOT_SENT, n == 2);
	assert_string_equal(f->peer.asked, n == 1 ? REQUEST : REQUEST SECOND);
}

static void play(size_t i, size_t step, const struct fix *one)
{
	const char *detail = seconds[i].detail;
	struct fix f;

	open_fix(&f, seconds[i].way, seconds[i].first);
	f.peer.second = seconds[i].second;
	f.peer.step = step;
	f.target.n_requests = 2;
	probe(&f);
	assert_first_stands(&f, one);
	assert_int_equal(f.report.answers[1].code, seconds[i].code);
	assert_string_equal(f.body[1], seconds[i].body);
	if (detail != NULL && strstr(f.report.second_detail, detail) == NULL)
		fail_msg("%zu: %s, not %s", i, f.report.second_detail, detail);
	assert_int_equal(
		f.report.second_detail[0] == '\0', seconds[i].code != 0);
	assert_int_equal(f.report.second == PROBE_OVER_LIMIT,
		detail != NULL && strcmp(detail, OVER_LIMIT) == 0);
	assert_asked(&f, seconds[i].n_asked);
	close_fix(&f);
}

static void each_way_to_go_on(void **state)
{
	struct fix one;

	(void)state;
	for (size_t i = 0; i < COUNT(seconds); i++) {
		open_fix(&one, seconds[i].way, seconds[i].first);
		probe(&one);
		for (size_t s = 0; s < COUNT(steps); s++)
			play(i, steps[s], &one);
		close_fix(&one);
	}
}

/* The deadline strikes once the second request is there. */
static void time_out(const char *second)
{
	struct fix f, one;

	open_fix(&one, TLSPEER_ANSWER, RUNNING);
	probe(&one);
	open_fix(&f, TLSPEER_ANSWER, RUNNING);
	f.peer.second = second;
	f.target.n_requests = 2;
	hasten_those_of(TIMEOUT_MS);
	start(&f);
	for (int i = 0; i < 1000 && f.peer.n_asked < 2; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.peer.n_asked, 2);
	assert_false(f.done);
	hasten();
	t_run_until(&f.loop, &f.done, 1000);
	hasten_those_of(0);
	assert_int_equal(f.report.answers[1].code, 0);
	assert_non_null(strstr(f.report.second_detail, "no answer for "));
	assert_first_stands(&f, &one);
	close_fix(&f);
	close_fix(&one);
}

static void comes_too_late(void **state)
{
	(void)state;
	time_out(NULL);
	time_out("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfig");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_go_on),
		cmocka_unit_test(comes_too_late),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does; libuv does not */
	tlsconf_global_init();
	return cmocka_run_group_tests_name("probe_second", tests, NULL, NULL);
}
