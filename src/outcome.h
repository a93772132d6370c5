#ifndef OUTCOME_H
#define OUTCOME_H

/*
 * Every way that a probe can end: one word and one sentence.  Log, replies,
 * and the manual page (usherd(8), DIAGNOSTICS) all use this list.
 *
 * The effect says what a way of ending does to the verdict; health.h has the
 * rules.
 */
enum effect {
	EFFECT_NOTHING,  /* says nothing about the server */
	EFFECT_GOOD,     /* alive */
	EFFECT_SLOW,     /* alive, perhaps: busy or hung */
	EFFECT_DEAD,     /* "fail" after `fall` of them */
	EFFECT_ABSENT,   /* "down" after `fall` of them */
	EFFECT_STARTING, /* "down" at once */
	EFFECT_STOPPING, /* "drain" at once */
};

#define OUTCOMES(X) \
	X(OK, "ok", GOOD, "in service") \
	X(FORBIDDEN, "forbidden", GOOD, \
		"alive, but its auth.conf forbids the status page (403)") \
	X(BUSY, "busy", SLOW, "connected, but no answer in time") \
	X(UNKNOWN, "unknown", SLOW, "server says unknown") \
	X(STARTING, "starting", STARTING, "starting") \
	X(STOPPING, "stopping", STOPPING, "stopping") \
	X(NOTFOUND, "notfound", ABSENT, "starting: no status page (404)") \
	X(ERROR, "error", DEAD, "server says error") \
	X(REFUSED, "refused", DEAD, "connection refused") \
	X(TIMEOUT, "timeout", DEAD, "no connection in time") \
	X(UNREACHABLE, "unreachable", DEAD, "no route to server") \
	X(RESET, "reset", DEAD, "connection closed by server") \
	X(DNS, "dns", DEAD, "host name not found") \
	X(TLS, "tls", DEAD, "TLS handshake failed") \
	X(CERT, "cert", DEAD, "certificate not trusted") \
	X(EXPIRED, "expired", DEAD, "certificate out of date") \
	X(REVOKED, "revoked", DEAD, "certificate revoked") \
	X(NAME, "name", DEAD, "certificate is for another name") \
	X(CRL, "crl", DEAD, "no valid CRL for the certificate") \
	X(HTTP, "http", DEAD, "unexpected HTTP answer") \
	X(INTERNAL, "internal", NOTHING, "usherd could not probe")

enum outcome {
#define X(id, word, effect, sentence) OUTCOME_##id,
	OUTCOMES(X)
#undef X
};

enum { OUTCOMES_N = OUTCOME_INTERNAL + 1 };

const char *outcome_word(enum outcome o);
const char *outcome_sentence(enum outcome o);
enum effect outcome_effect(enum outcome o);

/*
 * 1 when nothing listens there, so nothing runs there; else 0.  No connection
 * in time is no proof: a full queue looks the same.
 */
int outcome_closed(enum outcome o);

#endif
