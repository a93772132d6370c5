#include "notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

enum { MESSAGE_MAX = 512 };

/* A path, or with '@' in front a name in the abstract namespace. */
static bool find_address(struct notify *n, const char *name)
{
	size_t len = strlen(name);

	if ((*name != '/' && *name != '@') || len < 2 ||
		len >= sizeof(n->to.sun_path))
		return false;
	memset(&n->to, 0, sizeof(n->to));
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, name, len);
	if (*name == '@')
		n->to.sun_path[0] = '\0';
	/* An abstract name is as long as is said here: no '\0' at its end. */
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
		(*name == '/'));
	return true;
}

static void say(struct notify *n, const char *message, size_t len)
{
	if (n->fd < 0)
		return;
	if (sendto(n->fd, message, len, MSG_DONTWAIT | MSG_NOSIGNAL,
		    (const struct sockaddr *)&n->to, n->to_len) < 0)
		log_warn("notify text=\"the service manager can't be told: "
			 "%s\"",
			strerror(errno));
}

static void on_watchdog(uv_timer_t *timer)
{
	static const char alive[] = "WATCHDOG=1";

	say(timer->data, alive, sizeof(alive) - 1);
}

/* The watchdog's time, if it is for this process; else 0. */
static uint64_t watchdog_usec(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t usec, number;

	if (text == NULL || text_parse_number(text, INT64_MAX, &usec) != 0)
		return 0;
	if (pid != NULL &&
		(text_parse_number(pid, INT32_MAX, &number) != 0 ||
			number != (uint64_t)getpid()))
		return 0;
	return usec;
}

static void start_watchdog(struct notify *n)
{
	uint64_t usec = watchdog_usec(), half_ms = usec / 2 / 1000;

	if (usec == 0)
		return;
	if (half_ms == 0)
		half_ms = 1;
	uv_timer_start(&n->watchdog, on_watchdog, half_ms, half_ms);
}

void notify_open(struct notify *n, uv_loop_t *loop)
{
	const char *name = getenv("NOTIFY_SOCKET");

	n->fd = -1;
	uv_timer_init(loop, &n->watchdog);
	/* It alone shall not keep the loop running. */
	uv_unref((uv_handle_t *)&n->watchdog);
	n->watchdog.data = n;
	if (name != NULL && find_address(n, name))
		n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (name != NULL && n->fd < 0)
		log_warn("notify text=\"NOTIFY_SOCKET names no unix socket\"");
	if (n->fd >= 0)
		start_watchdog(n);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_ready(struct notify *n, const char *status)
{
	char message[MESSAGE_MAX];

	say(n, message,
		text_format(message, sizeof(message), "READY=1\nSTATUS=%s",
			status));
}

/* The manager tells by the time which reload it was. */
void notify_reloading(struct notify *n)
{
	char message[MESSAGE_MAX];

	say(n, message,
		text_format(message, sizeof(message),
			"RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading",
			(unsigned long long)(uv_hrtime() / 1000)));
}

void notify_stopping(struct notify *n)
{
	static const char message[] = "STOPPING=1\nSTATUS=ending";

	say(n, message, sizeof(message) - 1);
}

void notify_close(struct notify *n)
{
	uv_close((uv_handle_t *)&n->watchdog, NULL);
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}
