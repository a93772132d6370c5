#include "inside.h"

enum { RETRIES = 3 };

/* What happens while the farm warms up is not counted. */
static bool counts(const struct run *r)
{
	return r->start_ms >= SCENARIO_WARM_MS;
}

static void hang_up(struct world *w, struct run *r)
{
	if (r->connected)
		balancer_hung_up(&w->balancer, r->server);
	r->connected = false;
}

static void end(struct world *w, struct run *r)
{
	hang_up(w, r);
	r->asking = false;
	r->over = true;
	w->over++;
}

static void fail(struct world *w, struct run *r)
{
	if (counts(r))
		w->figures->failed++;
	end(w, r);
}

/*
 * 1 when there is a connection.  A port that is closed makes HAProxy choose
 * another at once, a few times (`option redispatch 1`).
 */
static int reach(struct world *w, struct run *r)
{
	int server = -1;

	for (int tries = 0; tries <= RETRIES; tries++) {
		server = balancer_pick(&w->balancer, r->hash, server);
		if (server < 0)
			break;
		if (!w->farm.servers[server].open)
			continue;
		r->server = (uint16_t)server;
		r->connected = true;
		balancer_connected(&w->balancer, r->server);
		return 1;
	}
	fail(w, r);
	return 0;
}

static void count_catalog(struct world *w, const struct run *r)
{
	if (w->of->policy->balance == BALANCE_SOURCE && counts(r) &&
		balancer_home(&w->balancer, r->hash) != r->server)
		w->figures->moved++;
}

/* With a Retry-After, by chance. */
static void send_away(struct world *w, struct run *r)
{
	if (counts(r))
		w->figures->sent_away++;
	hang_up(w, r);
	world_plan(w, chance_below(&w->jitter, AGENTS_BACK_MS), HAPPENING_ASK,
		(uint32_t)(r - w->runs));
}

void traffic_ask(struct world *w, uint32_t run)
{
	struct run *r = &w->runs[run];
	struct server *s;

	if (r->over || (!r->connected && !reach(w, r)))
		return;
	s = &w->farm.servers[r->server];
	if (!server_queue(s, run, w->now_ms)) {
		send_away(w, r);
		return;
	}
	r->asking = true;
	r->asked_ms = (uint32_t)w->now_ms;
	if (r->step == AGENTS_CATALOG)
		count_catalog(w, r);
	traffic_lend(w, r->server);
	/* Otherwise it is served already. */
	if (s->waiting > 0)
		world_plan_about(w, AGENTS_PATIENCE_MS, HAPPENING_IMPATIENT,
			run, r->asked_ms);
}

void traffic_lend(struct world *w, unsigned server)
{
	struct server *s = &w->farm.servers[server];
	struct place place;

	while (server_lend(s, &place, w->now_ms)) {
		const struct run *r = &w->runs[place.request];
		uint64_t ms = server_takes_ms(s, agents_work_ms(r), w->now_ms);

		if (r->step == AGENTS_CATALOG && !r->over && counts(r))
			figures_wait(w->figures, w->now_ms - place.since_ms);
		world_plan_about(
			w, ms, HAPPENING_DONE, place.request, s->born_ms);
	}
}

void traffic_hang_up(struct world *w, uint32_t run)
{
	hang_up(w, &w->runs[run]);
}

/* Its place in the queue, or its JRuby, stays taken. */
void traffic_impatient(struct world *w, uint32_t run, uint64_t asked_ms)
{
	struct run *r = &w->runs[run];

	if (r->over || !r->asking || r->asked_ms != asked_ms)
		return;
	if (r->step == AGENTS_CATALOG && counts(r))
		figures_wait(w->figures, AGENTS_PATIENCE_MS);
	fail(w, r);
}

void traffic_done(struct world *w, uint32_t run, uint64_t born_ms)
{
	struct run *r = &w->runs[run];
	struct server *s = &w->farm.servers[r->server];
	uint32_t pause_ms;

	if (!s->open || s->born_ms != born_ms)
		return;
	server_give_back(s);
	traffic_lend(w, r->server);
	if (r->over)
		return;
	pause_ms = agents_pause_ms(r);
	r->asking = false;
	if (++r->step == AGENTS_STEPS) {
		end(w, r);
		return;
	}
	if (pause_ms > AGENTS_KEEP_MS)
		world_plan(w, AGENTS_KEEP_MS, HAPPENING_HANG_UP, run);
	world_plan(w, pause_ms, HAPPENING_ASK, run);
}

void traffic_cut(struct world *w, unsigned server)
{
	for (size_t i = 0; i < w->begun; i++) {
		struct run *r = &w->runs[i];

		if (r->over || r->server != server)
			continue;
		if (r->asking)
			fail(w, r);
		hang_up(w, r);
	}
}
