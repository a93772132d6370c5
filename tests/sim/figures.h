#ifndef FIGURES_H
#define FIGURES_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a simulation is judged by.  Waits are of catalog requests, for a JRuby;
 * who gave up has waited as long as its patience was.
 */
enum { FIGURES_WINDOW_MS = 60 * 1000 };

/* What one server was told. */
struct told {
	unsigned percent;
	int way; /* of the last change: 1, -1, 0 where there was none */
	uint64_t window;
	unsigned reversals; /* in this window */
};

struct figures {
	uint32_t *waits;
	size_t n, cap;
	size_t failed;    /* runs that did not get all they asked for */
	size_t sent_away; /* requests, with a 503 */
	size_t moved;     /* catalogs that were not made at home */
	struct told *told;
	unsigned servers;
	uint64_t reversals, changes;
	unsigned most_reversals; /* of one server in one minute */
	unsigned least_step;     /* but to and from the floor */
	unsigned bare;    /* replies that put an UP server under the floor */
	unsigned empty;   /* replies that left the whole farm without */
	uint32_t *shares; /* second by second: weight in force, in 1/1000 */
	size_t n_shares, cap_shares;
	uint64_t digest; /* of all that happened */
};

void figures_open(struct figures *f, unsigned servers);
void figures_free(struct figures *f);

void figures_wait(struct figures *f, uint64_t wait_ms);

/* A percentage as HAProxy was told; `floor`: the least that there is. */
void figures_told(struct figures *f, unsigned server, unsigned percent,
	unsigned floor, uint64_t now_ms);

/* Once for each second. */
void figures_share(struct figures *f, uint64_t weight, uint64_t configured);

/* When all is in: waits get sorted. */
void figures_close(struct figures *f);

/* The wait that `permille` of all did not exceed. */
uint32_t figures_wait_ms(const struct figures *f, unsigned permille);

/* The lowest share from second `from` to second `to`. */
uint32_t figures_least_share(const struct figures *f, size_t from, size_t to);
/* The average. */
uint32_t figures_mean_share(const struct figures *f, size_t from, size_t to);
/*
 * How many seconds after second `since` it is, over a minute, `share` again;
 * SIZE_MAX: never.
 */
size_t figures_recovery(const struct figures *f, size_t since, uint32_t share);

#endif
