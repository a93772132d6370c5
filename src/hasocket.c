#include "hasocket.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

enum {
	PATIENCE_MS = 5000,
	ANSWER_BYTES_MAX = 256 << 20, /* of some 500,000 servers */
	CHUNK = 65536,
	HOST_MAX = 256,
};

struct talk {
	const char *where;
	uint64_t end_ms;
	char *error;
};

/* Milliseconds that are left, 1 at least: 0 would be for ever. */
static int left(const struct talk *t)
{
	uint64_t now = clock_now_ms();

	return now < t->end_ms ? (int)(t->end_ms - now) : 1;
}

static const char *explain(int error)
{
	switch (error) {
	case ENOENT:
		return "there is no such socket; `stats socket` in HAProxy's "
		       "global section names it";
	case EACCES:
	case EPERM:
		return "permission denied; run this as root, or as a member of "
		       "the socket's group";
	case ECONNREFUSED:
		return "nobody answers there; is HAProxy running, with this "
		       "`stats socket`?";
	case EAGAIN:
	case ETIMEDOUT:
	case EINPROGRESS:
		return "no answer in time; is HAProxy running, and is this its "
		       "stats socket?";
	case EPIPE:
	case ECONNRESET:
		return "closed without an answer; is this HAProxy's stats "
		       "socket?";
	default:
		return strerror(error);
	}
}

/* Always -1. */
static int fail(const struct talk *t, const char *what)
{
	text_format(t->error, HASOCKET_ERROR_MAX, "%.127s: %s", t->where, what);
	return -1;
}

/* Also bounds what is sent: SO_SNDTIMEO is of connect(), too. */
static int connect_one(
	const struct talk *t, const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), saved;
	int ms = left(t);
	struct timeval patience = { ms / 1000, ms % 1000 * 1000L };

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, sa, len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int connect_path(const struct talk *t)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(t->where);
	int fd;

	if (len == 0 || len >= sizeof(sun.sun_path))
		return fail(t, "a socket's path has 1 to 107 bytes");
	memcpy(sun.sun_path, t->where, len);
	fd = connect_one(t, (const struct sockaddr *)&sun, sizeof(sun));
	return fd < 0 ? fail(t, explain(errno)) : fd;
}

static int connect_host(const struct talk *t, char *host, const char *port)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int fd = -1, rc = getaddrinfo(host, port, &want, &found);

	if (rc != 0)
		return fail(t, gai_strerror(rc));
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_one(t, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return fd < 0 ? fail(t, explain(errno)) : fd;
}

static int connect_there(const struct talk *t)
{
	const char *colon = strrchr(t->where, ':'), *name = t->where;
	char host[HOST_MAX];
	uint64_t port;
	size_t len;

	if (strchr(t->where, '/') != NULL || colon == NULL ||
		text_parse_number(colon + 1, 65535, &port) != 0)
		return connect_path(t);
	len = (size_t)(colon - name);
	if (len > 1 && name[0] == '[' && name[len - 1] == ']') {
		name++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(host))
		return fail(t, "this is no HOST:PORT");
	memcpy(host, name, len);
	host[len] = '\0';
	return connect_host(t, host, colon + 1);
}

/* The next bytes; 0 at the end, -1 with the sentence. */
static ssize_t read_some(const struct talk *t, int fd, char *dst, size_t cap)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n = -1;
	int rc;

	do {
		if (clock_now_ms() >= t->end_ms)
			return fail(t, explain(ETIMEDOUT));
		rc = poll(&ready, 1, left(t));
	} while (rc == 0 || (rc < 0 && errno == EINTR));
	if (rc > 0)
		n = read(fd, dst, cap);
	return n < 0 ? fail(t, explain(errno)) : n;
}

/* Room for CHUNK bytes more and a '\0'; NULL with the sentence. */
static char *make_room(
	const struct talk *t, char *text, size_t len, size_t *cap)
{
	char *more = NULL;

	if (*cap - len > CHUNK)
		return text;
	if (*cap <= ANSWER_BYTES_MAX) {
		*cap = *cap * 2 + 2 * (size_t)CHUNK;
		more = realloc(text, *cap);
	}
	if (more == NULL) {
		fail(t, "the answer is too long");
		free(text);
	}
	return more;
}

static char *read_all(const struct talk *t, int fd)
{
	size_t len = 0, cap = 0;
	char *text = NULL;
	ssize_t n;

	do {
		text = make_room(t, text, len, &cap);
		if (text == NULL)
			return NULL;
		n = read_some(t, fd, text + len, CHUNK);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0);
	if (n == 0 && len == 0)
		n = fail(t, explain(ECONNRESET));
	if (n < 0) {
		free(text);
		return NULL;
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '?'; /* what comes after it is seen, too */
	text[len] = '\0';
	return text;
}

char *hasocket_ask(
	const char *where, const char *command, char error[HASOCKET_ERROR_MAX])
{
	const struct talk t = { where, clock_now_ms() + PATIENCE_MS, error };
	char line[64], *text = NULL;
	size_t len = text_format(line, sizeof(line), "%s\n", command);
	int fd = connect_there(&t);

	if (fd < 0)
		return NULL;
	if (send(fd, line, len, MSG_NOSIGNAL) == (ssize_t)len)
		text = read_all(&t, fd);
	else
		fail(&t, explain(errno));
	close(fd);
	return text;
}
