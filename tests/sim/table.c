#include "table.h"

enum { SECONDS_PER_MINUTE = 60 };

static double seconds(uint32_t ms)
{
	return ms / 1000.0;
}

void table_row(
	struct row *r, const struct policy *policy, const struct figures *f)
{
	const size_t from = SCENARIO_WARM_MS / 1000;
	double minutes = (double)f->n_shares / SECONDS_PER_MINUTE;

	r->policy = policy;
	r->failed = f->failed;
	r->sent_away = f->sent_away;
	r->p50_ms = figures_wait_ms(f, 500);
	r->p99_ms = figures_wait_ms(f, 990);
	r->longest_ms = figures_wait_ms(f, 1000);
	r->runs = f->n;
	r->moved = f->n == 0 ? 0 : (unsigned)(f->moved * 100 / f->n);
	r->least = figures_least_share(f, from, f->n_shares);
	r->reversals = (double)f->reversals / f->servers / minutes;
	r->most_reversals = f->most_reversals;
}

/* What does not apply is a dash. */
static void print_row(FILE *out, const struct row *r)
{
	fprintf(out, "  %-32s %7.1f %7.1f %8.1f %7zu %7zu", r->policy->name,
		seconds(r->p50_ms), seconds(r->p99_ms), seconds(r->longest_ms),
		r->failed, r->sent_away);
	if (r->policy->balance == BALANCE_SOURCE)
		fprintf(out, " %6u%%", r->moved);
	else
		fprintf(out, " %7s", "-");
	fprintf(out, " %6.1f%%", r->least / 10.0);
	if (r->policy->mode == WEIGHT_JRUBY)
		fprintf(out, " %9.1f %5u", r->reversals, r->most_reversals);
	else
		fprintf(out, " %9s %5s", "-", "-");
	fputc('\n', out);
}

void table_print(FILE *out, const struct scenario *scenario, unsigned servers,
	const struct row *rows)
{
	fprintf(out, "\n%u servers, %s: %s\n%zu catalogs\n", servers,
		scenario->name, scenario->text, rows[0].runs);
	fprintf(out, "  %-32s %7s %7s %8s %7s %7s %7s %7s %9s %5s\n", "", "p50",
		"p99", "longest", "failed", "away", "moved", "least",
		"reversals", "most");
	for (size_t i = 0; i < policies_n; i++)
		print_row(out, &rows[i]);
}

/* "0.4", "3.1", "17", "282": what one can still feel. */
static void print_seconds(FILE *out, const char *before, uint32_t ms)
{
	fprintf(out, "%s%.*f", before, ms >= 50 && ms < 9950 ? 1 : 0,
		seconds(ms));
}

void table_overview(FILE *out, unsigned servers, const struct row *rows)
{
	fprintf(out, "\n%u servers:\n\n| |", servers);
	for (size_t i = 0; i < scenarios_n; i++)
		fprintf(out, " %s |", scenarios[i].name);
	fputs("\n|---|", out);
	for (size_t i = 0; i < scenarios_n; i++)
		fputs("---|", out);
	for (size_t p = 0; p < policies_n; p++) {
		fprintf(out, "\n| %s |", policies[p].name);
		for (size_t s = 0; s < scenarios_n; s++) {
			const struct row *r = &rows[s * policies_n + p];

			print_seconds(out, " ", r->p50_ms);
			print_seconds(out, " / ", r->p99_ms);
			if (r->failed > 0)
				fprintf(out, " (%zu)", r->failed);
			fputs(" |", out);
		}
	}
	fputc('\n', out);
}
