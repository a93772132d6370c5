/*
 * The least that a one-threaded responder to polls can cost: epoll(7) and
 * nothing else.  It accepts, writes a line, shuts its side, and reads to the
 * end; with `asked` it reads a line first.
 *
 *	floor said|asked
 *
 * Prints its port; ends with its input.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

enum { EVENTS_MAX = 64 };

static const char line[] = "up ready 100%\n";
static int poller, listener;
static bool asked;

static void watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
		exit(1);
}

static void say(int fd)
{
	if (send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL) > 0)
		shutdown(fd, SHUT_WR);
}

static void accept_all(void)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
			SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (!asked)
			say(fd);
		watch(fd);
	}
}

/* A line comes in one piece here, so what comes first is all of it. */
static void on_readable(int fd)
{
	char data[512];
	ssize_t n = recv(fd, data, sizeof(data), 0);

	if (n > 0 && asked)
		say(fd);
	else if (n == 0 || (n < 0 && errno != EAGAIN))
		close(fd);
}

static void on_event(int fd)
{
	char end;

	if (fd == listener)
		accept_all();
	else if (fd != STDIN_FILENO)
		on_readable(fd);
	else if (read(STDIN_FILENO, &end, 1) <= 0)
		exit(0);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];

	if (argc != 2) {
		fputs("usage: floor said|asked\n", stderr);
		return 2;
	}
	asked = strcmp(argv[1], "asked") == 0;
	listener = loopback_listen();
	poller = epoll_create1(0);
	if (listener < 0 || poller < 0)
		return 1;
	watch(listener);
	watch(STDIN_FILENO);
	printf("%u\n", loopback_port(listener));
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(poller, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++)
			on_event(events[i].data.fd);
	}
}
