#ifndef ANSWER_ROWS_H
#define ANSWER_ROWS_H

/*
 * The reply table of the design, row by row: for the unit test, and for the
 * integration test that shows each line to a real HAProxy.
 */
#include "answer.h"

#define BY(order_kind, name, reason) \
	{ \
		.kind = (order_kind), .who = (name), .why = (reason) \
	}
#define DRAIN BY(ORDER_DRAIN, "alice", "kernel upgrade")
#define MAINT BY(ORDER_MAINT, "alice", "new disks")
#define DOWN BY(ORDER_DOWN, "bob", "bad disk")
#define PIN BY(ORDER_UP, "bob", "probe broken")
#define RELEASE BY(ORDER_RELEASE, "root", "goodbye")
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
	unsigned automatic; /* 0 stands for 100; else it is load */
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
	{ VERDICT_UP, OUTCOME_OK,
		{ .ceiling = BY(ORDER_WEIGHT, "bob", "new disks") }, 0,
		"up ready 0% # weight by bob: new disks",
		"up 0% # weight by bob: new disks",
		"up 0% # weight by bob: new disks" },
	/* HAProxy is as it was before usher came, whatever is known. */
	{ VERDICT_FAIL, OUTCOME_REFUSED, { .state = RELEASE }, 0,
		"up ready 100% # release by root: goodbye",
		"up ready 100% # release by root: goodbye",
		"up 100% # release by root: goodbye" },
	{ VERDICT_STOPPING, OUTCOME_STOPPING,
		{ .state = RELEASE, .ceiling = CANARY, .hold = HOLD }, 1,
		"up ready 100% # release by root: goodbye",
		"up ready 100% # release by root: goodbye",
		"up 100% # release by root: goodbye" },
	{ VERDICT_NONE, OUTCOME_OK, { .state = RELEASE }, 0,
		"up ready 100% # release by root: goodbye",
		"up ready 100% # release by root: goodbye",
		"up 100% # release by root: goodbye" },
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
		"up ready 5% # load", "up 5% # load", "up 5% # load" },
	{ VERDICT_UP, OUTCOME_OK, { .ceiling = CANARY }, 10,
		"up ready 10% # canary by alice: new site.pp",
		"up 10% # canary by alice: new site.pp",
		"up 10% # canary by alice: new site.pp" },
	{ VERDICT_UP, OUTCOME_OK, { .state = { 0 } }, 35, "up ready 35% # load",
		"up 35% # load", "up 35% # load" },
	{ VERDICT_UP, OUTCOME_OK, { .state = DRAIN }, 35,
		"up drain 35% # drain by alice: kernel upgrade",
		"up drain 35% # drain by alice: kernel upgrade",
		"up 0% # drain by alice: kernel upgrade" },
	{
		VERDICT_FAIL,
		OUTCOME_REFUSED,
		{ .state = { 0 } },
		35,
		"fail ready 35% # connection refused",
		"fail 35% # connection refused",
		"fail 0% # connection refused",
	},
	{ VERDICT_UP, OUTCOME_OK, { .state = RELEASE }, 35,
		"up ready 100% # release by root: goodbye",
		"up ready 100% # release by root: goodbye",
		"up 100% # release by root: goodbye" },
	/* What keeps it out is told, also beside a pin. */
	{ VERDICT_UP, OUTCOME_OK, { .state = PIN, .hold = HOLD }, 0,
		"up drain 100% # hold by root", "up drain 100% # hold by root",
		"up 0% # hold by root" },
	{ VERDICT_STOPPING, OUTCOME_STOPPING, { .state = PIN }, 0,
		"up ready 100% # up by bob: probe broken",
		"up 100% # up by bob: probe broken",
		"up 100% # up by bob: probe broken" },
};

enum { ROWS_N = sizeof(rows) / sizeof(*rows) };

static inline struct answer_facts row_facts(const struct row *row)
{
	return (struct answer_facts){ .verdict = row->verdict,
		.because = row->because,
		.orders = &row->orders,
		.automatic = row->automatic != 0 ? row->automatic : 100,
		.why = row->automatic != 0 ? "load" : NULL };
}

#endif
