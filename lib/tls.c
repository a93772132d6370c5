/*
 * Life of a session: a handshake until TLS_OK, then tls_write(), then
 * tls_read() until AGAIN, EOF or FAIL, with what comes from the peer fed in
 * between.  A failure is final: every later call says TLS_FAIL again, since
 * mbedTLS must not be asked for anything after one.
 */
#include "tls.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/x509_crt.h>
#include <uv.h>

#include "certs.h"
#include "text.h"

enum {
	IN_MAX = 256 * 1024,
	OUT_MAX = 256 * 1024,
};

/* What mbedTLS gives for a session that has verified nothing yet. */
#define FLAGS_UNSET 0xFFFFFFFFu

struct tls_saved {
	mbedtls_ssl_session session;
};

/* --- what mbedTLS calls --- */

static int bio_recv(void *ctx, unsigned char *dst, size_t cap)
{
	struct tls *t = ctx;
	size_t left = t->in.len - t->taken;
	size_t n = left < cap ? left : cap;

	if (n > INT_MAX)
		n = INT_MAX;
	if (n == 0 && t->in_eof)
		return 0;
	if (n == 0) {
		t->starved = true;
		return MBEDTLS_ERR_SSL_WANT_READ;
	}
	memcpy(dst, t->in.data + t->taken, n);
	t->taken += n;
	return (int)n;
}

/* Never WANT_WRITE: so mbedtls_ssl_write() need not be repeated. */
static int bio_send(void *ctx, const unsigned char *src, size_t len)
{
	struct tls *t = ctx;

	if (len > INT_MAX)
		len = INT_MAX;
	if (buf_append(&t->out, src, len) != 0)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return (int)len;
}

static void show_name(char dst[TLS_NAME_MAX], const mbedtls_x509_name *name)
{
	char text[1024];

	if (mbedtls_x509_dn_gets(text, sizeof(text), name) < 0)
		text_format(text, sizeof(text), "(a name too long to show)");
	text_format(dst, TLS_NAME_MAX, "%s", text);
	text_printable(dst, strlen(dst));
}

/* Here since mbedTLS may be built to forget it once the handshake is over. */
static void keep_peer(struct tls *t, const mbedtls_x509_crt *crt)
{
	t->has_peer = true;
	show_name(t->peer.subject, &crt->subject);
	show_name(t->peer.issuer, &crt->issuer);
	t->peer.not_after_s = certs_time(&crt->valid_to);
}

/* Flags that are set here fail the handshake like mbedTLS' own. */
static int on_verify(
	void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls *t = ctx;
	int rc = tlsconf_verify(t->conf, crt, depth, flags);

	t->verified++;
	if (depth == 0)
		keep_peer(t, crt);
	t->flags |= *flags;
	return rc;
}

/* --- life --- */

int tls_init(struct tls *t, struct tlsconf *conf, const char *host,
	const struct tls_saved *resume)
{
	int rc;

	/* Without a name mbedTLS 2.28 takes any certificate of the CA. */
	if (host == NULL || host[0] == '\0')
		return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
	*t = (struct tls){ .out = BUF_INIT(OUT_MAX), .in = BUF_INIT(IN_MAX) };
	mbedtls_ssl_init(&t->ssl);
	rc = mbedtls_ssl_setup(&t->ssl, tlsconf_ssl(conf));
	if (rc == 0)
		rc = mbedtls_ssl_set_hostname(&t->ssl, host);
	if (rc == 0 && resume != NULL)
		rc = mbedtls_ssl_set_session(&t->ssl, &resume->session);
	if (rc != 0) {
		mbedtls_ssl_free(&t->ssl);
		return rc;
	}
	mbedtls_ssl_set_verify(&t->ssl, on_verify, t);
	mbedtls_ssl_set_bio(&t->ssl, t, bio_send, bio_recv, NULL);
	t->conf = tlsconf_ref(conf);
	return 0;
}

void tls_free(struct tls *t)
{
	mbedtls_ssl_free(&t->ssl);
	tls_saved_free(t->fresh);
	t->fresh = NULL;
	buf_free(&t->in);
	buf_free(&t->out);
	tlsconf_unref(t->conf);
	t->conf = NULL;
}

int tls_feed(struct tls *t, const void *data, size_t len)
{
	/* Here, since records may be many and small. */
	buf_consume(&t->in, t->taken);
	t->taken = 0;
	if (!t->done && len > IN_MAX - t->shaken)
		return UV_ENOBUFS;
	if (!t->done)
		t->shaken += len;
	return buf_append(&t->in, data, len);
}

void tls_feed_eof(struct tls *t)
{
	t->in_eof = true;
}

/* --- sessions for resumption --- */

/* To have none only costs a full handshake. */
static void save_session(struct tls *t)
{
	struct tls_saved *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return;
	mbedtls_ssl_session_init(&s->session);
	if (mbedtls_ssl_get_session(&t->ssl, &s->session) != 0) {
		tls_saved_free(s);
		return;
	}
	tlsconf_forget_peer(&s->session);
	tls_saved_free(t->fresh);
	t->fresh = s;
}

struct tls_saved *tls_take_saved(struct tls *t)
{
	struct tls_saved *s = t->fresh;

	t->fresh = NULL;
	return s;
}

void tls_saved_free(struct tls_saved *s)
{
	if (s == NULL)
		return;
	mbedtls_ssl_session_free(&s->session);
	free(s);
}

/* --- steps --- */

static enum tls_status fail(struct tls *t, int rc)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(&t->ssl);

	if (!t->done && flags != FLAGS_UNSET)
		t->flags |= flags;
	t->err = rc;
	return TLS_FAIL;
}

/*
 * Whether the same call must be made again at once.  WANT_READ does not say
 * that `in` is empty: after a ticket, mbedTLS 3.6 returns it with the answer
 * still there, and no event would announce that.
 */
static bool again(struct tls *t, int rc)
{
	if (tlsconf_is_ticket(rc)) {
		save_session(t);
		return true;
	}
	return rc == MBEDTLS_ERR_SSL_WANT_READ && !t->starved;
}

/* As mbedtls_ssl_handshake(), up to where it begins to compute. */
static int light_steps(mbedtls_ssl_context *ssl)
{
	int rc = 0;

	while (rc == 0 && tlsconf_next(ssl) == TLSCONF_NEXT_LIGHT)
		rc = mbedtls_ssl_handshake_step(ssl);
	return rc;
}

static enum tls_status shake(
	struct tls *t, int (*steps)(mbedtls_ssl_context *ssl))
{
	int rc;

	if (t->err != 0)
		return TLS_FAIL;
	if (t->done)
		return TLS_OK;
	do {
		t->starved = false;
		rc = steps(&t->ssl);
	} while (again(t, rc));
	if (rc == MBEDTLS_ERR_SSL_WANT_READ)
		return TLS_AGAIN;
	if (rc != 0)
		return fail(t, rc);
	t->done = tlsconf_next(&t->ssl) == TLSCONF_NEXT_NOTHING;
	t->heavy = !t->done;
	if (t->heavy)
		return TLS_HEAVY;
	/* In TLS 1.3 what can be resumed is the ticket that comes later. */
	if (strcmp(tls_version(t), "TLSv1.3") != 0)
		save_session(t);
	return TLS_OK;
}

enum tls_status tls_handshake_light(struct tls *t)
{
	return t->heavy && t->err == 0 ? TLS_HEAVY : shake(t, light_steps);
}

enum tls_status tls_handshake(struct tls *t)
{
	return shake(t, mbedtls_ssl_handshake);
}

enum tls_status tls_read(struct tls *t, void *dst, size_t cap, size_t *len)
{
	int rc;

	assert(t->done && cap > 0);
	*len = 0;
	if (t->err != 0)
		return TLS_FAIL;
	do {
		t->starved = false;
		rc = mbedtls_ssl_read(&t->ssl, dst, cap);
	} while (again(t, rc));
	if (rc > 0) {
		*len = (size_t)rc;
		return TLS_OK;
	}
	switch (rc) {
	case MBEDTLS_ERR_SSL_WANT_READ:
		return TLS_AGAIN;
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return TLS_EOF;
	case 0:
		return fail(t, MBEDTLS_ERR_SSL_CONN_EOF);
	}
	return fail(t, rc);
}

enum tls_status tls_write(struct tls *t, const void *src, size_t len)
{
	const unsigned char *at = src;

	assert(t->done);
	if (t->err != 0)
		return TLS_FAIL;
	while (len > 0) {
		int rc = mbedtls_ssl_write(&t->ssl, at, len);

		if (rc <= 0)
			return fail(t, rc < 0 ? rc : MBEDTLS_ERR_SSL_CONN_EOF);
		at += rc;
		len -= (size_t)rc;
	}
	return TLS_OK;
}

void tls_close(struct tls *t)
{
	if (t->done && t->err == 0)
		mbedtls_ssl_close_notify(&t->ssl);
}

/* --- for people --- */

bool tls_resumed(const struct tls *t)
{
	return t->done && t->verified == 0;
}

bool tls_certificate(const struct tls *t, struct tls_certificate *c)
{
	if (t->has_peer)
		*c = t->peer;
	return t->has_peer;
}

const char *tls_version(const struct tls *t)
{
	return mbedtls_ssl_get_version(&t->ssl);
}
