#include "inside.h"

enum {
	POLL_MS = 1000, /* agent-inter */
	POLL_JITTER_MS = 50,
};

static void next_probe(struct world *w, unsigned server)
{
	uint64_t pause_ms = watch_pause_ms(&w->watches[server]);

	pause_ms += chance_below(&w->jitter, (uint32_t)pause_ms / 10);
	world_plan(w, pause_ms, HAPPENING_PROBE, server);
}

static void ended(struct world *w, unsigned server, enum outcome outcome)
{
	struct jruby figures;

	server_figures(&w->farm.servers[server], &figures, w->now_ms);
	watch_probe(&w->watches[server], &w->rules, outcome,
		outcome == OUTCOME_OK ? &figures : NULL, w->now_ms);
	next_probe(w, server);
}

void ushering_probe(struct world *w, unsigned server)
{
	const struct server *s = &w->farm.servers[server];
	size_t ahead = server_ahead(s);

	if (!s->open)
		ended(w, server, OUTCOME_REFUSED);
	else if (ahead == 0)
		ended(w, server, OUTCOME_OK);
	else
		world_plan_about(w, WATCH_TIMEOUT_MS, HAPPENING_LATE, server,
			s->done + ahead);
}

/* It has waited for a thread: until now, or until enough were through. */
void ushering_late(struct world *w, unsigned server, uint64_t done)
{
	const struct server *s = &w->farm.servers[server];

	if (!s->open)
		ended(w, server, OUTCOME_RESET);
	else
		ended(w, server, s->done >= done ? OUTCOME_OK : OUTCOME_BUSY);
}

void ushering_poll(struct world *w, unsigned server)
{
	const struct target *t = &w->balancer.targets[server];
	struct answer answer;

	watch_answer(&w->watches[server], &w->rules, &answer, w->now_ms);
	balancer_reply(&w->balancer, server, answer.text);
	if (t->up &&
		(w->balancer.weights[server] == 0 || t->percent < w->rules.min))
		w->figures->bare++;
	if (w->balancer.sum == 0)
		w->figures->empty++;
	figures_told(w->figures, server, t->percent, w->rules.min, w->now_ms);
	world_plan(w, POLL_MS + chance_below(&w->jitter, POLL_JITTER_MS),
		HAPPENING_POLL, server);
}
