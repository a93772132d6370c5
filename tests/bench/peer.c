/*
 * Stands in for any number of Puppet Servers: one TLS port that resumes
 * sessions, and answers each request as Puppet Server does.
 *
 *	peer CERTIFICATE KEY METRICS
 *
 * KEY is RSA, DER, PKCS#1; METRICS is an answer recorded with `Connection:
 * close`, of which the body is sent to who asks for jruby-metrics.  Prints its
 * port.  For each line on standard input it prints what it has counted so far:
 * full handshakes, resumed ones, those that failed, requests.  Ends with its
 * input.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "identity.h"
#include "loopback.h"

enum { EVENTS_MAX = 64, REQUEST_MAX = 2048, PAGE_MAX = 4096 };

/* More than a resumed handshake sends, less than any certificate. */
enum { RESUMED_MAX = 600 };

struct conn {
	int fd;
	mbedtls_ssl_context ssl;
	size_t sent; /* of the handshake */
	int secure;
	size_t used;
	char request[REQUEST_MAX + 1];
};

struct page {
	const char *type;
	char body[PAGE_MAX];
};

static struct {
	unsigned long full, resumed, failed, requests;
} counted;

static struct page simple = { "text/plain", "running" };
static struct page metrics = { "application/json", "" };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- one connection --- */

static int bio_send(void *ctx, const unsigned char *src, size_t len)
{
	struct conn *c = ctx;
	ssize_t n = send(c->fd, src, len, MSG_NOSIGNAL);

	/* It always fits into the socket's buffer, so this is its end. */
	if (n < 0)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	if (!c->secure)
		c->sent += (size_t)n;
	return (int)n;
}

static int bio_recv(void *ctx, unsigned char *dst, size_t cap)
{
	struct conn *c = ctx;
	ssize_t n = recv(c->fd, dst, cap, 0);

	if (n < 0)
		return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ
				       : MBEDTLS_ERR_SSL_CONN_EOF;
	return (int)n;
}

static void drop(struct conn *c)
{
	if (!c->secure)
		counted.failed++;
	mbedtls_ssl_close_notify(&c->ssl);
	mbedtls_ssl_free(&c->ssl);
	close(c->fd);
	free(c);
}

static int shake_hands(struct conn *c)
{
	int rc = mbedtls_ssl_handshake(&c->ssl);

	if (rc != 0)
		return rc;
	c->secure = 1;
	if (c->sent > RESUMED_MAX)
		counted.full++;
	else
		counted.resumed++;
	return 0;
}

/* Never a Content-Length: chunked, or up to the end. */
static int answer(struct conn *c)
{
	const struct page *p =
		strstr(c->request, "/jruby-metrics?") ? &metrics : &simple;
	int ends = strcasestr(c->request, "\r\nConnection: close\r\n") != NULL;
	char text[PAGE_MAX + 512];
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\n%s"
		"Date: Sun, 22 Nov 2026 21:24:22 GMT\r\n"
		"Content-Type: %s;charset=utf-8\r\n"
		"Vary: Accept-Encoding, User-Agent\r\n",
		ends ? "Connection: close\r\n" : "", p->type);

	if (ends)
		n += sprintf(text + n, "\r\n%s", p->body);
	else
		n += sprintf(text + n,
			"Transfer-Encoding: chunked\r\n\r\n"
			"%zX\r\n%s\r\n0\r\n\r\n",
			strlen(p->body), p->body);
	counted.requests++;
	if (mbedtls_ssl_write(&c->ssl, (unsigned char *)text, (size_t)n) != n)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return ends ? MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY : 0;
}

/* Until there is no more to read; what mbedTLS says then. */
static int serve(struct conn *c)
{
	int rc = c->secure ? 0 : shake_hands(c);

	while (rc == 0) {
		rc = mbedtls_ssl_read(&c->ssl,
			(unsigned char *)c->request + c->used,
			REQUEST_MAX - c->used);
		if (rc <= 0)
			return rc < 0 ? rc : MBEDTLS_ERR_SSL_CONN_EOF;
		c->used += (size_t)rc;
		c->request[c->used] = '\0';
		rc = 0;
		if (strstr(c->request, "\r\n\r\n") == NULL)
			continue;
		c->used = 0;
		rc = answer(c);
	}
	return rc;
}

static void on_readable(struct conn *c)
{
	if (serve(c) != MBEDTLS_ERR_SSL_WANT_READ)
		drop(c);
}

/* --- all of them --- */

static void watch(int poll, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0)
		die("epoll_ctl");
}

static void take(int poll, int listener, const struct identity *id)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		die("calloc");
	c->fd = loopback_accept(listener);
	mbedtls_ssl_init(&c->ssl);
	if (c->fd < 0 || mbedtls_ssl_setup(&c->ssl, &id->conf) != 0)
		die("accept");
	mbedtls_ssl_set_bio(&c->ssl, c, bio_send, bio_recv, NULL);
	watch(poll, c->fd, c);
}

static void report(void)
{
	char line[64];

	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		exit(0);
	printf("%lu %lu %lu %lu\n", counted.full, counted.resumed,
		counted.failed, counted.requests);
}

static void load_metrics(const char *path)
{
	char text[PAGE_MAX] = "";
	FILE *f = fopen(path, "r");
	const char *body;

	if (f == NULL || fread(text, 1, sizeof(text) - 1, f) == 0)
		die(path);
	fclose(f);
	body = strstr(text, "\r\n\r\n");
	if (body != NULL)
		strcpy(metrics.body, body + 4);
}

static void serve_all(int listener, const struct identity *id)
{
	struct epoll_event events[EVENTS_MAX];
	int poll = epoll_create1(0);

	watch(poll, listener, &listener);
	watch(poll, STDIN_FILENO, &counted);
	for (;;) {
		int n = epoll_wait(poll, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			void *what = events[i].data.ptr;

			if (what == &counted)
				report();
			else if (what == &listener)
				take(poll, listener, id);
			else
				on_readable(what);
		}
	}
}

int main(int argc, char **argv)
{
	struct identity id;
	int listener;

	if (argc != 4) {
		fputs("usage: peer CERTIFICATE KEY METRICS\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	load_metrics(argv[3]);
	if (identity_open(&id, argv[1], argv[2]) != 0)
		return 1;
	listener = loopback_listen();
	if (listener < 0)
		die("listen");
	printf("%u\n", loopback_port(listener));
	serve_all(listener, &id);
}
