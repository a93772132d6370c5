#include "scenario.h"

enum {
	MINUTE = 60 * 1000,
	PER_JRUBY = 32, /* 8 of them are HAProxy's most, 256 */
};

#define EVENLY(percent) \
	{ \
		.from_ms = 0, .to_ms = SCENARIO_END_MS, .load = (percent) \
	}

const struct scenario scenarios[] = {
	{ .name = "calm",
		.text = "40% of the farm's capacity, evenly",
		.crowds = { EVENLY(40) },
		.n_crowds = 1,
		.even = true },
	{ .name = "busy",
		.text = "80%, evenly",
		.crowds = { EVENLY(80) },
		.n_crowds = 1,
		.even = true },
	{ .name = "storm",
		.text = "60%, and 150% from minute 5 to 10",
		.crowds = { EVENLY(60),
			{ .from_ms = 5 * MINUTE,
				.to_ms = 10 * MINUTE,
				.load = 90 } },
		.n_crowds = 2,
		.storm_end_ms = 10 * MINUTE },
	{ .name = "cron",
		.text = "all agents within 10 s of minute 5, as cron "
			"does it: 20% of what half an hour can do",
		.crowds = { { .from_ms = 5 * MINUTE,
			.to_ms = 5 * MINUTE + 10 * 1000,
			.load = 20,
			.work_ms = 30 * MINUTE } },
		.n_crowds = 1,
		.silent = true },
	{ .name = "cron-limit",
		.text = "the same with max-queued-requests = 50",
		.crowds = { { .from_ms = 5 * MINUTE,
			.to_ms = 5 * MINUTE + 10 * 1000,
			.load = 20,
			.work_ms = 30 * MINUTE } },
		.n_crowds = 1,
		.queue_limit = 50 },
	{ .name = "slow",
		.text = "60%; every tenth server is 4 times slower from minute "
			"5 to 10",
		.crowds = { EVENLY(60) },
		.n_crowds = 1,
		.trouble = TROUBLE_SLOW,
		.trouble_end_ms = 10 * MINUTE },
	{ .name = "restart",
		.text = "60%; every tenth server dies at minute 5, is back "
			"after 30 s, cold",
		.crowds = { EVENLY(60) },
		.n_crowds = 1,
		.trouble = TROUBLE_RESTART,
		.trouble_end_ms = 5 * MINUTE + 30 * 1000 },
	{ .name = "restart-ramp",
		.text = "the same with ramp = 2m",
		.crowds = { EVENLY(60) },
		.n_crowds = 1,
		.trouble = TROUBLE_RESTART,
		.trouble_end_ms = 5 * MINUTE + 30 * 1000,
		.ramp_ms = 2 * MINUTE },
	{ .name = "locked",
		.text = "60%; the pool of every tenth server is locked for a "
			"minute",
		.crowds = { EVENLY(60) },
		.n_crowds = 1,
		.trouble = TROUBLE_LOCKED,
		.trouble_end_ms = 6 * MINUTE },
};
const size_t scenarios_n = sizeof(scenarios) / sizeof(*scenarios);

const struct policy policies[] = {
	{ "roundrobin, equal weights", BALANCE_ROUNDROBIN, SIZING_EQUAL,
		WEIGHT_FIXED, BALANCE_HEARS },
	{ "roundrobin, equal weights, usher", BALANCE_ROUNDROBIN, SIZING_EQUAL,
		WEIGHT_JRUBY, BALANCE_HEARS },
	{ "roundrobin, by JRubies", BALANCE_ROUNDROBIN, SIZING_BY_JRUBIES,
		WEIGHT_FIXED, BALANCE_HEARS },
	{ "roundrobin, by JRubies, usher", BALANCE_ROUNDROBIN,
		SIZING_BY_JRUBIES, WEIGHT_JRUBY, BALANCE_HEARS },
	{ "leastconn, equal weights", BALANCE_LEASTCONN, SIZING_EQUAL,
		WEIGHT_FIXED, BALANCE_HEARS },
	{ "leastconn, equal weights, usher", BALANCE_LEASTCONN, SIZING_EQUAL,
		WEIGHT_JRUBY, BALANCE_HEARS },
	{ "leastconn, by JRubies", BALANCE_LEASTCONN, SIZING_BY_JRUBIES,
		WEIGHT_FIXED, BALANCE_HEARS },
	{ "leastconn, by JRubies, usher", BALANCE_LEASTCONN, SIZING_BY_JRUBIES,
		WEIGHT_JRUBY, BALANCE_HEARS },
	{ "source, equal weights", BALANCE_SOURCE, SIZING_EQUAL, WEIGHT_FIXED,
		BALANCE_HEARS },
	{ "source, equal weights, usher", BALANCE_SOURCE, SIZING_EQUAL,
		WEIGHT_JRUBY, BALANCE_HEARS },
	{ "source, by JRubies", BALANCE_SOURCE, SIZING_BY_JRUBIES, WEIGHT_FIXED,
		BALANCE_HEARS },
	{ "source, by JRubies, usher", BALANCE_SOURCE, SIZING_BY_JRUBIES,
		WEIGHT_JRUBY, BALANCE_HEARS },
};
const size_t policies_n = sizeof(policies) / sizeof(*policies);

unsigned policy_weight(const struct policy *p, unsigned jrubies)
{
	return p->sizing == SIZING_EQUAL ? 100 : PER_JRUBY * jrubies;
}

unsigned policy_min(const struct policy *p)
{
	unsigned least = policy_weight(p, 1);

	return (100 + least - 1) / least;
}
