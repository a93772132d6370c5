/*
 * Prints what becomes of every policy in every scenario: `make sim`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "room.h"
#include "table.h"
#include "world.h"

enum { SEED = 1 };

static const unsigned farms[] = { 3, 30, 300 };
enum { FARMS = sizeof(farms) / sizeof(*farms) };

static void run(struct row *rows, unsigned servers)
{
	for (size_t s = 0; s < scenarios_n; s++)
		for (size_t p = 0; p < policies_n; p++) {
			struct world_case c = { servers, &scenarios[s],
				&policies[p], SEED };
			struct figures f;

			world_run(&c, &f);
			table_row(&rows[s * policies_n + p], &policies[p], &f);
			figures_free(&f);
		}
}

static const char legend[] =
	"Made by `make sim`.  Waits are those of catalog requests for a\n"
	"JRuby, in seconds.\n"
	"failed     runs that did not get all that they asked for\n"
	"away       requests sent away with a 503\n"
	"moved      catalogs made by another server than the hash's choice\n"
	"least      the sum of all weights at the worst moment\n"
	"reversals  how often a percentage turned round, per server and "
	"minute\n"
	"most       the same, of one server in one minute\n";

int main(void)
{
	const size_t each = scenarios_n * policies_n;
	struct row *rows = room_new(FARMS * each, sizeof(*rows));

	for (size_t i = 0; i < FARMS; i++)
		run(&rows[i * each], farms[i]);
	puts("<!-- begin: made by `make sim` -->");
	for (size_t i = 0; i < FARMS; i++)
		table_overview(stdout, farms[i], &rows[i * each]);
	puts("\n<!-- end -->");
	fputs(legend, stdout);
	for (size_t i = 0; i < FARMS; i++)
		for (size_t s = 0; s < scenarios_n; s++)
			table_print(stdout, &scenarios[s], farms[i],
				&rows[i * each + s * policies_n]);
	free(rows);
	return 0;
}
