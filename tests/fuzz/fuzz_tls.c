/*
 * A TLS session with a peer that changes, drops, doubles and cuts its records.
 * With a changed handshake none comes about; what is read is what was sent.
 *
 * The first byte says whether a session is resumed and in what pieces bytes
 * come, four more each what befalls a record: which, how, where, with what.
 */
#include "fuzz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#include "../unit/pki.h"

enum {
	HEAD = 5,
	HANDSHAKE = 22, /* a record's types */
	DATA = 23,
	RECORDS_MAX = 32,
	TURNS_MAX = 4096,
};

enum deed {
	FLIP,
	CUT,
	DROP,
	DOUBLE,
	RETYPE,
	RELENGTH,
	INSERT,
	REPLACE,
	LATER, /* after the next */
	DEEDS,
};

static const char said[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
			   "running";

/* In place of mbedTLS's own, so that what happened happens again. */
int mbedtls_entropy_func(void *data, unsigned char *dst, size_t len)
{
	static unsigned char next;

	(void)data;
	for (size_t i = 0; i < len; i++)
		dst[i] = next++;
	return 0;
}

static struct pki_server server;
static struct tlsconf *conf;
static struct tls_saved *saved;

struct peer {
	struct pki_link link;
	struct buf wire;  /* what is on its way to the client */
	struct buf later; /* a record that comes after the next */
	const uint8_t *deeds;
	size_t n_deeds;
	size_t records;
	size_t step;
	bool spoilt; /* the handshake is not as the server made it */
};

static void add(struct peer *p, const void *data, size_t len)
{
	assert(buf_append(&p->wire, data, len) == 0);
}

/* Deeds that leave no handshake that both ends agree on. */
static void spoil(struct peer *p, unsigned type)
{
	if (type == HANDSHAKE || type == DATA)
		p->spoilt = p->spoilt || !p->link.client.done;
}

static void do_it(struct peer *p, unsigned char *record, size_t len,
	const uint8_t deed[4])
{
	size_t at = HEAD + deed[2] * (len - HEAD) / 256;
	unsigned type = record[0];

	switch (deed[1] % DEEDS) {
	case FLIP:
		record[at] ^= deed[3] | 1;
		add(p, record, len);
		spoil(p, type);
		break;
	case CUT:
		record[3] = (unsigned char)((at - HEAD) >> 8);
		record[4] = (unsigned char)(at - HEAD);
		add(p, record, at);
		spoil(p, type);
		break;
	case DROP:
		spoil(p, type);
		break;
	case DOUBLE:
		add(p, record, len);
		add(p, record, len);
		break;
	case RETYPE:
		record[0] ^= deed[3] | 1;
		add(p, record, len);
		spoil(p, type);
		break;
	case RELENGTH:
		record[3 + deed[2] % 2] ^= deed[3] | 1;
		add(p, record, len);
		spoil(p, type);
		break;
	case INSERT:
		add(p, p->deeds, 4 * p->n_deeds);
		add(p, record, len);
		break;
	case REPLACE:
		add(p, p->deeds, 4 * p->n_deeds);
		spoil(p, type);
		break;
	case LATER:
		assert(buf_append(&p->later, record, len) == 0);
		break;
	}
}

static void pass_record(struct peer *p, unsigned char *record, size_t len)
{
	for (size_t i = 0; i < p->n_deeds; i++) {
		const uint8_t *deed = p->deeds + 4 * i;

		if (deed[0] % RECORDS_MAX == p->records && len > HEAD) {
			do_it(p, record, len, deed);
			p->records++;
			return;
		}
	}
	add(p, record, len);
	if (p->later.len > 0)
		add(p, p->later.data, p->later.len);
	buf_consume(&p->later, p->later.len);
	p->records++;
}

/* What the server has written, record by record. */
static void pass(struct peer *p)
{
	struct buf *from = &p->link.to_client;

	while (from->len >= HEAD) {
		unsigned char *record = (unsigned char *)from->data;
		size_t len = HEAD + ((size_t)record[3] << 8) + record[4];

		assert(from->len >= len);
		pass_record(p, record, len);
		buf_consume(from, len);
	}
}

/* Both ways; whether anything went. */
static bool carry(struct peer *p)
{
	struct buf *out = &p->link.client.out;
	size_t up = out->len, down;

	assert(buf_append(&p->link.to_server, out->data, up) == 0);
	buf_consume(out, up);
	if (p->link.server_done)
		p->link.server_rc = 0;
	else if (p->link.server_rc == 0 ||
		p->link.server_rc == MBEDTLS_ERR_SSL_WANT_READ)
		p->link.server_rc = mbedtls_ssl_handshake(&p->link.server);
	p->link.server_done = p->link.server_rc == 0;
	pass(p);
	down = p->wire.len < p->step ? p->wire.len : p->step;
	if (down > 0 && tls_feed(&p->link.client, p->wire.data, down) != 0)
		return false;
	buf_consume(&p->wire, down);
	return up + down > 0;
}

static enum tls_status shake(struct peer *p)
{
	enum tls_status st = TLS_AGAIN;

	for (int i = 0; i < TURNS_MAX && st == TLS_AGAIN; i++) {
		st = pki_client_handshake(&p->link);
		if (!carry(p) && st == TLS_AGAIN)
			break;
	}
	return st;
}

/* Nothing but the beginning of what was said comes out. */
static void hear(struct peer *p)
{
	char got[2 * sizeof(said)];
	enum tls_status st;
	size_t used = 0, n;

	for (int i = 0; i < TURNS_MAX && used < sizeof(got); i++) {
		st = tls_read(
			&p->link.client, got + used, sizeof(got) - used, &n);
		used += st == TLS_OK ? n : 0;
		if (st != TLS_OK && (st != TLS_AGAIN || !carry(p)))
			break;
	}
	assert(used <= strlen(said) && memcmp(got, said, used) == 0);
	assert(used == strlen(said) || p->n_deeds > 0);
}

static void talk(struct peer *p)
{
	size_t len = strlen(said);
	enum tls_status st = shake(p);

	assert(st != TLS_OK || !p->spoilt);
	assert(st == TLS_OK || p->n_deeds > 0);
	if (st != TLS_OK)
		return;
	for (int i = 0; i < TURNS_MAX && !p->link.server_done; i++)
		if (!carry(p))
			return;
	if (mbedtls_ssl_write(&p->link.server, (const unsigned char *)said,
		    len) == (int)len)
		hear(p);
}

static void open_world(void)
{
	struct peer p = { .step = SIZE_MAX };

	if (conf != NULL)
		return;
	pki_server_open(&server, PKI("server.pem"));
	conf = pki_good_conf();
	p.wire = BUF_INIT(1 << 20);
	pki_link_open(&p.link, &server, conf, "localhost", NULL, 1);
	talk(&p);
	saved = tls_take_saved(&p.link.client);
	assert(saved != NULL);
	pki_link_close(&p.link);
	buf_free(&p.wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct peer p = { .wire = BUF_INIT(1 << 20),
		.later = BUF_INIT(1 << 20) };

	open_world();
	if (len == 0)
		return 0;
	p.step = data[0] >> 1 == 0 ? SIZE_MAX : data[0] >> 1;
	p.deeds = data + 1;
	p.n_deeds = (len - 1) / 4;
	pki_link_open(&p.link, &server, conf, "localhost",
		data[0] & 1 ? saved : NULL, 1);
	talk(&p);
	pki_link_close(&p.link);
	buf_free(&p.wire);
	buf_free(&p.later);
	return 0;
}
