#include "unixsock.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

enum { GROUPS_MAX = 65536 };

static int address(struct sockaddr_un *sun, const char *path)
{
	size_t len = strlen(path);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len == 0 || len >= sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun->sun_path, path, len);
	return 0;
}

static int make_folder(const char *path)
{
	char copy[PATH_MAX];
	mode_t before = umask(0022);
	int rc;

	text_format(copy, sizeof(copy), "%s", path);
	rc = mkdir(dirname(copy), 0755);
	umask(before);
	return rc;
}

/* Where the queue is full, it waits for room, at most `patience_ms`. */
static int connect_to(
	const struct sockaddr_un *sun, int flags, uint64_t patience_ms)
{
	const struct timeval patience = {
		.tv_sec = (time_t)(patience_ms / 1000),
		.tv_usec = (suseconds_t)(patience_ms % 1000 * 1000),
	};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), saved;
	int rc;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	do /* after Ctrl-Z and `fg` it is not connected: signal(7) */
		rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	while (rc != 0 && errno == EINTR);
	if (rc == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * A bound path outlives its process: take it over if nobody answers there.
 * Whose queue is full is there too, and must not be waited for.
 */
static int take_over(const struct sockaddr_un *sun)
{
	struct stat st;
	int fd;

	if (lstat(sun->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	fd = connect_to(sun, SOCK_NONBLOCK, 0);
	if (fd >= 0 || errno == EAGAIN) {
		if (fd >= 0)
			close(fd);
		errno = EADDRINUSE;
		return -1;
	}
	if (errno != ECONNREFUSED)
		return -1;
	return unlink(sun->sun_path);
}

static int bind_there(int fd, const struct sockaddr_un *sun)
{
	mode_t before = umask(0111);
	int rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));

	if (rc != 0 && errno == ENOENT && make_folder(sun->sun_path) == 0)
		rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(before);
	return rc;
}

static const char *explain(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another process answers there";
	case EEXIST:
		return "there is something that is no socket";
	case ENAMETOOLONG:
		return "a socket's path has at most 107 bytes";
	default:
		return strerror(error);
	}
}

int unixsock_bind(const char *path, char error[UNIXSOCK_ERROR_MAX])
{
	struct sockaddr_un sun;
	int fd = -1;

	if (address(&sun, path) == 0 && take_over(&sun) == 0)
		fd = socket(
			AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_there(fd, &sun) == 0)
		return fd;
	text_format(error, UNIXSOCK_ERROR_MAX, "%s: %s", path, explain(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int unixsock_connect(const char *path, uint64_t patience_ms)
{
	struct sockaddr_un sun;

	if (address(&sun, path) != 0)
		return -1;
	return connect_to(&sun, 0, patience_ms);
}

int unixsock_peer(int fd, struct unixsock_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return -1;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	return 0;
}

int unixsock_peer_in_group(int fd, gid_t gid)
{
	struct unixsock_peer peer;
	socklen_t len = 0;
	gid_t *groups;
	int found = 0;

	if (unixsock_peer(fd, &peer) != 0)
		return 0;
	if (peer.gid == gid)
		return 1;
	/* With no room the kernel says how much it needs. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 ||
		errno != ERANGE || len > GROUPS_MAX * sizeof(*groups))
		return 0;
	groups = malloc(len);
	if (groups == NULL)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
		for (size_t i = 0; i < len / sizeof(*groups); i++)
			found |= groups[i] == gid;
	}
	free(groups);
	return found;
}
