#ifndef PROBED_H
#define PROBED_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "jruby.h"
#include "outcome.h"
#include "probe.h"
#include "puppet.h"
#include "tls.h"

enum { PROBED_TEXT_MAX = 256 };

enum probed_figures {
	PROBED_NOT_ASKED,
	PROBED_FIGURES,
	PROBED_NO_FIGURES,  /* the server gives none: `figures_detail` */
	PROBED_CUT_FIGURES, /* they didn't come whole, or in time: likewise */
	PROBED_OVERSIZE_FIGURES, /* over JRUBY_BODY_MAX, likewise */
};

/* What one probe has found, in the terms of a Puppet Server.  Pure. */
struct probed {
	uint64_t number; /* of this server's probes; 0: none has ended */
	int64_t ended_s; /* wall clock */
	enum outcome outcome;
	char detail[PROBED_TEXT_MAX]; /* the facts behind a bad outcome */
	int code;                     /* HTTP status; 0 without an answer */
	char peer[ADDR_TEXT_MAX];     /* "" before it was connected */
	const char *tls_version;      /* NULL before the handshake was over */
	bool resumed;
	struct tls_certificate cert; /* all zero with a resumed handshake */
	uint64_t resolved_ms; /* how long the last look-up of its name took */
	/* Since the probe's start; 0 for what was not reached. */
	uint64_t connected_ms, secured_ms, answered_ms, total_ms;
	enum probed_figures figures;
	struct jruby jruby;
	char figures_detail[PROBED_TEXT_MAX];
};

/* What the answers of a probe that has ended mean; number stays the caller's */
void probed_read(struct probed *p, enum puppet_check check,
	const struct probe_report *r);

#endif
