#ifndef REPORT_FIX_H
#define REPORT_FIX_H

/*
 * Two servers to report on, one as it should be and one that is drained, dead
 * and polled by few.
 *
 * A header, since each of the programs that test reports needs all of it.
 */
#include "t.h"

#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "report.h"

enum { NOW_S = 1795426200, NOW_MS = 90000000 }; /* 2026-11-23T09:30:00Z */

#define HOST(last) \
	{ \
		{ \
			[10] = 0xff, 0xff, 192, 0, 2, last \
		} \
	}

static const struct orders no_orders = { .state = { .kind = ORDER_NONE } };

static const struct orders all_orders = {
	.state = { .kind = ORDER_DRAIN,
		.who = "alice",
		.why = "caf\xc3\xa9 \"x\"",
		.since_s = NOW_S - 110,
		.until_s = NOW_S + 7200 },
	.ceiling = { .kind = ORDER_WEIGHT,
		.percent = 10,
		.who = "bob",
		.since_s = NOW_S - 3 * 86400 - 4 * 3600,
		.keeping = ORDER_VOLATILE },
	.hold = { .kind = ORDER_HOLD,
		.who = "root",
		.since_s = NOW_S + 60,
		.left = true },
};

static const struct probed good_probe = { .number = 9,
	.ended_s = NOW_S - 1,
	.outcome = OUTCOME_OK,
	.detail = "HTTP status 200",
	.code = 200,
	.peer = "192.0.2.21:8140",
	.tls_version = "TLSv1.2",
	.cert = { "CN=puppet1.example.com", "CN=Puppet CA", NOW_S + 86400 },
	.resolved_ms = 3,
	.connected_ms = 1,
	.secured_ms = 10,
	.answered_ms = 12,
	.total_ms = 15,
	.figures = PROBED_FIGURES,
	.jruby = { .jrubies = 4, .free = 2, .borrowed = 2, .waiting = 0 } };

static const struct probed bad_probe = { .number = 7,
	.ended_s = NOW_S - 2,
	.outcome = OUTCOME_REFUSED,
	.detail = "192.0.2.22:8140: connection refused",
	.total_ms = 1 };

static const struct probed no_probe = { .number = 0 };

static struct poller few[] = {
	{ .host = HOST(10),
		.last_ms = NOW_MS - 700,
		.last_s = NOW_S - 1,
		.polls = 4711,
		.interval_ms = 1003,
		.longest_ms = 2006,
		.told = ANSWER_IN },
};

static struct poller many[] = {
	{ .host = HOST(10),
		.last_ms = NOW_MS - 100,
		.last_s = NOW_S,
		.polls = 4711,
		.interval_ms = 1003,
		.longest_ms = 2006,
		.told = ANSWER_DRAIN,
		.taken = true },
	{ .host = HOST(11),
		.last_ms = NOW_MS - 3600000,
		.last_s = NOW_S - 3600,
		.polls = 20,
		.interval_ms = 60000,
		.longest_ms = 600000,
		.told = ANSWER_IN,
		.taken = true,
		.silent = true },
	/* Of an earlier run. */
	{ .host = HOST(12),
		.last_s = NOW_S - 7200,
		.interval_ms = 12345,
		.longest_ms = 13000,
		.told = ANSWER_NOTHING },
	{ .host = { { 0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
		  12 } },
		.last_ms = NOW_MS - 3000,
		.last_s = NOW_S - 3,
		.polls = 1,
		.told = ANSWER_OUT },
};

static const struct pollers polled_by_few = {
	.list = few, .n = 1, .saying = ANSWER_IN
};
static const struct pollers polled_by_many = {
	.list = many, .n = 4, .saying = ANSWER_OUT
};
static const struct pollers polled_by_nobody = { .nobody = true };

static const struct answer good_lines[] = {
	{ "up ready 100%\n", 14, ANSWER_IN, true, 100 },
	{ "up 100%\n", 8, ANSWER_IN, false, 100 },
	{ "up 100%\n", 8, ANSWER_IN, false, 100 },
};

static const struct answer drained_lines[] = {
	{ "fail drain 10% # connection refused\n", 36, ANSWER_DRAIN, false,
		10 },
	{ "fail drain 10% # connection refused\n", 36, ANSWER_DRAIN, false,
		10 },
	{ "fail 0% # connection refused\n", 29, ANSWER_OUT, false, 0 },
};

static const struct standing_ending endings[] = {
	{ NOW_S - 2, OUTCOME_REFUSED, 1 },
	{ NOW_S - 4, OUTCOME_BUSY, 2000 },
	{ NOW_S - 64, OUTCOME_OK, 12 },
};

static const struct canary no_canary = { .from_ms = 0 };

#define FULL \
	{ \
		.limits = { 100, 100, 100 }, .percent = 100, .why = "" \
	}

static const struct tally no_tally = { .full = 0 };
static const struct trail no_trail = { .latest = 0 };
static const struct idle idle = { .sight = IDLE_UNKNOWN };

static char config_texts[][32] = { "puppet1.example.com",
	"puppet1.example.com:8140", "puppet", "b", "192.0.2.22:8140",
	"b.local" };

static const struct config_server configs[] = {
	{ .name = config_texts[0],
		.address = config_texts[1],
		.tls_name = config_texts[2] },
	{ .name = config_texts[3],
		.address = config_texts[4],
		.tls_name = config_texts[5] },
};

static const struct report_server servers[] = {
	{ "puppet1.example.com", &configs[0],
		{ .verdict = VERDICT_UP,
			.verdict_ms = 180999,
			.probed = &good_probe,
			.idle = &idle,
			.canary = &no_canary,
			.weight = FULL,
			.pollers = &polled_by_few,
			.lines = good_lines,
			.tally = &no_tally,
			.trail = &no_trail,
			.endings = endings + 2,
			.n_endings = 1,
			.reply = "up 100%" },
		&no_orders },
	{ "b", &configs[1],
		{ .verdict = VERDICT_FAIL,
			.verdict_ms = 3725000,
			.probed = &bad_probe,
			.idle = &idle,
			.canary = &no_canary,
			.weight = FULL,
			.pollers = &polled_by_many,
			.lines = drained_lines,
			.tally = &no_tally,
			.trail = &no_trail,
			.endings = endings,
			.n_endings = 3,
			.reply = "fail drain 10% # connection refused" },
		&all_orders },
};

static const struct report both = { .servers = servers,
	.n = 2,
	.problem = "",
	.refused_last = "",
	.now = { NOW_MS, NOW_S } };

static inline void expect_text(char *text, const char *wanted)
{
	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static inline void expect_part(char *text, const char *part)
{
	assert_non_null(text);
	if (strstr(text, part) == NULL)
		fail_msg("%s\nis not in\n%s", part, text);
	free(text);
}

static inline struct report as_json(void)
{
	struct report r = both;

	r.flags = COMMAND_JSON;
	return r;
}

/* With one server only. */
static inline struct report report_of(const struct report_server *s)
{
	struct report r = both;

	r.servers = s;
	r.n = 1;
	return r;
}

static inline json_t *parsed(char *text)
{
	json_error_t error;
	json_t *root;

	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		fail_msg("line %d: %s: %s", error.line, error.text, text);
	free(text);
	return root;
}

/* ' stands for ". */
static inline json_t *quoted(const char *text)
{
	char *copy = strdup(text);

	for (char *at = copy; (at = strchr(at, '\'')) != NULL;)
		*at = '"';
	return parsed(copy);
}

/* These members and no others. */
static inline void expect_json(char *text, const char *wanted)
{
	json_t *a = parsed(text), *b = quoted(wanted);

	if (!json_equal(a, b))
		fail_msg("%s", json_dumps(a, JSON_INDENT(1)));
	json_decref(a);
	json_decref(b);
}

/* What columns it takes: colours none, and a letter of UTF-8 one. */
static inline size_t columns(const char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\033')
			i += strcspn(line + i, "m");
		else
			n += ((unsigned char)line[i] & 0xC0) != 0x80;
	}
	return n;
}

static inline void expect_fit(const char *text, size_t width)
{
	for (size_t len; *text != '\0'; text += len + 1) {
		len = strcspn(text, "\n");
		if (columns(text, len) > width)
			fail_msg("%zu columns: %.*s", columns(text, len),
				(int)len, text);
	}
}

#endif
