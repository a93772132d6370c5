#include "loopback.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

enum { BACKLOG = 4096 };

static struct sockaddr_in at(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((in_port_t)port) };
}

static int no_delay(int fd)
{
	int on = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int open_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int loopback_listen(void)
{
	struct sockaddr_in any = at(0);
	int fd = open_socket();

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
		listen(fd, BACKLOG) != 0)
		return -1;
	return fd;
}

unsigned loopback_port(int listener)
{
	struct sockaddr_in own = at(0);
	socklen_t len = sizeof(own);

	getsockname(listener, (struct sockaddr *)&own, &len);
	return ntohs(own.sin_port);
}

int loopback_accept(int listener)
{
	return no_delay(
		accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int loopback_connect(unsigned port)
{
	struct sockaddr_in to = at(port);
	int fd = no_delay(open_socket());

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
		errno != EINPROGRESS)
		return -1;
	return fd;
}
