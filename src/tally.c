#include "tally.h"

const double tally_bounds[TALLY_BOUNDS] = { 0.001, 0.003, 0.01, 0.03, 0.1, 0.3,
	1, 3, 10 };

static void note(struct tally *t, enum tally_step step, uint64_t ms)
{
	struct tally_times *times = &t->steps[step];
	unsigned i = 0;

	while (i < TALLY_BOUNDS && (double)ms > tally_bounds[i] * 1000)
		i++;
	times->counts[i]++;
	times->sum_ms += ms;
}

static uint64_t span(uint64_t from_ms, uint64_t to_ms)
{
	return to_ms > from_ms ? to_ms - from_ms : 0;
}

/* On the same host a step may take 0 ms: what was reached is seen elsewhere. */
void tally_probe(struct tally *t, const struct probed *p)
{
	t->outcomes[p->outcome]++;
	note(t, TALLY_TOTAL, p->total_ms);
	if (*p->peer != '\0')
		note(t, TALLY_CONNECT, p->connected_ms);
	if (p->tls_version != NULL) {
		note(t, TALLY_TLS, span(p->connected_ms, p->secured_ms));
		t->full += !p->resumed;
		t->resumed += p->resumed;
	}
	if (p->code != 0)
		note(t, TALLY_ANSWER, span(p->secured_ms, p->answered_ms));
	if (p->cert.not_after_s != 0)
		t->cert_not_after_s = p->cert.not_after_s;
}

const char *tally_step_name(enum tally_step step)
{
	static const char *const names[] = {
		[TALLY_CONNECT] = "connect",
		[TALLY_TLS] = "tls",
		[TALLY_ANSWER] = "answer",
		[TALLY_TOTAL] = "total",
	};

	return names[step];
}
