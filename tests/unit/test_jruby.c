#include "t.h"

#include <stdlib.h>

#include "http.h"
#include "jruby.h"
#include "jsonin.h"

static void asks_by_name(void **state)
{
	char request[PUPPET_REQUEST_MAX];
	size_t len =
		jruby_request(request, JRUBY_METRICS, "puppet1.example.com");

	(void)state;
	assert_int_equal(len, strlen(request));
	assert_string_equal(request,
		"GET /status/v1/services/jruby-metrics?level=debug HTTP/1.1\r\n"
		"Host: puppet1.example.com\r\n"
		"User-Agent: usherd\r\n"
		"Accept: application/json\r\n"
		"\r\n");
	jruby_request(request, JRUBY_PE_METRICS, "puppet");
	assert_non_null(strstr(request,
		"GET /status/v1/services/pe-jruby-metrics?level=debug "));
}

static void longest_name_fits(void **state)
{
	char name[254], request[PUPPET_REQUEST_MAX];
	size_t len;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	len = jruby_request(request, JRUBY_PE_METRICS, name);
	assert_string_equal(request + len - 4, "\r\n\r\n");
}

/* --- what Puppet Servers have written --- */

static const struct {
	const char *file;
	struct jruby figures;
} recorded[] = {
	{ "idle-jruby-metrics-debug.http",
		{ .jrubies = 1, .free = 1, .borrow_count = 6 } },
	{ "keepalive-jruby-debug.http",
		{ .jrubies = 1, .free = 1, .borrow_count = 1 } },
	{ "busy-jruby1-queue3-jruby-metrics-debug.http",
		{ .jrubies = 1,
			.borrowed = 1,
			.waiting = 3,
			.oldest_waiter_ms = 114,
			.borrow_count = 7 } },
	{ "queue-limit-jruby-metrics-debug.http",
		{ .jrubies = 1,
			.borrowed = 1,
			.waiting = 2,
			.oldest_waiter_ms = 1113,
			.borrow_count = 1,
			.queue_limit_hits = 2 } },
	{ "flush-jruby-metrics-debug.http",
		{ .jrubies = 1,
			.free = 1,
			.borrow_count = 5,
			.queue_limit_hits = 2 } },
	{ "stopping-busy-jruby-metrics-debug.http",
		{ .jrubies = 2,
			.borrowed = 2,
			.waiting = 3,
			.oldest_waiter_ms = 2648,
			.borrow_count = 2 } },
	{ "stopping-partial-jruby-metrics-debug.http",
		{ .jrubies = 2,
			.free = 1,
			.borrowed = 1,
			.waiting = 1,
			.oldest_waiter_ms = 103,
			.borrow_count = 2 } },
	{ "running-service-jruby-metrics-debug.http",
		{ .jrubies = 1, .free = 1 } },
	{ "v8-running-service-jruby-metrics-debug.http",
		{ .jrubies = 1, .free = 1 } },
};

static void load(struct http_response *r, const char *file)
{
	size_t len, used;
	char *bytes = t_fixture(file, &len);

	http_init(r, JRUBY_BODY_MAX);
	if (http_feed(r, bytes, len, &used) != HTTP_DONE &&
		http_finish(r, HTTP_END_CLEAN) != HTTP_DONE)
		fail_msg("%s: %s", file, r->error);
	free(bytes);
}

static void assert_figures(const struct jruby *a, const struct jruby *b)
{
	assert_int_equal(a->jrubies, b->jrubies);
	assert_int_equal(a->free, b->free);
	assert_int_equal(a->borrowed, b->borrowed);
	assert_int_equal(a->waiting, b->waiting);
	assert_int_equal(a->oldest_waiter_ms, b->oldest_waiter_ms);
	assert_int_equal(a->borrow_count, b->borrow_count);
	assert_int_equal(a->queue_limit_hits, b->queue_limit_hits);
	assert_int_equal(a->lock, b->lock);
}

static void each_recorded_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(recorded); i++) {
		struct http_response r;
		struct jruby j;

		load(&r, recorded[i].file);
		if (jruby_read(&j, r.body.data, r.body.len) != 0)
			fail_msg("%s: not understood", recorded[i].file);
		assert_figures(&j, &recorded[i].figures);
		http_free(&r);
	}
}

/* --- what they have not --- */

#define BODY(lock, metrics) \
	"{\"status\":{\"experimental\":{\"jruby-pool-lock-status\":{" lock \
	"},\"metrics\":{" metrics "}}}}"
#define LOCK(word) "\"current-state\":\"" word "\""
#define COUNTS "\"num-jrubies\":2,\"num-free-jrubies\":1,\"borrow-count\":3,"
#define LIMIT "\"queue-limit-hit-count\":0,"
#define RUNS "\"borrowed-instances\":[{\"duration-millis\":7}],"
#define WAITS(list) "\"requested-instances\":[" list "]"
#define FREE LOCK(":not-in-use")

static const char *const bad[] = {
	"",
	"running",
	"[]",
	"{}",
	"{\"status\":{}}",
	"{\"status\":{\"experimental\":[]}}",
	BODY("", COUNTS LIMIT RUNS WAITS("")),
	BODY("\"current-state\":1", COUNTS LIMIT RUNS WAITS("")),
	BODY(FREE, LIMIT RUNS WAITS("")),
	BODY(FREE, COUNTS RUNS WAITS("")),
	BODY(FREE, COUNTS LIMIT WAITS("")),
	BODY(FREE, COUNTS LIMIT "\"borrowed-instances\":[]"),
	BODY(FREE, COUNTS LIMIT RUNS "\"requested-instances\":{}"),
	BODY(FREE, COUNTS LIMIT RUNS "\"requested-instances\":3"),
	BODY(FREE, COUNTS LIMIT RUNS WAITS("1")),
	BODY(FREE, COUNTS LIMIT RUNS WAITS("{}")),
	BODY(FREE, COUNTS LIMIT RUNS WAITS("{\"duration-millis\":\"7\"}")),
	BODY(FREE, COUNTS LIMIT RUNS WAITS("{\"duration-millis\":7.5}")),
	BODY(FREE, COUNTS "\"queue-limit-hit-count\":-1," RUNS WAITS("")),
	BODY(FREE, COUNTS "\"queue-limit-hit-count\":0.0," RUNS WAITS("")),
	BODY(FREE, COUNTS "\"queue-limit-hit-count\":null," RUNS WAITS("")),
	BODY(FREE,
		"\"num-jrubies\":-2,\"num-free-jrubies\":1,\"borrow-count\":"
		"3," LIMIT RUNS WAITS("")),
	BODY(FREE,
		"\"num-jrubies\":2,\"num-free-jrubies\":-1,\"borrow-count\":"
		"3," LIMIT RUNS WAITS("")),
	BODY(FREE,
		"\"num-jrubies\":2,\"num-free-jrubies\":1,\"borrow-count\":-"
		"3," LIMIT RUNS WAITS("")),
	BODY(FREE,
		"\"num-jrubies\":5000000000,\"num-free-jrubies\":1,"
		"\"borrow-count\":3," LIMIT RUNS WAITS("")),
	BODY(FREE, COUNTS COUNTS LIMIT RUNS WAITS("")),
	BODY(FREE, COUNTS LIMIT RUNS WAITS("")) "x",
};

static void bad_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct jruby j = { .jrubies = 77 };

		if (jruby_read(&j, bad[i], strlen(bad[i])) != UV_EINVAL)
			fail_msg("%zu: taken: %s", i, bad[i]);
		assert_int_equal(j.jrubies, 77);
	}
	assert_int_equal(jruby_read(&(struct jruby){ 0 }, NULL, 0), UV_EINVAL);
}

/* At level=critical there are none. */
static void answer_without_figures(void **state)
{
	struct http_response r;
	struct jruby j;

	(void)state;
	load(&r, "running-service-jruby-metrics-critical.http");
	assert_int_equal(jruby_read(&j, r.body.data, r.body.len), UV_EINVAL);
	http_free(&r);
}

static void each_cut_is_refused(void **state)
{
	static const char whole[] = BODY(FREE, COUNTS LIMIT RUNS WAITS(""));
	struct jruby j;

	(void)state;
	for (size_t len = 0; len < strlen(whole); len++)
		assert_int_equal(jruby_read(&j, whole, len), UV_EINVAL);
	assert_int_equal(jruby_read(&j, whole, strlen(whole)), 0);
}

static const struct {
	const char *body;
	enum jruby_lock lock;
} locks[] = {
	{ BODY(LOCK(":not-in-use"), COUNTS LIMIT RUNS WAITS("")),
		JRUBY_LOCK_NONE },
	{ BODY(LOCK(":requested"), COUNTS LIMIT RUNS WAITS("")),
		JRUBY_LOCK_REQUESTED },
	{ BODY(LOCK(":acquired"), COUNTS LIMIT RUNS WAITS("")),
		JRUBY_LOCK_ACQUIRED },
	{ BODY(LOCK("acquired"), COUNTS LIMIT RUNS WAITS("")),
		JRUBY_LOCK_OTHER },
};

static void each_lock(void **state)
{
	struct jruby j;

	(void)state;
	for (size_t i = 0; i < COUNT(locks); i++) {
		assert_int_equal(
			jruby_read(&j, locks[i].body, strlen(locks[i].body)),
			0);
		assert_int_equal(j.lock, locks[i].lock);
	}
}

/* The server's clock was set back while they waited. */
static void ages_below_zero(void **state)
{
	static const char body[] = BODY(FREE,
		COUNTS LIMIT RUNS WAITS("{\"duration-millis\":-9},"
					"{\"duration-millis\":-5}"));
	struct jruby j;

	(void)state;
	assert_int_equal(jruby_read(&j, body, strlen(body)), 0);
	assert_int_equal(j.waiting, 2);
	assert_int_equal(j.oldest_waiter_ms, 0);
}

/* --- nesting --- */

static int read_nested(size_t depth)
{
	char *text = malloc(2 * depth);
	json_t *root;
	int rc;

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	root = jsonin_load(text, 2 * depth);
	rc = root != NULL ? 0 : UV_EINVAL;
	json_decref(root);
	free(text);
	return rc;
}

#define TEN "[[[[[[[[[["

static void nesting_has_a_limit(void **state)
{
	static const char in_string[] =
		"[\"" TEN TEN TEN TEN "\\\"" TEN TEN TEN TEN "\"]";
	json_t *root = jsonin_load(in_string, strlen(in_string));

	(void)state;
	assert_non_null(root);
	json_decref(root);
	assert_int_equal(read_nested(JSONIN_DEPTH_MAX), 0);
	assert_int_equal(read_nested(JSONIN_DEPTH_MAX + 1), UV_EINVAL);
	assert_int_equal(read_nested(JRUBY_BODY_MAX / 2), UV_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_by_name),
		cmocka_unit_test(longest_name_fits),
		cmocka_unit_test(each_recorded_answer),
		cmocka_unit_test(bad_bodies),
		cmocka_unit_test(answer_without_figures),
		cmocka_unit_test(each_cut_is_refused),
		cmocka_unit_test(each_lock),
		cmocka_unit_test(ages_below_zero),
		cmocka_unit_test(nesting_has_a_limit),
	};

	return cmocka_run_group_tests_name("jruby", tests, NULL, NULL);
}
