#include "balancer.h"

#include <stdlib.h>
#include <string.h>

#include "room.h"

void balancer_open(struct balancer *b, enum balance balance,
	const unsigned *initial, unsigned n)
{
	memset(b, 0, sizeof(*b));
	b->balance = balance;
	b->n = n;
	b->targets = room_new(n, sizeof(*b->targets));
	b->initial = room_new(n, sizeof(*b->initial));
	b->weights = room_new(n, sizeof(*b->weights));
	for (unsigned i = 0; i < n; i++) {
		b->targets[i] = (struct target){ .percent = 100, .up = true };
		b->initial[i] = b->weights[i] = initial[i];
		b->sum += initial[i];
	}
	if (balance == BALANCE_SOURCE)
		ring_open(&b->ring, initial, n);
}

void balancer_free(struct balancer *b)
{
	if (b->balance == BALANCE_SOURCE)
		ring_free(&b->ring);
	free(b->targets);
	free(b->initial);
	free(b->weights);
}

/*
 * Each turn owes every server its weight, and who is owed most pays for all:
 * the spacing of HAProxy's own tree, by a simpler way.
 */
static int roundrobin(struct balancer *b)
{
	int best = -1;

	for (unsigned i = 0; i < b->n; i++) {
		struct target *t = &b->targets[i];

		if (b->weights[i] == 0)
			continue;
		t->turn += b->weights[i];
		if (best < 0 || t->turn > b->targets[best].turn)
			best = (int)i;
	}
	if (best >= 0)
		b->targets[best].turn -= (int64_t)b->sum;
	return best;
}

/* HAProxy counts the one to come, except where there is none yet. */
static uint64_t burden(const struct target *t)
{
	return t->conns == 0 ? 0 : (uint64_t)t->conns + 1;
}

static int leastconn(struct balancer *b)
{
	int best = -1;

	for (unsigned k = 0, i = b->start; k < b->n; k++, i++) {
		if (i == b->n)
			i = 0;
		if (b->weights[i] == 0)
			continue;
		if (best < 0 ||
			burden(&b->targets[i]) * b->weights[best] <
				burden(&b->targets[best]) * b->weights[i])
			best = (int)i;
	}
	if (best >= 0)
		b->start = ((unsigned)best + 1) % b->n;
	return best;
}

static int pick(struct balancer *b, uint32_t hash)
{
	switch (b->balance) {
	case BALANCE_SOURCE:
		return ring_pick(&b->ring, b->weights, hash);
	case BALANCE_LEASTCONN:
		return leastconn(b);
	default:
		return roundrobin(b);
	}
}

int balancer_pick(struct balancer *b, uint32_t hash, int avoid)
{
	unsigned weight;
	int picked;

	if (avoid < 0)
		return pick(b, hash);
	weight = b->weights[avoid];
	b->weights[avoid] = 0;
	b->sum -= weight;
	picked = pick(b, hash);
	b->weights[avoid] = weight;
	b->sum += weight;
	return picked;
}

int balancer_home(const struct balancer *b, uint32_t hash)
{
	return ring_pick(&b->ring, b->initial, hash);
}

void balancer_connected(struct balancer *b, unsigned server)
{
	b->targets[server].conns++;
}

void balancer_hung_up(struct balancer *b, unsigned server)
{
	b->targets[server].conns--;
}

static void take_word(struct target *t, const char *word)
{
	size_t len = strcspn(word, " \n");

	if (word[len - 1] == '%')
		t->percent = (unsigned)strtoul(word, NULL, 10);
	else if (strncmp(word, "up", len) == 0)
		t->up = true;
	else if (strncmp(word, "down", len) == 0 ||
		strncmp(word, "fail", len) == 0 ||
		strncmp(word, "stopped", len) == 0)
		t->up = false;
}

void balancer_reply(struct balancer *b, unsigned server, const char *line)
{
	struct target *t = &b->targets[server];
	unsigned weight = 0;

	for (const char *p = line; *p != '\n' && *p != '#' && *p != '\0';) {
		take_word(t, p);
		p += strcspn(p, " \n");
		p += strspn(p, " ");
	}
	if (t->up)
		weight = b->initial[server];
	if (b->hearing == BALANCE_HEARS)
		weight = weight * t->percent / 100;
	b->sum = b->sum - b->weights[server] + weight;
	if (b->weights[server] == 0)
		t->turn = 0;
	b->weights[server] = weight;
}
