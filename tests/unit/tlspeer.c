#include "tlspeer.h"

#include <stdlib.h>
#include <string.h>

#include "t.h"

struct tlspeer_conn {
	uv_tcp_t tcp;
	struct tlspeer *peer;
	mbedtls_ssl_context ssl;
	struct buf in, out;
	bool closing;
	char read[4096];
};

struct piece {
	uv_write_t req;
	size_t len;
	char bytes[];
};

static void on_conn_closed(uv_handle_t *h)
{
	struct tlspeer_conn *c = h->data;

	mbedtls_ssl_free(&c->ssl);
	buf_free(&c->in);
	buf_free(&c->out);
	if (c->peer->conn == c)
		c->peer->conn = NULL;
	free(c);
}

static void close_conn(struct tlspeer_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static int bio_recv(void *ctx, unsigned char *dst, size_t cap)
{
	struct tlspeer_conn *c = ctx;
	size_t n = c->in.len < cap ? c->in.len : cap;

	if (n == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	memcpy(dst, c->in.data, n);
	buf_consume(&c->in, n);
	return (int)n;
}

static int bio_send(void *ctx, const unsigned char *src, size_t len)
{
	struct tlspeer_conn *c = ctx;

	assert_int_equal(buf_append(&c->out, src, len), 0);
	return (int)len;
}

static void on_written(uv_write_t *req, int status)
{
	(void)status;
	free(req);
}

static void flush(struct tlspeer_conn *c)
{
	size_t step = c->peer->step > 0 ? c->peer->step : 65536;

	while (c->out.len > 0 && !c->closing) {
		size_t n = c->out.len < step ? c->out.len : step;
		struct piece *p = malloc(sizeof(*p) + n);
		uv_buf_t b = uv_buf_init(p->bytes, (unsigned)n);

		memcpy(p->bytes, c->out.data, n);
		buf_consume(&c->out, n);
		if (uv_write(&p->req, (uv_stream_t *)&c->tcp, &b, 1,
			    on_written) != 0)
			free(p);
	}
}

static void say(struct tlspeer_conn *c, const char *text)
{
	if (text[0] != '\0')
		mbedtls_ssl_write(
			&c->ssl, (const unsigned char *)text, strlen(text));
}

/* What it answers is the test's to say, whatever was asked. */
static void answer(struct tlspeer_conn *c, const char *request, size_t len)
{
	struct tlspeer *p = c->peer;
	unsigned n_answers = p->second != NULL ? 2 : 1;

	assert_true(strlen(p->asked) + len < sizeof(p->asked));
	strncat(p->asked, request, len);
	p->n_asked++;
	if (p->n_asked <= n_answers)
		say(c, p->n_asked == 1 ? p->answer : p->second);
	if (p->way == TLSPEER_ANSWER || p->n_asked < n_answers)
		return;
	if (p->way == TLSPEER_CLOSE)
		mbedtls_ssl_close_notify(&c->ssl);
	flush(c);
	close_conn(c);
}

/* Each request comes in a record of its own. */
static void pump(struct tlspeer_conn *c)
{
	char request[1024];
	int rc = mbedtls_ssl_handshake(&c->ssl);

	while (rc >= 0 && !c->closing && c->peer->way != TLSPEER_MUTE) {
		rc = mbedtls_ssl_read(
			&c->ssl, (unsigned char *)request, sizeof(request));
		if (rc <= 0)
			break;
		answer(c, request, (size_t)rc);
	}
	flush(c);
	if (rc < 0 && rc != MBEDTLS_ERR_SSL_WANT_READ)
		close_conn(c);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct tlspeer_conn *c = h->data;

	(void)hint;
	*b = uv_buf_init(c->read, sizeof(c->read));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct tlspeer_conn *c = s->data;

	if (n < 0) {
		close_conn(c);
		return;
	}
	buf_append(&c->in, b->base, (size_t)n);
	if (n > 0 && c->peer->way >= TLSPEER_ANSWER)
		pump(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
	static const char garbage[] = "SSH-2.0-OpenSSH_9.2\r\n";
	struct tlspeer *p = listener->data;
	struct tlspeer_conn *c = calloc(1, sizeof(*c));

	assert_int_equal(status, 0);
	p->accepted++;
	p->n_asked = 0;
	p->asked[0] = '\0';
	c->peer = p;
	c->in = c->out = BUF_INIT(1 << 20);
	p->conn = c;
	uv_tcp_init(p->loop, &c->tcp);
	c->tcp.data = c;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&c->tcp), 0);
	uv_tcp_nodelay(&c->tcp, 1);
	mbedtls_ssl_init(&c->ssl);
	assert_int_equal(mbedtls_ssl_setup(&c->ssl, &p->tls.conf), 0);
	mbedtls_ssl_set_bio(&c->ssl, c, bio_send, bio_recv, NULL);
	if (p->way == TLSPEER_GARBAGE) {
		buf_append(&c->out, garbage, strlen(garbage));
		flush(c);
	}
	if (p->way == TLSPEER_HANGUP)
		close_conn(c);
	else
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

void tlspeer_open(struct tlspeer *p, uv_loop_t *loop, enum tlspeer_way way,
	const char *answer)
{
	int len = sizeof(p->address);
	struct sockaddr_in any;

	memset(p, 0, sizeof(*p));
	p->way = way;
	p->answer = answer;
	p->loop = loop;
	pki_server_open(&p->tls, PKI("server.pem"));
	uv_tcp_init(loop, &p->listener);
	p->listener.data = p;
	uv_ip4_addr("127.0.0.1", 0, &any);
	uv_tcp_bind(&p->listener, (struct sockaddr *)&any, 0);
	uv_tcp_getsockname(&p->listener, (struct sockaddr *)&p->address, &len);
	if (way != TLSPEER_ABSENT)
		assert_int_equal(uv_listen((uv_stream_t *)&p->listener, 8,
					 on_connection),
			0);
}

void tlspeer_close(struct tlspeer *p)
{
	uv_close((uv_handle_t *)&p->listener, NULL);
	if (p->conn != NULL)
		close_conn(p->conn);
	uv_run(p->loop, UV_RUN_NOWAIT);
	pki_server_close(&p->tls);
}
