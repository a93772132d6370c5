#ifndef ADDR_H
#define ADDR_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * Addresses as text and the other way round, and nets to compare them with.
 */

/* "192.0.2.1:8140", "[2001:db8::1]:8140"; the longest with its '\0'. */
enum { ADDR_TEXT_MAX = INET6_ADDRSTRLEN + sizeof("[]:65535") };

/* HOST:PORT taken apart: what stands where in one string. */
struct addr_parts {
	char host[256];
	unsigned port;
};

/*
 * "host:port", "192.0.2.1:80", "[::1]:80", "*:80" (host is then "*").  Without
 * a port, `default_port` counts; 0 means that a port is required.
 * 0, or UV_EINVAL.
 */
int addr_split(struct addr_parts *p, const char *text, unsigned default_port);

/* 0, or UV_EINVAL where `host` is no literal address. */
int addr_literal(struct sockaddr_storage *sa, const char *host, unsigned port);

unsigned addr_port(const struct sockaddr *sa);

/* Writes "address:port". */
void addr_show(char dst[ADDR_TEXT_MAX], const struct sockaddr *sa);
/* Writes the address alone, an IPv4-mapped one as IPv4. */
void addr_show_host(char dst[ADDR_TEXT_MAX], const struct sockaddr *sa);

/* An address alone, to compare and keep.  IPv4 is held as ::ffff:a.b.c.d */
struct addr_host {
	unsigned char bytes[16];
};

/* 0, or UV_EINVAL where it is neither IPv4 nor IPv6. */
int addr_host(struct addr_host *host, const struct sockaddr *sa);
/* As addr_show_host() writes it.  0, or UV_EINVAL. */
int addr_host_parse(struct addr_host *host, const char *text);
void addr_host_show(char dst[ADDR_TEXT_MAX], const struct addr_host *host);

/* An address and how many of its bits count.  IPv4 is held as ::ffff:a.b.c.d */
struct addr_net {
	unsigned char bytes[16];
	unsigned bits;
};

/* "10.0.0.0/8", "fe80::/10", or one address.  0, or UV_EINVAL. */
int addr_net_parse(struct addr_net *net, const char *text);

/* 1 when `sa` lies in one of nets[0..n), else 0. */
int addr_in_nets(
	const struct sockaddr *sa, const struct addr_net *nets, size_t n);

#endif
