#include "probed.h"

#include <string.h>

#include "text.h"

static void say_missing(
	struct probed *p, enum probed_figures figures, const char *why)
{
	p->figures = figures;
	text_format(p->figures_detail, sizeof(p->figures_detail), "%s", why);
}

static void read_figures(struct probed *p, const struct probe_report *r)
{
	static const enum probed_figures missing[] = {
		[PROBE_NOT_SENT] = PROBED_NO_FIGURES,
		[PROBE_SENT] = PROBED_CUT_FIGURES,
		[PROBE_OVER_LIMIT] = PROBED_OVERSIZE_FIGURES,
	};
	const struct probe_answer *second = &r->answers[1];
	char status[sizeof("HTTP status ") + 16];

	if (second->code == 200) {
		if (jruby_read(&p->jruby, second->body, second->body_len) == 0)
			p->figures = PROBED_FIGURES;
		else
			say_missing(p, PROBED_NO_FIGURES,
				"the answer is not what Puppet Server writes");
	} else if (second->code != 0) {
		text_format(
			status, sizeof(status), "HTTP status %d", second->code);
		say_missing(p, PROBED_NO_FIGURES, status);
	} else if (*r->second_detail != '\0') {
		say_missing(p, missing[r->second], r->second_detail);
	}
}

void probed_read(
	struct probed *p, enum puppet_check check, const struct probe_report *r)
{
	const struct probe_answer *first = &r->answers[0];

	p->outcome = r->outcome;
	if (r->outcome == OUTCOME_OK)
		p->outcome = puppet_outcome(
			check, first->code, first->body, first->body_len);
	text_format(p->detail, sizeof(p->detail), "%s", r->detail);
	p->code = first->code;
	memcpy(p->peer, r->peer, sizeof(p->peer));
	p->tls_version = r->tls_version;
	p->resumed = r->resumed != 0;
	p->cert = r->cert;
	p->connected_ms = r->connected_ms;
	p->secured_ms = r->secured_ms;
	p->answered_ms = r->answered_ms;
	p->total_ms = r->ended_ms;
	p->figures = PROBED_NOT_ASKED;
	read_figures(p, r);
}
