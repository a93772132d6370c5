#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "room.h"

enum {
	TENTH = 10,
	SLOWER = 4,
	SECOND_MS = 1000,
	FIRST_MS = 2000, /* within that, all first probes and polls */
};

void world_plan(
	struct world *w, uint64_t after_ms, enum happening what, uint32_t whom)
{
	world_plan_about(w, after_ms, what, whom, 0);
}

void world_plan_about(struct world *w, uint64_t after_ms, enum happening what,
	uint32_t whom, uint64_t about)
{
	agenda_add(&w->agenda,
		&(struct agenda_item){ .at_ms = w->now_ms + after_ms,
			.what = what,
			.whom = whom,
			.about = about });
}

static void begin(struct world *w, unsigned server)
{
	struct server *s = &w->farm.servers[server];

	switch (w->of->scenario->trouble) {
	case TROUBLE_SLOW:
		s->slow *= SLOWER;
		break;
	case TROUBLE_LOCKED:
		s->locked = true;
		break;
	case TROUBLE_RESTART:
		server_end(s);
		traffic_cut(w, server);
		break;
	case TROUBLE_NONE:
		break;
	}
}

static void end(struct world *w, unsigned server)
{
	struct server *s = &w->farm.servers[server];

	switch (w->of->scenario->trouble) {
	case TROUBLE_SLOW:
		s->slow /= SLOWER;
		break;
	case TROUBLE_LOCKED:
		s->locked = false;
		traffic_lend(w, server);
		break;
	case TROUBLE_RESTART:
		server_start(s, w->now_ms);
		break;
	case TROUBLE_NONE:
		break;
	}
}

static void second(struct world *w)
{
	figures_share(w->figures, w->balancer.sum, w->configured);
	world_plan(w, SECOND_MS, HAPPENING_SECOND, 0);
}

static void happen(struct world *w, const struct agenda_item *item)
{
	switch ((enum happening)item->what) {
	case HAPPENING_ASK:
		traffic_ask(w, item->whom);
		break;
	case HAPPENING_HANG_UP:
		traffic_hang_up(w, item->whom);
		break;
	case HAPPENING_IMPATIENT:
		traffic_impatient(w, item->whom, item->about);
		break;
	case HAPPENING_DONE:
		traffic_done(w, item->whom, item->about);
		break;
	case HAPPENING_PROBE:
		ushering_probe(w, item->whom);
		break;
	case HAPPENING_LATE:
		ushering_late(w, item->whom, item->about);
		break;
	case HAPPENING_POLL:
		ushering_poll(w, item->whom);
		break;
	case HAPPENING_TROUBLE:
		for (unsigned i = 0; i < w->farm.n; i += TENTH)
			begin(w, i);
		break;
	case HAPPENING_RELIEF:
		for (unsigned i = 0; i < w->farm.n; i += TENTH)
			end(w, i);
		break;
	case HAPPENING_SECOND:
		second(w);
		break;
	}
}

static void open_balancer(struct world *w)
{
	unsigned *weights = room_new(w->farm.n, sizeof(*weights));

	for (unsigned i = 0; i < w->farm.n; i++)
		weights[i] = policy_weight(
			w->of->policy, w->farm.servers[i].jrubies);
	balancer_open(&w->balancer, w->of->policy->balance, weights, w->farm.n);
	w->balancer.hearing = w->of->policy->hearing;
	w->configured = w->balancer.sum;
	free(weights);
}

static void first_plans(struct world *w)
{
	const struct scenario *s = w->of->scenario;

	for (unsigned i = 0; i < w->farm.n; i++) {
		world_plan(w, chance_below(&w->jitter, FIRST_MS),
			HAPPENING_PROBE, i);
		world_plan(w, chance_below(&w->jitter, FIRST_MS),
			HAPPENING_POLL, i);
	}
	world_plan(w, 0, HAPPENING_SECOND, 0);
	if (s->trouble == TROUBLE_NONE)
		return;
	world_plan(w, SCENARIO_TROUBLE_MS, HAPPENING_TROUBLE, 0);
	world_plan(w, s->trouble_end_ms, HAPPENING_RELIEF, 0);
}

static void set_up(
	struct world *w, const struct world_case *c, struct figures *figures)
{
	const struct scenario *s = c->scenario;

	memset(w, 0, sizeof(*w));
	w->of = c;
	w->figures = figures;
	w->rules = (struct weight_rules){ .mode = c->policy->mode,
		.min = policy_min(c->policy),
		.ramp_ms = s->ramp_ms };
	figures_open(figures, c->servers);
	farm_open(&w->farm, c->servers, s->queue_limit);
	open_balancer(w);
	w->watches = room_new(c->servers, sizeof(*w->watches));
	w->jitter = chance_of(c->seed, UINT32_MAX);
	w->runs = agents_make(s->crowds, s->n_crowds, farm_capacity(&w->farm),
		c->seed, &w->n_runs);
	first_plans(w);
}

/* The next run begins, or what is on the agenda comes first. */
static void step(struct world *w)
{
	struct agenda_item item;

	if (w->begun < w->n_runs &&
		w->runs[w->begun].start_ms <= agenda_first(&w->agenda)->at_ms) {
		w->now_ms = w->runs[w->begun].start_ms;
		traffic_ask(w, (uint32_t)w->begun++);
		return;
	}
	agenda_take(&w->agenda, &item);
	w->now_ms = item.at_ms;
	happen(w, &item);
}

void world_run(const struct world_case *c, struct figures *figures)
{
	struct world w;

	set_up(&w, c, figures);
	while (w.now_ms < SCENARIO_END_MS ||
		(w.over < w.n_runs && w.now_ms < SCENARIO_PATIENCE_MS))
		step(&w);
	figures_close(figures);
	free(w.runs);
	free(w.watches);
	balancer_free(&w.balancer);
	farm_free(&w.farm);
	agenda_free(&w.agenda);
}
