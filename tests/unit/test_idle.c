/* Probe after probe, one a second: what is seen, and since when it is idle. */
#include "t.h"

#include "idle.h"

/*
 * A letter for each probe:
 *
 *	i  idle, nothing lent since the one before
 *	l  idle, one lent since then
 *	0  idle, its counter at 0
 *	b  one lent right now, the same for long
 *	w  nobody has one, but somebody waits (a stop, a flush)
 *	n  an answer without figures       a  figures were not asked for
 *	h  HTTP status 503: stopping       s  no answer in time
 *	u  the figures didn't come whole   x  connection refused
 *	t  no connection in time           d  no such name
 *	-  one was due and could not be made
 *
 * What is then known: ? nothing, S figures, B blind, C closed.  And since which
 * probe it is idle, counted from 1; 0 where it is not.
 */
static const struct row {
	const char *what, *probes, *sights, *since;
} rows[] = {
	{ "it is idle", "iiii", "SSSS", "1111" },
	{ "one is lent", "ibbii", "SSSSS", "10044" },
	{ "somebody waits", "iwwii", "SSSSS", "10044" },
	{ "the first is busy", "bii", "SSS", "022" },
	{ "one was lent unseen", "iiliil", "SSSSSS", "110440" },
	{ "lent again and again", "llll", "SSSS", "1000" },
	{ "its JRubies are new", "li000", "SSSSS", "11044" },
	{ "it never worked", "0000", "SSSS", "1111" },
	{ "it went", "iixxx", "SSCCC", "11333" },
	{ "it was never there", "xxx", "CCC", "111" },
	{ "it went while busy", "bbxb", "SSCS", "0030" },
	{ "it came back", "ixx000", "SCCSSS", "122444" },
	{ "it came back with figures of before", "ixi", "SCS", "123" },
	{ "it came back, the name too late", "xdx", "C?C", "103" },
	{ "it came back, but is stopping", "xhhhx", "C??BC", "10005" },
	{ "no connection is not closed", "itttt", "SSSBB", "10000" },
	{ "none at first", "nni", "??S", "003" },
	{ "never any", "nnnnn", "??BBB", "00000" },
	{ "never asked for", "aaaa", "??BB", "0000" },
	{ "they stop to come", "iinnnn", "SSSSBB", "110000" },
	{ "one is missing", "iinii", "SSSSS", "11044" },
	{ "one is missing, one was lent", "iinli", "SSSSS", "11005" },
	{ "two each time", "nninnibnnb", "??SSSSSSSS", "0030060000" },
	{ "they come again", "nnniinnn", "??BSSSSB", "00044000" },
	{ "slow forever", "ssssssss", "????????", "00000000" },
	{ "slow, then idle", "isssssii", "SSSSSSSS", "10000077" },
	{ "cut forever", "uuuuuuuu", "????????", "00000000" },
	{ "cut, then idle", "iuuuuuii", "SSSSSSSS", "10000077" },
	{ "slow in between", "nsnun", "????B", "00000" },
	{ "slow after it went", "xsi", "C?S", "103" },
	{ "blind, then slow", "nnnssi", "??BBBS", "000006" },
	{ "blind, then gone", "nnnxxi", "??BCCS", "000446" },
	{ "none could be made", "-----", "??BBB", "00000" },
	{ "none could be made at first", "---ii", "??BSS", "00044" },
};

static struct probed probed_of(char letter, uint64_t *borrows)
{
	struct probed p = { .outcome = OUTCOME_OK, .figures = PROBED_FIGURES };

	if (letter == 'l')
		++*borrows;
	if (letter == '0')
		*borrows = 0;
	p.jruby.borrowed = letter == 'b';
	p.jruby.waiting = letter == 'w' ? 3 : 0;
	p.jruby.borrow_count = *borrows;
	if (strchr("ilb0w", letter) != NULL)
		return p;
	p.figures = letter == 'n' ? PROBED_NO_FIGURES
		: letter == 'u'   ? PROBED_CUT_FIGURES
				  : PROBED_NOT_ASKED;
	p.outcome = letter == 'h' ? OUTCOME_STOPPING
		: letter == 's'   ? OUTCOME_BUSY
		: letter == 'x'   ? OUTCOME_REFUSED
		: letter == 't'   ? OUTCOME_TIMEOUT
		: letter == 'd'   ? OUTCOME_DNS
				  : OUTCOME_OK;
	return p;
}

static void probe(
	struct idle *i, char letter, uint64_t *borrows, uint64_t now_ms)
{
	struct probed p = probed_of(letter, borrows);

	if (letter == '-')
		idle_unprobed(i, now_ms);
	else
		idle_probe(i, &p, now_ms);
}

static char sight_of(const struct idle *i)
{
	static const char letters[] = { [IDLE_UNKNOWN] = '?',
		[IDLE_SEEN] = 'S',
		[IDLE_BLIND] = 'B',
		[IDLE_CLOSED] = 'C' };

	return letters[i->sight];
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct idle idle = { 0 };
		uint64_t borrows = 7;

		assert_int_equal(strlen(row->probes), strlen(row->sights));
		assert_int_equal(strlen(row->probes), strlen(row->since));
		for (size_t k = 0; row->probes[k] != '\0'; k++) {
			probe(&idle, row->probes[k], &borrows, (k + 1) * 1000);
			if (sight_of(&idle) != row->sights[k] ||
				idle.since_ms / 1000 !=
					(uint64_t)(row->since[k] - '0'))
				fail_msg("%s: probe %zu: %c since %llu",
					row->what, k + 1, sight_of(&idle),
					(unsigned long long)idle.since_ms);
		}
	}
}

/* What is shown while somebody waits. */
static void how_many(void **state)
{
	struct probed p = { .figures = PROBED_FIGURES,
		.jruby = { .borrowed = 4, .waiting = 2, .borrow_count = 9 } };
	struct idle idle = { 0 };

	(void)state;
	idle_probe(&idle, &p, 1000);
	assert_int_equal(idle.running, 4);
	assert_int_equal(idle.waiting, 2);
	p.jruby.borrowed = 0;
	idle_probe(&idle, &p, 2000);
	assert_int_equal(idle.seen_ms, 2000);
	assert_int_equal(idle.running, 0);
	assert_int_equal(idle.waiting, 2);
	assert_int_equal(idle.since_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(how_many),
	};

	return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
