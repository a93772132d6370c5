#ifndef INSIDE_H
#define INSIDE_H

#include "agenda.h"
#include "agents.h"
#include "balancer.h"
#include "farm.h"
#include "watch.h"
#include "world.h"

/* The inside of a simulation, for the files that it is made of. */
enum happening {
	HAPPENING_ASK,       /* whom: run */
	HAPPENING_HANG_UP,   /* run */
	HAPPENING_IMPATIENT, /* run; about: asked_ms of the request */
	HAPPENING_DONE,      /* run; about: born_ms of the server */
	HAPPENING_PROBE,     /* server */
	HAPPENING_LATE,      /* server; about: what must be done until then */
	HAPPENING_POLL,      /* server */
	HAPPENING_TROUBLE,
	HAPPENING_RELIEF,
	HAPPENING_SECOND,
};

struct world {
	const struct world_case *of;
	struct figures *figures;
	struct weight_rules rules;
	struct agenda agenda;
	struct farm farm;
	struct balancer balancer;
	uint64_t configured; /* all weights */
	struct watch *watches;
	struct chance jitter;
	struct run *runs;
	size_t n_runs, begun, over;
	uint64_t now_ms;
};

void world_plan(
	struct world *w, uint64_t after_ms, enum happening what, uint32_t whom);
void world_plan_about(struct world *w, uint64_t after_ms, enum happening what,
	uint32_t whom, uint64_t about);

/* traffic.c: what agents do, and servers for them. */
void traffic_ask(struct world *w, uint32_t run);
void traffic_hang_up(struct world *w, uint32_t run);
void traffic_impatient(struct world *w, uint32_t run, uint64_t asked_ms);
void traffic_done(struct world *w, uint32_t run, uint64_t born_ms);
/* Lends what can be lent. */
void traffic_lend(struct world *w, unsigned server);
/* The process has ended: its connections are gone. */
void traffic_cut(struct world *w, unsigned server);

/* ushering.c: probes and polls. */
void ushering_probe(struct world *w, unsigned server);
void ushering_late(struct world *w, unsigned server, uint64_t done);
void ushering_poll(struct world *w, unsigned server);

#endif
