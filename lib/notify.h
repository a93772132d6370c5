#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

/*
 * Tells the service manager how this process stands, and feeds its watchdog,
 * as sd_notify(3) has it.  Where the environment names no manager, nothing of
 * this does anything.  Nothing waits: what the manager does not take at once is
 * lost, with a line in the log.
 */
struct notify {
	struct sockaddr_un to;
	socklen_t to_len;
	int fd; /* -1: nobody is there to be told */
	uv_timer_t watchdog;
};

/*
 * From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID, which are removed:
 * they are for this process alone.  The watchdog is fed twice in its time from
 * the loop, so that a loop that hangs is found out.  `n` stays where it is
 * until the loop has ended.
 */
void notify_open(struct notify *n, uv_loop_t *loop);

/* In service, or in service again.  `status` is a short line for people. */
void notify_ready(struct notify *n, const char *status);

/* notify_ready() ends it. */
void notify_reloading(struct notify *n);

/* On the way out. */
void notify_stopping(struct notify *n);

void notify_close(struct notify *n);

#endif
