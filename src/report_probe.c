#include "report.h"

#include <string.h>
#include <time.h>

#include "paper.h"

/* What a step took: from the end of the one before to its own. */
static unsigned long long span(uint64_t from_ms, uint64_t to_ms)
{
	return to_ms > from_ms ? to_ms - from_ms : 0;
}

static void print_certificate(
	struct paper *p, const struct tls_certificate *cert)
{
	char until[sizeof("2026-01-31")] = "";
	time_t t = cert->not_after_s;
	struct tm tm;

	if (*cert->subject == '\0')
		return;
	if (gmtime_r(&t, &tm) != NULL)
		strftime(until, sizeof(until), "%Y-%m-%d", &tm);
	paper_line(p, 4, "certificate           %s, of %s, valid until %s",
		cert->subject, cert->issuer, until);
}

static void print_steps(struct paper *p, const struct probed *last)
{
	paper_line(p, 4, "resolve     %5llu ms  (the last look-up)",
		(unsigned long long)last->resolved_ms);
	if (*last->peer != '\0')
		paper_line(p, 4, "connect     %5llu ms  %s",
			span(0, last->connected_ms), last->peer);
	if (last->tls_version != NULL)
		paper_line(p, 4, "handshake   %5llu ms  %s, %s",
			span(last->connected_ms, last->secured_ms),
			last->tls_version,
			last->resumed ? "resumed, so without the certificate"
				      : "full");
	print_certificate(p, &last->cert);
	if (last->code != 0)
		paper_line(p, 4, "answer      %5llu ms  HTTP status %d",
			span(last->secured_ms, last->answered_ms), last->code);
	paper_line(p, 4, "result      %5llu ms  %s: %s%s%s%s",
		(unsigned long long)last->total_ms, outcome_word(last->outcome),
		outcome_sentence(last->outcome),
		*last->detail != '\0' ? " (" : "", last->detail,
		*last->detail != '\0' ? ")" : "");
}

static void print_jruby(struct paper *p, const struct probed *last)
{
	const struct jruby *j = &last->jruby;

	if (last->figures == PROBED_FIGURES)
		paper_line(p, 4,
			"JRubies     %u, %u free; requests: %u running, %u "
			"waiting",
			j->jrubies, j->free, j->borrowed, j->waiting);
	else if (last->figures != PROBED_NOT_ASKED)
		paper_line(
			p, 4, "JRubies     not seen: %s", last->figures_detail);
}

void report_probed(struct paper *p, const struct probed *last)
{
	print_steps(p, last);
	print_jruby(p, last);
}

static json_t *certificate_json(const struct tls_certificate *cert)
{
	if (*cert->subject == '\0')
		return json_null();
	return json_pack("{ss ss so}", "subject", cert->subject, "issuer",
		cert->issuer, "not_after", paper_time(cert->not_after_s));
}

static json_t *jruby_json(const struct probed *last)
{
	const struct jruby *j = &last->jruby;

	if (last->figures != PROBED_FIGURES)
		return json_null();
	return json_pack("{si si si si}", "jrubies", (int)j->jrubies, "free",
		(int)j->free, "running", (int)j->borrowed, "waiting",
		(int)j->waiting);
}

static json_t *json_text(const char *text)
{
	return text != NULL && *text != '\0' ? json_string(text) : json_null();
}

json_t *report_probed_json(const struct probed *last)
{
	if (last->number == 0)
		return json_null();
	return json_pack("{so ss ss ss si so so sb sI sI sI sI sI so so}",
		"time", paper_time(last->ended_s), "word",
		outcome_word(last->outcome), "text",
		outcome_sentence(last->outcome), "detail", last->detail,
		"http_status", last->code, "peer", json_text(last->peer), "tls",
		json_text(last->tls_version), "resumed", last->resumed,
		"resolve_ms", (json_int_t)last->resolved_ms, "connect_ms",
		(json_int_t)span(0, last->connected_ms), "handshake_ms",
		(json_int_t)span(last->connected_ms, last->secured_ms),
		"answer_ms",
		(json_int_t)span(last->secured_ms, last->answered_ms),
		"total_ms", (json_int_t)last->total_ms, "certificate",
		certificate_json(&last->cert), "jruby", jruby_json(last));
}

static char *probe_text(const struct report *r)
{
	struct paper p;

	if (paper_open(&p, r->width) != 0)
		return NULL;
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];

		paper_line(&p, 0, "%s (%s)", s->name, s->config->address);
		report_probed(&p, s->view.probed);
	}
	return paper_close(&p);
}

static char *probe_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++)
		paper_add(&list,
			json_pack("{ss ss so}", "name", r->servers[i].name,
				"address", r->servers[i].config->address,
				"probe",
				report_probed_json(r->servers[i].view.probed)));
	return paper_json(
		json_pack("{si so so}", "version", JSON_VERSION, "time",
			paper_time(r->now.s), "servers", list),
		JSON_INDENT(1));
}

char *report_probe(const struct report *r)
{
	return (r->flags & COMMAND_JSON) != 0 ? probe_json(r) : probe_text(r);
}
