#include "t.h"

#include <stdlib.h>

#include "http.h"
#include "puppet.h"

static void asks_by_name(void **state)
{
	char request[PUPPET_REQUEST_MAX];
	size_t len =
		puppet_request(request, PUPPET_SIMPLE, "puppet1.example.com");

	(void)state;
	assert_int_equal(len, strlen(request));
	assert_non_null(strstr(request, "GET /status/v1/simple HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "\r\nHost: puppet1.example.com\r\n"));
	assert_string_equal(request + len - 4, "\r\n\r\n");
	puppet_request(request, PUPPET_LEGACY, "puppet");
	assert_non_null(
		strstr(request, "GET /production/status/no_key HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "\r\nAccept: pson\r\n"));
}

static void longest_name_fits(void **state)
{
	char name[254], request[PUPPET_REQUEST_MAX];
	size_t len;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	len = puppet_request(request, PUPPET_LEGACY, name);
	assert_string_equal(request + len - 4, "\r\n\r\n");
}

static const struct {
	enum puppet_check check;
	int code;
	const char *body;
	enum outcome outcome;
} answers[] = {
	{ PUPPET_SIMPLE, 200, "running", OUTCOME_OK },
	{ PUPPET_SIMPLE, 200, " running\r\n", OUTCOME_OK },
	{ PUPPET_SIMPLE, 200, "Running", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 200, "", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 200, "  ", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 200, "running away", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 200, "unknown", OUTCOME_UNKNOWN },
	{ PUPPET_SIMPLE, 503, "starting", OUTCOME_STARTING },
	{ PUPPET_SIMPLE, 503, "stopping", OUTCOME_STOPPING },
	{ PUPPET_SIMPLE, 503, "error", OUTCOME_ERROR },
	{ PUPPET_SIMPLE, 503, "unknown", OUTCOME_UNKNOWN },
	{ PUPPET_SIMPLE, 503, "running", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 503, "<html>", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 500, "running", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 301, "", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 400, "", OUTCOME_HTTP },
	{ PUPPET_SIMPLE, 403, "", OUTCOME_FORBIDDEN },
	{ PUPPET_SIMPLE, 404, "running", OUTCOME_NOTFOUND },
	{ PUPPET_LEGACY, 200, "{\"is_alive\":true,\"version\":\"3.8.7\"}",
		OUTCOME_OK },
	{ PUPPET_LEGACY, 200, "{\"is_alive\":false}", OUTCOME_ERROR },
	{ PUPPET_LEGACY, 200, "{\"is_alive\":1}", OUTCOME_HTTP },
	{ PUPPET_LEGACY, 200, "{\"is_alive\":true", OUTCOME_HTTP },
	{ PUPPET_LEGACY, 200, "[true]", OUTCOME_HTTP },
	{ PUPPET_LEGACY, 200, "running", OUTCOME_HTTP },
	{ PUPPET_LEGACY, 200, "", OUTCOME_HTTP },
	{ PUPPET_LEGACY, 403, "", OUTCOME_FORBIDDEN },
	{ PUPPET_LEGACY, 404, "", OUTCOME_NOTFOUND },
	{ PUPPET_LEGACY, 503, "stopping", OUTCOME_HTTP },
};

static void each_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		enum outcome o =
			puppet_outcome(answers[i].check, answers[i].code,
				answers[i].body, strlen(answers[i].body));

		if (o != answers[i].outcome)
			fail_msg("%d \"%s\": %s, not %s", answers[i].code,
				answers[i].body, outcome_word(o),
				outcome_word(answers[i].outcome));
	}
}

/* Nested so deeply that a recursive reader would run out of stack. */
static void deep_json_is_refused(void **state)
{
	enum { DEPTH = 100000 };
	char *body = malloc(DEPTH);

	(void)state;
	memset(body, '[', DEPTH);
	assert_int_equal(
		puppet_outcome(PUPPET_LEGACY, 200, body, DEPTH), OUTCOME_HTTP);
	free(body);
}

static const struct {
	const char *file;
	enum outcome outcome;
} recorded[] = {
	{ "running-simple.http", OUTCOME_OK },
	{ "keepalive-simple.http", OUTCOME_OK },
	{ "busy-simple.http", OUTCOME_OK },
	{ "v8-running-simple.http", OUTCOME_OK },
	{ "startup-first-simple.200.http", OUTCOME_OK },
	{ "running-simple-unknown-service.404.http", OUTCOME_NOTFOUND },
	{ "running-simple-trailing-slash.http", OUTCOME_NOTFOUND },
	{ "running-simple-HEAD.http", OUTCOME_FORBIDDEN },
	{ "running-status-root.http", OUTCOME_FORBIDDEN },
	{ "stopping-simple.503.http", OUTCOME_HTTP },
	{ "v8-stopping-simple.503.http", OUTCOME_HTTP },
	{ "synthetic/simple-starting.503.http", OUTCOME_STARTING },
	{ "synthetic/simple-stopping.503.http", OUTCOME_STOPPING },
	{ "synthetic/simple-error.503.http", OUTCOME_ERROR },
	{ "synthetic/simple-unknown.503.http", OUTCOME_UNKNOWN },
};

static void each_recorded_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(recorded) / sizeof(*recorded); i++) {
		struct http_response r;
		size_t len, used;
		char *bytes = t_fixture(recorded[i].file, &len);

		http_init(&r, PUPPET_BODY_MAX);
		if (http_feed(&r, bytes, len, &used) != HTTP_DONE &&
			http_finish(&r, HTTP_END_CLEAN) != HTTP_DONE)
			fail_msg("%s: %s", recorded[i].file, r.error);
		assert_int_equal(puppet_outcome(PUPPET_SIMPLE, r.code,
					 r.body.data, r.body.len),
			recorded[i].outcome);
		http_free(&r);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_by_name),
		cmocka_unit_test(longest_name_fits),
		cmocka_unit_test(each_answer),
		cmocka_unit_test(deep_json_is_refused),
		cmocka_unit_test(each_recorded_answer),
	};

	return cmocka_run_group_tests_name("puppet", tests, NULL, NULL);
}
