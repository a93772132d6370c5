#include "addr.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "text.h"

enum { MAPPED_BITS = 96 }; /* of ::ffff:0:0, before the 32 of IPv4 */

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

/* Finds where the host ends; NULL where brackets or colons don't fit. */
static const char *end_of_host(const char *text, const char **host)
{
	const char *end;

	if (*text == '[') {
		*host = text + 1;
		end = strchr(text, ']');
		return end != NULL && (end[1] == ':' || end[1] == '\0') ? end
									: NULL;
	}
	*host = text;
	end = strchr(text, ':');
	if (end == NULL)
		return text + strlen(text);
	/* Two colons without brackets: an IPv6 address with no port. */
	return strchr(end + 1, ':') != NULL ? text + strlen(text) : end;
}

int addr_split(struct addr_parts *p, const char *text, unsigned default_port)
{
	const char *host, *end = end_of_host(text, &host);
	struct sockaddr_storage sa;
	uint64_t port = default_port;
	size_t len;

	if (end == NULL)
		return UV_EINVAL;
	len = (size_t)(end - host);
	if (*end == ']')
		end++;
	if (len == 0 || len >= sizeof(p->host))
		return UV_EINVAL;
	if (*end == ':' && text_parse_number(end + 1, 65535, &port) != 0)
		return UV_EINVAL;
	if (*end == '\0' && default_port == 0)
		return UV_EINVAL;
	memcpy(p->host, host, len);
	p->host[len] = '\0';
	p->port = (unsigned)port;
	/* A name has no colon. */
	if (strchr(p->host, ':') != NULL && addr_literal(&sa, p->host, 0) != 0)
		return UV_EINVAL;
	return 0;
}

int addr_literal(struct sockaddr_storage *sa, const char *host, unsigned port)
{
	memset(sa, 0, sizeof(*sa));
	if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)sa) == 0)
		return 0;
	return uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)sa);
}

unsigned addr_port(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)sa)->sin_port);
	if (sa->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)sa)->sin6_port);
	return 0;
}

/* All addresses as 16 bytes; 0, or UV_EINVAL for another family. */
static int bytes_of(unsigned char bytes[16], const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		memcpy(bytes, mapped, sizeof(mapped));
		memcpy(bytes + 12, &((const struct sockaddr_in *)sa)->sin_addr,
			4);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(bytes, &((const struct sockaddr_in6 *)sa)->sin6_addr,
			16);
		return 0;
	}
	return UV_EINVAL;
}

int addr_host(struct addr_host *host, const struct sockaddr *sa)
{
	return bytes_of(host->bytes, sa);
}

int addr_host_parse(struct addr_host *host, const char *text)
{
	struct sockaddr_storage sa;
	int rc = addr_literal(&sa, text, 0);

	return rc != 0 ? rc : bytes_of(host->bytes, (struct sockaddr *)&sa);
}

void addr_host_show(char dst[ADDR_TEXT_MAX], const struct addr_host *host)
{
	if (memcmp(host->bytes, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, host->bytes + 12, dst, ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, host->bytes, dst, ADDR_TEXT_MAX);
}

void addr_show_host(char dst[ADDR_TEXT_MAX], const struct sockaddr *sa)
{
	struct addr_host host;

	if (addr_host(&host, sa) != 0)
		snprintf(dst, ADDR_TEXT_MAX, "unknown");
	else
		addr_host_show(dst, &host);
}

void addr_show(char dst[ADDR_TEXT_MAX], const struct sockaddr *sa)
{
	char host[ADDR_TEXT_MAX];
	int v6;

	addr_show_host(host, sa);
	v6 = strchr(host, ':') != NULL;
	text_format(dst, ADDR_TEXT_MAX, "%s%.46s%s:%u", v6 ? "[" : "", host,
		v6 ? "]" : "", addr_port(sa));
}

int addr_net_parse(struct addr_net *net, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct sockaddr_storage sa;
	struct addr_net n;
	char host[INET6_ADDRSTRLEN];
	unsigned skipped;
	uint64_t bits;

	if (len >= sizeof(host))
		return UV_EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (addr_literal(&sa, host, 0) != 0)
		return UV_EINVAL;
	skipped = sa.ss_family == AF_INET ? MAPPED_BITS : 0;
	bits = 128 - skipped;
	if (slash != NULL && text_parse_number(slash + 1, bits, &bits) != 0)
		return UV_EINVAL;
	bytes_of(n.bytes, (struct sockaddr *)&sa);
	n.bits = (unsigned)bits + skipped;
	*net = n;
	return 0;
}

static int lies_in(const unsigned char bytes[16], const struct addr_net *net)
{
	size_t whole = net->bits / 8;
	unsigned rest = net->bits % 8;

	if (memcmp(bytes, net->bytes, whole) != 0)
		return 0;
	return rest == 0 ||
		((bytes[whole] ^ net->bytes[whole]) >> (8 - rest)) == 0;
}

int addr_in_nets(
	const struct sockaddr *sa, const struct addr_net *nets, size_t n)
{
	unsigned char bytes[16];

	if (bytes_of(bytes, sa) != 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (lies_in(bytes, &nets[i]))
			return 1;
	return 0;
}
