/* The reply table of the design, row by row. */
#include "t.h"

#include <stdlib.h>

#include "answer.h"

#define BY(order_kind, name, reason) \
	{ \
		.kind = (order_kind), .who = (name), .why = (reason) \
	}
#define DRAIN BY(ORDER_DRAIN, "alice", "kernel upgrade")
#define MAINT BY(ORDER_MAINT, "alice", "new disks")
#define DOWN BY(ORDER_DOWN, "bob", "bad disk")
#define PIN BY(ORDER_UP, "bob", "probe broken")
#define HOLD BY(ORDER_HOLD, "root", "")
#define CANARY \
	{ \
		.kind = ORDER_CANARY, .percent = 10, .who = "alice", \
		.why = "new site.pp" \
	}

struct row {
	enum verdict verdict;
	enum outcome because;
	struct orders orders;
	unsigned automatic; /* 0 stands for 100 */
	const char *with_ready, *without_ready, *without_admin;
};

static const struct row rows[] = {
	{ VERDICT_UP, OUTCOME_OK, { .state = { 0 } }, 0, "up ready 100%",
		"up 100%", "up 100%" },
	{ VERDICT_UP, OUTCOME_FORBIDDEN, { .state = { 0 } }, 0, "up ready 100%",
		"up 100%", "up 100%" },
	{ VERDICT_UP, OUTCOME_OK, { .state = DRAIN }, 0,
		"up drain 100% # drain by alice: kernel upgrade",
		"up drain 100% # drain by alice: kernel upgrade",
		"up 0% # drain by alice: kernel upgrade" },
	{ VERDICT_UP, OUTCOME_OK, { .state = MAINT }, 0,
		"up maint 100% # maint by alice: new disks",
		"up maint 100% # maint by alice: new disks",
		"up 0% # maint by alice: new disks" },
	{ VERDICT_UP, OUTCOME_OK, { .state = DOWN }, 0,
		"stopped ready 100% # down by bob: bad disk",
		"stopped 100% # down by bob: bad disk",
		"stopped 0% # down by bob: bad disk" },
	{ VERDICT_FAIL, OUTCOME_REFUSED, { .state = PIN }, 0,
		"up ready 100% # up by bob: probe broken",
		"up 100% # up by bob: probe broken",
		"up 100% # up by bob: probe broken" },
	{ VERDICT_FAIL, OUTCOME_REFUSED, { .state = DRAIN }, 0,
		"fail drain 100% # connection refused",
		"fail drain 100% # connection refused",
		"fail 0% # connection refused" },
	{ VERDICT_FAIL, OUTCOME_REFUSED, { .state = { 0 } }, 0,
		"fail ready 100% # connection refused",
		"fail 100% # connection refused",
		"fail 0% # connection refused" },
	{ VERDICT_DOWN, OUTCOME_NOTFOUND, { .state = { 0 } }, 0,
		"down ready 100% # starting: no status page (404)",
		"down 100% # starting: no status page (404)",
		"down 0% # starting: no status page (404)" },
	{ VERDICT_DOWN, OUTCOME_STARTING, { .state = { 0 } }, 0,
		"down ready 100% # starting", "down 100% # starting",
		"down 0% # starting" },
	{ VERDICT_STOPPING, OUTCOME_STOPPING, { .state = { 0 } }, 0,
		"up drain 100% # stopping", "up drain 100% # stopping",
		"up 0% # stopping" },
	{ VERDICT_UP, OUTCOME_OK, { .ceiling = CANARY }, 0,
		"up ready 10% # canary by alice: new site.pp",
		"up 10% # canary by alice: new site.pp",
		"up 10% # canary by alice: new site.pp" },
	{ VERDICT_BUSY, OUTCOME_BUSY, { .state = { 0 } }, 1,
		"up ready 1% # busy", "up 1% # busy", "up 1% # busy" },
	{ VERDICT_BUSY, OUTCOME_BUSY, { .state = { 0 } }, 0,
		"up ready 100% # busy", "up 100% # busy", "up 100% # busy" },
	{ VERDICT_NONE, OUTCOME_OK, { .state = DRAIN }, 0,
		"drain 100% # drain by alice: kernel upgrade",
		"drain 100% # drain by alice: kernel upgrade",
		"0% # drain by alice: kernel upgrade" },
	{ VERDICT_NONE, OUTCOME_OK, { .state = { 0 } }, 0, "# no verdict yet",
		"# no verdict yet", "# no verdict yet" },

	/* Where the sources meet. */
	{ VERDICT_NONE, OUTCOME_OK, { .ceiling = CANARY }, 0,
		"10% # canary by alice: new site.pp",
		"10% # canary by alice: new site.pp",
		"10% # canary by alice: new site.pp" },
	{ VERDICT_NONE, OUTCOME_OK, { .state = DOWN }, 0,
		"stopped ready 100% # down by bob: bad disk",
		"stopped 100% # down by bob: bad disk",
		"stopped 0% # down by bob: bad disk" },
	{ VERDICT_UP, OUTCOME_OK, { .hold = HOLD }, 0,
		"up drain 100% # hold by root", "up drain 100% # hold by root",
		"up 0% # hold by root" },
	{ VERDICT_UP, OUTCOME_OK, { .state = MAINT, .hold = HOLD }, 0,
		"up maint 100% # maint by alice: new disks",
		"up maint 100% # maint by alice: new disks",
		"up 0% # maint by alice: new disks" },
	{ VERDICT_UP, OUTCOME_OK, { .state = DRAIN, .ceiling = CANARY }, 0,
		"up drain 10% # drain by alice: kernel upgrade",
		"up drain 10% # drain by alice: kernel upgrade",
		"up 0% # drain by alice: kernel upgrade" },
	{ VERDICT_UP, OUTCOME_OK, { .ceiling = CANARY }, 5,
		"up ready 5% # canary by alice: new site.pp",
		"up 5% # canary by alice: new site.pp",
		"up 5% # canary by alice: new site.pp" },
	{ VERDICT_STOPPING, OUTCOME_STOPPING, { .state = PIN }, 0,
		"up ready 100% # up by bob: probe broken",
		"up 100% # up by bob: probe broken",
		"up 100% # up by bob: probe broken" },
};

static void check(
	const struct row *row, enum answer_form form, const char *expected)
{
	struct answer_facts f = { .verdict = row->verdict,
		.because = row->because,
		.orders = &row->orders,
		.automatic = row->automatic != 0 ? row->automatic : 100 };
	char line[ANSWER_MAX];
	size_t len = answer_line(line, &f, form);

	assert_int_equal(len, strlen(line));
	assert_int_equal(line[len - 1], '\n');
	line[len - 1] = '\0';
	assert_string_equal(line, expected);
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		check(&rows[i], ANSWER_WITH_READY, rows[i].with_ready);
		check(&rows[i], ANSWER_WITHOUT_READY, rows[i].without_ready);
		check(&rows[i], ANSWER_WITHOUT_ADMIN, rows[i].without_admin);
	}
}

/* HAProxy must find one line of plain text, whatever somebody typed. */
static void any_reason_becomes_one_line(void **state)
{
	struct orders orders = { .state = BY(ORDER_DRAIN, "eve", "") };
	struct answer_facts f = {
		.verdict = VERDICT_UP, .orders = &orders, .automatic = 100
	};
	char line[ANSWER_MAX];
	size_t len;

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		memset(orders.state.why, byte, sizeof(orders.state.why) - 1);
		len = answer_line(line, &f, ANSWER_WITH_READY);
		assert_int_equal(len, strlen(line));
		assert_true(len <= ANSWER_MAX - 1);
		assert_true(strchr(line, '#') + 2 + ANSWER_REASON_MAX ==
			line + len - 1);
		for (size_t i = 0; i < len - 1; i++)
			assert_in_range((unsigned char)line[i], ' ', '~');
		assert_int_equal(line[len - 1], '\n');
	}
}

/* The longest of each word still leaves room for the whole reason. */
static void sentences_fit(void **state)
{
	(void)state;
	for (enum outcome o = 0; o <= OUTCOME_INTERNAL; o++) {
		assert_in_range(
			strlen(outcome_sentence(o)), 1, ANSWER_REASON_MAX);
		assert_true(strlen(outcome_word(o)) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(any_reason_becomes_one_line),
		cmocka_unit_test(sentences_fit),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
