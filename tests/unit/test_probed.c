/* From what a probe brought back to what that says of a Puppet Server. */
#include "t.h"

#include <stdlib.h>

#include "http.h"
#include "probed.h"

#define BUSY_FIGURES "busy-jruby1-queue3-jruby-metrics-debug.http"
#define NOT_200 "not asked for: the first answer's status is not 200"
#define UNREADABLE "the answer is not what Puppet Server writes"

struct reply {
	int code;
	const char *body;
};

static const struct row {
	const char *what;
	enum puppet_check check;
	enum outcome ended; /* the probe */
	struct reply first, second;
	const char *second_detail;
	enum probe_second sent;
	enum outcome outcome;
	enum probed_figures figures;
	const char *figures_detail;
} rows[] = {
	{ "not asked", PUPPET_SIMPLE, OUTCOME_OK, { 200, "running" },
		{ 0, NULL }, "", 0, OUTCOME_OK, PROBED_NOT_ASKED, "" },
	{ "garbage", PUPPET_SIMPLE, OUTCOME_OK, { 200, "running" },
		{ 200, "<html>" }, "", 1, OUTCOME_OK, PROBED_NO_FIGURES,
		UNREADABLE },
	{ "an empty answer", PUPPET_SIMPLE, OUTCOME_OK, { 200, "running" },
		{ 200, "" }, "", 1, OUTCOME_OK, PROBED_NO_FIGURES, UNREADABLE },
	{ "no figures at that level", PUPPET_SIMPLE, OUTCOME_OK,
		{ 200, "running" }, { 200, "{\"status\":{}}" }, "", 1,
		OUTCOME_OK, PROBED_NO_FIGURES, UNREADABLE },
	{ "no such service", PUPPET_SIMPLE, OUTCOME_OK, { 200, "running" },
		{ 404, "not found" }, "", 1, OUTCOME_OK, PROBED_NO_FIGURES,
		"HTTP status 404" },
	{ "forbidden", PUPPET_SIMPLE, OUTCOME_OK, { 200, "running" },
		{ 403, "Forbidden" }, "", 1, OUTCOME_OK, PROBED_NO_FIGURES,
		"HTTP status 403" },
	{ "cut off", PUPPET_SIMPLE, OUTCOME_OK, { 200, "running" }, { 0, NULL },
		"closed within the answer", 1, OUTCOME_OK, PROBED_CUT_FIGURES,
		"closed within the answer" },
	{ "could not be sent", PUPPET_SIMPLE, OUTCOME_OK, { 200, "running" },
		{ 0, NULL }, "the server closes after an answer", 0, OUTCOME_OK,
		PROBED_NO_FIGURES, "the server closes after an answer" },
	{ "stopping", PUPPET_SIMPLE, OUTCOME_OK, { 503, "stopping" },
		{ 0, NULL }, NOT_200, 0, OUTCOME_STOPPING, PROBED_NO_FIGURES,
		NOT_200 },
	{ "starting", PUPPET_SIMPLE, OUTCOME_OK, { 503, "starting" },
		{ 0, NULL }, "", 0, OUTCOME_STARTING, PROBED_NOT_ASKED, "" },
	{ "error, but with an answer", PUPPET_SIMPLE, OUTCOME_OK,
		{ 200, "error" }, { 404, "" }, "", 1, OUTCOME_ERROR,
		PROBED_NO_FIGURES, "HTTP status 404" },
	{ "no status page", PUPPET_SIMPLE, OUTCOME_OK, { 404, "" }, { 0, NULL },
		"", 0, OUTCOME_NOTFOUND, PROBED_NOT_ASKED, "" },
	{ "forbidden status page", PUPPET_SIMPLE, OUTCOME_OK, { 403, "" },
		{ 0, NULL }, "", 0, OUTCOME_FORBIDDEN, PROBED_NOT_ASKED, "" },
	{ "legacy", PUPPET_LEGACY, OUTCOME_OK, { 200, "{\"is_alive\":true}" },
		{ 0, NULL }, "", 0, OUTCOME_OK, PROBED_NOT_ASKED, "" },
	{ "the other check's answer", PUPPET_LEGACY, OUTCOME_OK,
		{ 200, "running" }, { 0, NULL }, "", 0, OUTCOME_HTTP,
		PROBED_NOT_ASKED, "" },
	/* What went wrong before an answer stays what it was. */
	{ "refused", PUPPET_SIMPLE, OUTCOME_REFUSED, { 0, NULL }, { 0, NULL },
		"", 0, OUTCOME_REFUSED, PROBED_NOT_ASKED, "" },
	{ "too slow", PUPPET_SIMPLE, OUTCOME_BUSY, { 0, NULL }, { 0, NULL }, "",
		0, OUTCOME_BUSY, PROBED_NOT_ASKED, "" },
	{ "not trusted", PUPPET_LEGACY, OUTCOME_CERT, { 0, NULL }, { 0, NULL },
		"", 0, OUTCOME_CERT, PROBED_NOT_ASKED, "" },
};

static struct probe_answer answer_of(const struct reply *r)
{
	return (struct probe_answer){ r->code, r->body,
		r->body != NULL ? strlen(r->body) : 0 };
}

static void each_row(void **state)
{
	struct probed p = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct probe_report r = { .outcome = row->ended,
			.answers = { answer_of(&row->first),
				answer_of(&row->second) },
			.second = row->sent };

		strcpy(r.second_detail, row->second_detail);
		*p.figures_detail = '\0';
		probed_read(&p, row->check, &r);
		if (p.outcome != row->outcome || p.figures != row->figures ||
			strcmp(p.figures_detail, row->figures_detail) != 0)
			fail_msg("%s: %s, %d: %s", row->what,
				outcome_word(p.outcome), (int)p.figures,
				p.figures_detail);
		assert_int_equal(p.code, row->first.code);
	}
}

/* As Puppet Server wrote them. */
static void figures(void **state)
{
	struct probe_report r = { .outcome = OUTCOME_OK,
		.answers = { { 200, "running", 7 } } };
	struct probed p = { .number = 5, .ended_s = 6, .resolved_ms = 7 };
	size_t len, used;
	char *bytes = t_fixture(BUSY_FIGURES, &len);
	struct http_response h;

	(void)state;
	http_init(&h, JRUBY_BODY_MAX);
	if (http_feed(&h, bytes, len, &used) != HTTP_DONE)
		assert_int_equal(http_finish(&h, HTTP_END_CLEAN), HTTP_DONE);
	r.answers[1] = (struct probe_answer){ 200, h.body.data, h.body.len };
	probed_read(&p, PUPPET_SIMPLE, &r);
	assert_int_equal(p.outcome, OUTCOME_OK);
	assert_int_equal(p.figures, PROBED_FIGURES);
	assert_int_equal(p.jruby.jrubies, 1);
	assert_int_equal(p.jruby.borrowed, 1);
	assert_int_equal(p.jruby.waiting, 3);
	assert_int_equal(p.jruby.borrow_count, 7);
	/* The caller's. */
	assert_int_equal(p.number, 5);
	assert_int_equal(p.ended_s, 6);
	assert_int_equal(p.resolved_ms, 7);
	/* A piece of them is none. */
	r.answers[1].body_len = 100;
	probed_read(&p, PUPPET_SIMPLE, &r);
	assert_int_equal(p.figures, PROBED_NO_FIGURES);
	assert_string_equal(p.figures_detail, UNREADABLE);
	http_free(&h);
	free(bytes);
}

static void the_steps(void **state)
{
	struct probe_report r = { .outcome = OUTCOME_TLS,
		.detail = "handshake: alert 40",
		.tls_version = "TLSv1.2",
		.resumed = 1,
		.peer = "192.0.2.21:8140",
		.cert = { "CN=a", "CN=ca", 1795426200 },
		.connected_ms = 1,
		.secured_ms = 10,
		.answered_ms = 12,
		.ended_ms = 15 };
	struct probed p = { 0 };

	(void)state;
	probed_read(&p, PUPPET_SIMPLE, &r);
	assert_string_equal(p.detail, "handshake: alert 40");
	assert_string_equal(p.tls_version, "TLSv1.2");
	assert_true(p.resumed);
	assert_string_equal(p.peer, "192.0.2.21:8140");
	assert_string_equal(p.cert.subject, "CN=a");
	assert_string_equal(p.cert.issuer, "CN=ca");
	assert_int_equal(p.cert.not_after_s, 1795426200);
	assert_int_equal(p.connected_ms, 1);
	assert_int_equal(p.secured_ms, 10);
	assert_int_equal(p.answered_ms, 12);
	assert_int_equal(p.total_ms, 15);
	assert_int_equal(p.code, 0);
}

/* The longest clauses of a probe fit. */
static void long_details(void **state)
{
	struct probe_report r = { .outcome = OUTCOME_OK,
		.answers = { { 200, "running", 7 } },
		.second = PROBE_SENT };
	struct probed p = { 0 };

	(void)state;
	memset(r.detail, 'x', sizeof(r.detail) - 1);
	memset(r.second_detail, 'y', sizeof(r.second_detail) - 1);
	probed_read(&p, PUPPET_SIMPLE, &r);
	assert_string_equal(p.detail, r.detail);
	assert_string_equal(p.figures_detail, r.second_detail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(figures),
		cmocka_unit_test(the_steps),
		cmocka_unit_test(long_details),
	};

	return cmocka_run_group_tests_name("probed", tests, NULL, NULL);
}
