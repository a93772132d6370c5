#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "probe.h"
#include "tls.h"

/*
 * The TLS session that probes of one server resume.  A resumed handshake checks
 * no certificate, so a full one is due every ten minutes; times are those of
 * clock_now_ms().  All zero at first.
 */
enum { SESSION_FULL_MS = 10 * 60 * 1000 };

struct session {
	struct tls_saved *saved; /* NULL: none */
	uint64_t full_ms;        /* the last full handshake */
	bool offered;            /* to the probe under way */
	bool refused;            /* the server has not resumed it */
};

/* For a probe that begins; NULL where a full handshake is due. */
const struct tls_saved *session_offer(struct session *s, uint64_t now_ms);

/* Whether a handshake now is likely to be a full one, which computes. */
bool session_is_costly(const struct session *s, uint64_t now_ms);

/* What the files say now may not be what the probe was started with. */
enum session_files { SESSION_SAME_FILES, SESSION_OTHER_FILES };

/* A probe has ended; takes r->saved over. */
void session_keep(struct session *s, struct probe_report *r,
	enum session_files files, uint64_t now_ms);

void session_forget(struct session *s);

#endif
