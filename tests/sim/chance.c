#include "chance.h"

/* Each 32nd of the catalogs takes between one of these and the next. */
static const uint32_t catalogs_ms[] = { 750, 950, 1200, 1390, 1560, 1730, 1880,
	2030, 2180, 2330, 2490, 2640, 2800, 2960, 3140, 3310, 3500, 3700, 3910,
	4130, 4370, 4640, 4930, 5250, 5610, 6030, 6510, 7100, 7830, 8810, 10240,
	12890, 21600 };

static uint64_t next(struct chance *c)
{
	c->state ^= c->state >> 12;
	c->state ^= c->state << 25;
	c->state ^= c->state >> 27;
	return c->state * 0x2545f4914f6cdd1d;
}

struct chance chance_of(uint64_t seed, uint64_t number)
{
	struct chance c = { (seed + 1) * 0x9e3779b97f4a7c15 ^
		(number + 1) * 0xbf58476d1ce4e5b9 };

	if (c.state == 0)
		c.state = 1;
	/* Neighbours begin alike. */
	for (int i = 0; i < 4; i++)
		next(&c);
	return c;
}

uint32_t chance_below(struct chance *c, uint32_t n)
{
	return (uint32_t)((next(c) >> 32) * n >> 32);
}

uint32_t chance_between(struct chance *c, uint32_t low, uint32_t high)
{
	return low + chance_below(c, high - low + 1);
}

uint32_t chance_catalog_ms(struct chance *c)
{
	const uint32_t parts = sizeof(catalogs_ms) / sizeof(*catalogs_ms) - 1;
	const uint32_t *of = &catalogs_ms[chance_below(c, parts)];

	return chance_between(c, of[0], of[1]);
}
