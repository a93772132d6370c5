#ifndef FARM_H
#define FARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jruby.h"

/*
 * Puppet Servers: so many JRubies, and those who wait for one, first come first
 * served.  What was measured of the real one is in it: no limit to the queue
 * unless there is one, then a 503; a place in the queue is not given up by one
 * who hangs up; more requests than Jetty has threads wait where neither the
 * figures nor the status page can see them; and a server that has come back has
 * one JRuby at first, is cold, and a locked pool calls those free that it won't
 * lend.
 */
enum {
	FARM_THREADS = 200,           /* Jetty's max-threads */
	FARM_BUILD_MS = 5500,         /* a JRuby, one after the other */
	FARM_COLD = 3,                /* times as slow at first */
	FARM_WARM_MS = 2 * 60 * 1000, /* until it is no slower any more */
	FARM_NORMAL = 1000,           /* of `slow` */
};

struct place {
	uint32_t request;
	uint64_t since_ms;
};

struct server {
	unsigned jrubies;
	unsigned slow;        /* thousandths of the usual time */
	unsigned queue_limit; /* 0: none */
	bool open, locked;
	uint64_t born_ms; /* 0: long ago */
	unsigned lent;
	uint64_t done; /* requests so far */
	uint64_t sent_away;
	/* The queue, a ring. */
	struct place *places;
	size_t first, waiting, cap;
};

struct farm {
	struct server *servers;
	unsigned n;
};

/* `n` servers of mixed sizes, a fifth with slower processors. */
void farm_open(struct farm *f, unsigned n, unsigned queue_limit);
void farm_free(struct farm *f);

/* How many JRubies of the usual speed it is worth, in thousandths. */
uint64_t farm_capacity(const struct farm *f);

/* Into the queue: 1, or 0 where it is full and the answer is a 503. */
int server_queue(struct server *s, uint32_t request, uint64_t now_ms);

/* The next in the queue gets a JRuby: 1, or 0 where none or nobody is there. */
int server_lend(struct server *s, struct place *place, uint64_t now_ms);
void server_give_back(struct server *s);

/* How long what usually takes `usual_ms` takes here and now. */
uint64_t server_takes_ms(
	const struct server *s, uint32_t usual_ms, uint64_t now_ms);

/* How many requests are ahead of one who asks for the status page. */
size_t server_ahead(const struct server *s);

/* What a probe reads. */
void server_figures(const struct server *s, struct jruby *j, uint64_t now_ms);

/* The process ends, with all that it had; and is there again. */
void server_end(struct server *s);
void server_start(struct server *s, uint64_t now_ms);

#endif
