/*
 * What a probe would cost if it were nothing but mbedTLS calls: a blocking
 * socket, one session, a request, its answer.
 *
 *	bare PORT HOW COUNT PAUSE_MS NAME CA CRL [CERTIFICATE KEY]
 *
 * HOW is full, resumed or twice: whether each connection has a handshake of its
 * own, resumes the session of the one before, or does so and asks for Puppet
 * Server's figures as well, in a second request.  Prints the microseconds of
 * processor time that each of COUNT connections has taken, after a first one
 * that is not counted.  Before each it sleeps for PAUSE_MS, as usherd does:
 * what runs without a pause has its code and data in the caches.  The
 * configuration is usherd's own; what is done with it is not.  With no
 * argument, the version of mbedTLS.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include "loopback.h"
#include "tlsconf.h"

static struct {
	unsigned port;
	useconds_t pause_us;
	const char *name;
	struct tlsconf *conf;
	int resumes, twice;
} run;

struct conn {
	int fd;
	mbedtls_ssl_context ssl;
	unsigned char in[16384]; /* from the kernel, not yet mbedTLS's */
	size_t n_in, taken;
};

static mbedtls_ssl_session saved;
static int has_saved;

static void die(const char *what, int rc)
{
	fprintf(stderr, "bare: %s: -0x%04x\n", what, (unsigned)-rc);
	exit(1);
}

static int bio_send(void *ctx, const unsigned char *src, size_t len)
{
	const struct conn *c = ctx;
	ssize_t n = send(c->fd, src, len, MSG_NOSIGNAL);

	return n > 0 ? (int)n : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int bio_recv(void *ctx, unsigned char *dst, size_t cap)
{
	struct conn *c = ctx;
	size_t n = c->n_in - c->taken;

	if (n == 0) {
		ssize_t got = recv(c->fd, c->in, sizeof(c->in), 0);

		if (got <= 0)
			return got == 0 ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
		c->n_in = n = (size_t)got;
		c->taken = 0;
	}
	if (n > cap)
		n = cap;
	memcpy(dst, c->in + c->taken, n);
	c->taken += n;
	return (int)n;
}

/* The newest one; it can be resumed once. */
static void save(struct conn *c)
{
	mbedtls_ssl_session_free(&saved);
	mbedtls_ssl_session_init(&saved);
	has_saved = mbedtls_ssl_get_session(&c->ssl, &saved) == 0;
}

static void open_conn(struct conn *c)
{
	int rc;

	c->n_in = c->taken = 0;
	c->fd = loopback_connect(run.port);
	if (c->fd < 0 || fcntl(c->fd, F_SETFL, 0) != 0)
		die("connect", 0);
	mbedtls_ssl_init(&c->ssl);
	rc = mbedtls_ssl_setup(&c->ssl, tlsconf_ssl(run.conf));
	if (rc == 0)
		rc = mbedtls_ssl_set_hostname(&c->ssl, run.name);
	if (rc == 0 && run.resumes && has_saved)
		rc = mbedtls_ssl_set_session(&c->ssl, &saved);
	mbedtls_ssl_set_bio(&c->ssl, c, bio_send, bio_recv, NULL);
	if (rc == 0)
		rc = mbedtls_ssl_handshake(&c->ssl);
	if (rc != 0)
		die("handshake", rc);
	if (run.resumes &&
		strcmp(mbedtls_ssl_get_version(&c->ssl), "TLSv1.3") != 0)
		save(c);
}

static void close_conn(struct conn *c)
{
	mbedtls_ssl_close_notify(&c->ssl);
	mbedtls_ssl_free(&c->ssl);
	close(c->fd);
}

static int read_some(struct conn *c, char *dst, size_t cap)
{
	for (;;) {
		int rc = mbedtls_ssl_read(&c->ssl, (unsigned char *)dst, cap);

		if (tlsconf_is_ticket(rc)) {
			if (run.resumes)
				save(c);
		} else if (rc != MBEDTLS_ERR_SSL_WANT_READ) {
			return rc;
		}
	}
}

/* Up to the last chunk, which has no bytes. */
static void ask(struct conn *c, const char *path, const char *type)
{
	static const char last[] = "\r\n0\r\n\r\n";
	char text[4096];
	size_t used = 0;
	int len = snprintf(text, sizeof(text),
		"GET %s HTTP/1.1\r\n"
		"Host: %s\r\n"
		"User-Agent: bare\r\n"
		"Accept: %s\r\n\r\n",
		path, run.name, type);
	int rc = mbedtls_ssl_write(
		&c->ssl, (const unsigned char *)text, (size_t)len);

	if (rc != len)
		die("write", rc);
	do {
		rc = read_some(c, text + used, sizeof(text) - 1 - used);
		if (rc <= 0)
			die("read", rc);
		used += (size_t)rc;
		text[used] = '\0';
	} while (strstr(text, last) == NULL);
	if (strncmp(text, "HTTP/1.1 200 ", 13) != 0)
		die("answer", 0);
}

static void probe(void)
{
	struct conn c;

	open_conn(&c);
	ask(&c, "/status/v1/simple", "text/plain");
	if (run.twice)
		ask(&c, "/status/v1/services/jruby-metrics?level=debug",
			"application/json");
	close_conn(&c);
}

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return 1e6 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double probes_us(long count)
{
	double before;

	probe();
	before = cpu_us();
	for (long i = 0; i < count; i++) {
		usleep(run.pause_us);
		probe();
	}
	return cpu_us() - before;
}

static void load(char **paths, int n)
{
	struct tlsconf_files files = { .ca = paths[0],
		.crl = paths[1],
		.cert = n > 2 ? paths[2] : NULL,
		.key = n > 2 ? paths[3] : NULL };
	struct tlsconf_report report;

	if (tlsconf_global_init() != 0)
		die("mbedTLS", 0);
	if (tlsconf_load(&run.conf, &files, &report) != TLSCONF_OK)
		die(report.error, 0);
}

int main(int argc, char **argv)
{
	char version[32];
	long count;

	if (argc == 1) {
		mbedtls_version_get_string_full(version);
		puts(version);
		return 0;
	}
	if (argc != 8 && argc != 10) {
		fputs("usage: bare PORT HOW COUNT PAUSE_MS NAME CA CRL "
		      "[CERTIFICATE KEY]\n",
			stderr);
		return 2;
	}
	run.port = (unsigned)strtoul(argv[1], NULL, 10);
	run.twice = strcmp(argv[2], "twice") == 0;
	run.resumes = run.twice || strcmp(argv[2], "resumed") == 0;
	count = strtol(argv[3], NULL, 10);
	run.pause_us = (useconds_t)strtoul(argv[4], NULL, 10) * 1000;
	run.name = argv[5];
	mbedtls_ssl_session_init(&saved);
	load(argv + 6, argc - 6);
	printf("%.1f\n", probes_us(count) / (double)count);
	return 0;
}
