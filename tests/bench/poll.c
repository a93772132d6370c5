/*
 * Polls usherd as HAProxy's agent-check does: connects, sends a name, reads to
 * the line feed, closes.  Each of N servers is asked once a second, all spread
 * over it; the servers are NAME1, NAME2, ...  A reply must end with the name
 * that was asked for.  Prints polls, lost, wrong, and the latencies in
 * microseconds: p50, p99, p99.9, max.
 *
 *	poll PORT SERVERS SECONDS NAME
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 256,
	LINE_MAX_BYTES = 256,
	SECOND_US = 1000 * 1000,
	PATIENCE_US = 2 * SECOND_US, /* then a poll is lost */
};

struct ask {
	int fd; /* -1: none under way */
	unsigned server;
	uint64_t began_us;
	size_t used;
	char line[LINE_MAX_BYTES];
};

struct bench {
	struct sockaddr_in to;
	unsigned servers, seconds;
	const char *name;
	int poll_fd;
	struct ask *asks; /* one for each poll of the whole run */
	size_t n_asks, begun, ended;
	uint64_t *took_us;
	unsigned long good, lost, wrong;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_US + (uint64_t)ts.tv_nsec / 1000;
}

static void give_up(struct bench *b, struct ask *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	b->lost++;
	b->ended++;
}

static void begin(struct bench *b, struct ask *a)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = a };
	char text[LINE_MAX_BYTES];
	int len = snprintf(text, sizeof(text), "%s%u\n", b->name, a->server);

	a->began_us = now_us();
	a->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (a->fd < 0 ||
		connect(a->fd, (struct sockaddr *)&b->to, sizeof(b->to)) != 0 ||
		write(a->fd, text, (size_t)len) != len ||
		epoll_ctl(b->poll_fd, EPOLL_CTL_ADD, a->fd, &e) != 0)
		give_up(b, a);
}

static int is_right(const struct bench *b, const struct ask *a)
{
	char end[64];
	int len = snprintf(end, sizeof(end), ": %s%u\n", b->name, a->server);

	return a->used > (size_t)len &&
		memcmp(a->line + a->used - len, end, (size_t)len) == 0;
}

static void take(struct bench *b, struct ask *a)
{
	ssize_t n = read(a->fd, a->line + a->used, sizeof(a->line) - a->used);

	if (n <= 0) {
		give_up(b, a);
		return;
	}
	a->used += (size_t)n;
	if (a->line[a->used - 1] != '\n' && a->used < sizeof(a->line))
		return;
	b->took_us[b->good++] = now_us() - a->began_us;
	b->wrong += !is_right(b, a);
	close(a->fd);
	a->fd = -1;
	b->ended++;
}

static void look_for_lost(struct bench *b, uint64_t now)
{
	for (size_t i = 0; i < b->begun; i++)
		if (b->asks[i].fd >= 0 &&
			now - b->asks[i].began_us > PATIENCE_US)
			give_up(b, &b->asks[i]);
}

static void run(struct bench *b)
{
	uint64_t start_us = now_us();
	struct epoll_event events[EVENTS_MAX];

	while (b->ended < b->n_asks) {
		uint64_t past_us = now_us() - start_us;
		uint64_t due = past_us * b->servers / SECOND_US + 1;
		int n;

		while (b->begun < b->n_asks && b->begun < due)
			begin(b, &b->asks[b->begun++]);
		n = epoll_wait(b->poll_fd, events, EVENTS_MAX, 1);
		for (int i = 0; i < n; i++)
			take(b, events[i].data.ptr);
		if (n == 0)
			look_for_lost(b, now_us());
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const struct bench *b)
{
	size_t last = b->good > 0 ? b->good - 1 : 0;

	qsort(b->took_us, b->good, sizeof(*b->took_us), by_size);
	printf("%zu %lu %lu %llu %llu %llu %llu\n", b->n_asks, b->lost,
		b->wrong, (unsigned long long)b->took_us[last / 2],
		(unsigned long long)b->took_us[last * 99 / 100],
		(unsigned long long)b->took_us[last * 999 / 1000],
		(unsigned long long)b->took_us[last]);
}

int main(int argc, char **argv)
{
	struct bench b = { .poll_fd = epoll_create1(0),
		.to = { .sin_family = AF_INET } };

	if (argc != 5) {
		fputs("usage: poll PORT SERVERS SECONDS NAME\n", stderr);
		return 2;
	}
	b.to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	b.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b.servers = (unsigned)strtoul(argv[2], NULL, 10);
	b.seconds = (unsigned)strtoul(argv[3], NULL, 10);
	b.name = argv[4];
	b.n_asks = (size_t)b.servers * b.seconds;
	b.asks = calloc(b.n_asks + 1, sizeof(*b.asks));
	b.took_us = calloc(b.n_asks + 1, sizeof(*b.took_us));
	if (b.asks == NULL || b.took_us == NULL)
		return 1;
	for (size_t i = 0; i < b.n_asks; i++)
		b.asks[i] = (struct ask){ .fd = -1,
			.server = 1 + (unsigned)(i % b.servers) };
	run(&b);
	print(&b);
	free(b.asks);
	free(b.took_us);
	return b.lost + b.wrong > 0;
}
