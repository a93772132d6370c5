/*
 * Polls as HAProxy's agent-check does: it connects, sends a name, reads to the
 * line feed, and closes; with RST where the other end has not closed yet.
 *
 *	polls PORT PAUSE_MS SPREAD_PERCENT WARM_MS COUNTED_MS
 *
 * Standard input has a line for each poller: what it sends, a tab, and the
 * reply that alone is right; both without line feed, and who sends nothing
 * gets nothing before the tab.  Each polls, waits PAUSE_MS from the end of its
 * poll, and polls again; all begin evenly over the first PAUSE_MS.  A pause is
 * up to SPREAD_PERCENT longer or shorter, which is HAProxy's `spread-checks`:
 * its default is 0, its manual recommends 2 to 5.  What ends in the last
 * COUNTED_MS is counted: polls, wrong replies, polls without a reply within a
 * second, and the microseconds from connect() to the line feed: p50, p99,
 * p99.9, longest.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loopback.h"

enum {
	EVENTS_MAX = 64,
	REPLY_MAX = 512,
	SAMPLES_MAX = 1 << 22,
	WRONG_SHOWN = 3,
	PATIENCE_US = 1000000,
};

/* In one of two queues, both in order of time: waiting, or asking. */
struct poller {
	struct poller *next, *previous;
	int fd;
	int64_t due_us; /* of the next poll, or when this one began */
	char *send;
	int unsent; /* it is not connected yet */
	char *expect;
	size_t used;
	char reply[REPLY_MAX];
};

struct queue {
	struct poller ends; /* before the first and after the last */
};

static struct {
	unsigned port;
	int64_t pause_us, spread_us, from_us, until_us;
	int poll;
	struct queue waiting, asking;
} run;

static struct {
	uint32_t *us;
	size_t n, wrong, lost;
} counted;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- queues --- */

static void queue_open(struct queue *q)
{
	q->ends.next = q->ends.previous = &q->ends;
}

static struct poller *queue_first(struct queue *q)
{
	return q->ends.next != &q->ends ? q->ends.next : NULL;
}

static void queue_leave(struct poller *p)
{
	p->next->previous = p->previous;
	p->previous->next = p->next;
}

static void queue_join(struct queue *q, struct poller *p, int64_t due_us)
{
	struct poller *at = q->ends.previous;

	while (at != &q->ends && at->due_us > due_us)
		at = at->previous;
	p->due_us = due_us;
	p->previous = at;
	p->next = at->next;
	p->previous->next = p->next->previous = p;
}

/* --- one poll --- */

static int say(const struct poller *p)
{
	size_t len = strlen(p->send);

	return len == 0 || send(p->fd, p->send, len, MSG_NOSIGNAL) > 0 ? 0 : -1;
}

static void begin(struct poller *p, int64_t now)
{
	struct epoll_event event = { .data.ptr = p };

	queue_leave(p);
	queue_join(&run.asking, p, now);
	p->used = 0;
	p->fd = loopback_connect(run.port);
	if (p->fd < 0)
		die("connect");
	/* On loopback it is connected now, but where a backlog is full. */
	p->unsent = say(p) != 0;
	event.events = p->unsent ? EPOLLOUT : EPOLLIN;
	if (epoll_ctl(run.poll, EPOLL_CTL_ADD, p->fd, &event) != 0)
		die("connect");
}

static void leave(struct poller *p)
{
	struct linger reset = { .l_onoff = 1 };
	char more[REPLY_MAX];

	if (recv(p->fd, more, sizeof(more), 0) != 0)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(p->fd);
}

static int64_t spread_pause_us(void)
{
	return run.pause_us - run.spread_us + rand() % (2 * run.spread_us + 1);
}

static void end(struct poller *p, int64_t now)
{
	leave(p);
	queue_leave(p);
	queue_join(&run.waiting, p, now + spread_pause_us());
}

static void count(const struct poller *p, int64_t now)
{
	int whole = p->used > 0 && p->reply[p->used - 1] == '\n';
	size_t len = p->used - (whole ? 1 : 0);

	if (now < run.from_us)
		return;
	if (counted.n < SAMPLES_MAX)
		counted.us[counted.n++] = (uint32_t)(now - p->due_us);
	if (!whole)
		counted.lost++;
	else if (len != strlen(p->expect) ||
		memcmp(p->reply, p->expect, len) != 0)
		if (counted.wrong++ < WRONG_SHOWN)
			fprintf(stderr, "asked for \"%.*s\", told \"%.*s\"\n",
				(int)strcspn(p->send, "\n"), p->send, (int)len,
				p->reply);
}

static void on_connected(struct poller *p)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = p };

	p->unsent = 0;
	/* What was not to be: on_readable() hears of it. */
	say(p);
	epoll_ctl(run.poll, EPOLL_CTL_MOD, p->fd, &event);
}

static void on_readable(struct poller *p)
{
	ssize_t n = recv(p->fd, p->reply + p->used, REPLY_MAX - p->used, 0);
	int64_t now = now_us();

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		p->used += (size_t)n;
	if (n > 0 && p->used < REPLY_MAX && p->reply[p->used - 1] != '\n')
		return;
	count(p, now);
	end(p, now);
}

/* --- all of them --- */

/* Begins what is due, gives up what takes too long; ms to the next of these. */
static int tend(int64_t now)
{
	struct poller *p;
	int64_t next = run.until_us;

	while ((p = queue_first(&run.waiting)) != NULL && p->due_us <= now)
		begin(p, now);
	if (p != NULL && p->due_us < next)
		next = p->due_us;
	while ((p = queue_first(&run.asking)) != NULL &&
		p->due_us + PATIENCE_US <= now) {
		count(p, now);
		end(p, now);
	}
	return next > now ? (int)((next - now + 999) / 1000) : 0;
}

static void poll_all(void)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t now;

	while ((now = now_us()) < run.until_us) {
		int n = epoll_wait(run.poll, events, EVENTS_MAX, tend(now));

		for (int i = 0; i < n; i++) {
			struct poller *p = events[i].data.ptr;

			p->unsent ? on_connected(p) : on_readable(p);
		}
	}
}

static struct poller *read_poller(char *line)
{
	struct poller *p = calloc(1, sizeof(*p));
	char *tab = strchr(line, '\t');

	if (p == NULL || tab == NULL)
		die("a line of input");
	line[strcspn(line, "\n")] = '\0';
	*tab = '\0';
	p->expect = strdup(tab + 1);
	if (p->expect == NULL ||
		asprintf(&p->send, "%s%s", line, *line != '\0' ? "\n" : "") < 0)
		die("a line of input");
	return p;
}

static size_t read_pollers(void)
{
	size_t size = 0, n = 0;
	char *line = NULL;

	for (; getline(&line, &size, stdin) > 0; n++)
		queue_join(&run.waiting, read_poller(line), 0);
	free(line);
	return n;
}

static void spread(int64_t start, size_t n)
{
	struct poller *p = run.waiting.ends.next;

	for (size_t i = 0; i < n; i++, p = p->next)
		p->due_us = start + run.pause_us * (int64_t)i / (int64_t)n;
}

static int by_us(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t quantile(double q)
{
	size_t at = (size_t)(q * (double)counted.n);

	return counted.us[at < counted.n ? at : counted.n - 1];
}

static int report(void)
{
	if (counted.n == 0) {
		fputs("no poll has ended\n", stderr);
		return 1;
	}
	qsort(counted.us, counted.n, sizeof(*counted.us), by_us);
	printf("%zu %zu %zu %u %u %u %u\n", counted.n, counted.wrong,
		counted.lost, quantile(0.5), quantile(0.99), quantile(0.999),
		quantile(1));
	return 0;
}

int main(int argc, char **argv)
{
	int64_t start;

	if (argc != 6) {
		fputs("usage: polls PORT PAUSE_MS SPREAD_PERCENT WARM_MS "
		      "COUNTED_MS\n",
			stderr);
		return 2;
	}
	queue_open(&run.waiting);
	queue_open(&run.asking);
	run.port = (unsigned)strtoul(argv[1], NULL, 10);
	run.pause_us = strtol(argv[2], NULL, 10) * 1000;
	run.spread_us = run.pause_us * strtol(argv[3], NULL, 10) / 100;
	run.poll = epoll_create1(0);
	counted.us = malloc(SAMPLES_MAX * sizeof(*counted.us));
	if (counted.us == NULL || run.poll < 0)
		die("memory");
	start = now_us();
	spread(start, read_pollers());
	run.from_us = start + strtol(argv[4], NULL, 10) * 1000;
	run.until_us = run.from_us + strtol(argv[5], NULL, 10) * 1000;
	poll_all();
	return report();
}
