#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>

#include "figures.h"
#include "scenario.h"

/* What came out, as text. */
struct row {
	const struct policy *policy;
	size_t runs, failed, sent_away;
	uint32_t p50_ms, p99_ms, longest_ms; /* waits */
	unsigned moved;                      /* per cent of the catalogs */
	unsigned least;   /* share of all weights, per thousand */
	double reversals; /* of one server in a minute, on the average */
	unsigned most_reversals;
};

void table_row(
	struct row *r, const struct policy *policy, const struct figures *f);

/* One scenario on one farm, all policies; rows[0..policies_n). */
void table_print(FILE *out, const struct scenario *scenario, unsigned servers,
	const struct row *rows);

/* All scenarios, for one farm, as Markdown; rows[scenario][policy]. */
void table_overview(FILE *out, unsigned servers, const struct row *rows);

#endif
