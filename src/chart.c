#include "chart.h"

#include <stdbool.h>

/* In the units of the drawing; it is scaled as a whole. */
enum {
	LEFT = 2,
	STEP = 3,  /* for each sample */
	CARRY = 4, /* samples; JRubies are seen with each probe only */
	RIGHT = LEFT + TRAIL_SAMPLES * STEP,
	WIDTH = RIGHT + 38, /* labels of the scales stand at the right */
	HIGH = 34,          /* of each panel */
	LABEL = 9,          /* of a scale */
	WEIGHT_TOP = 8,
	WEIGHT_BASE = WEIGHT_TOP + HIGH,
	POOL_TOP = WEIGHT_BASE + 14,
	POOL_BASE = POOL_TOP + HIGH,
	FOOT = 14,
};

/* A value of a sample; TRAIL_UNKNOWN where there is none. */
typedef int (*value_of)(const struct trail_sample *s);

struct panel {
	const struct trail *trail;
	uint64_t now_ms;
	int base;     /* where 0 lies */
	int most;     /* what lies HIGH above it; not 0 */
	size_t carry; /* samples without a value that are bridged */
};

/* --- values --- */

static int weight_of(const struct trail_sample *s)
{
	return s->weight;
}

static int running_of(const struct trail_sample *s)
{
	return s->borrowed;
}

static int all_of(const struct trail_sample *s)
{
	return s->borrowed == TRAIL_UNKNOWN ? TRAIL_UNKNOWN
					    : s->borrowed + s->waiting;
}

static int jrubies_of(const struct trail_sample *s)
{
	return s->jrubies;
}

/* Between two probes that are far apart it is as it was. */
static int at(const struct panel *p, size_t ago, value_of of)
{
	for (size_t more = 0; more <= p->carry; more++) {
		const struct trail_sample *s =
			trail_get(p->trail, ago + more, p->now_ms);

		if (of(s) != TRAIL_UNKNOWN)
			return of(s);
	}
	return TRAIL_UNKNOWN;
}

/* The latest that is known, and the largest. */
static int latest(const struct panel *p, value_of of)
{
	for (size_t ago = 0; ago < TRAIL_SAMPLES; ago++)
		if (at(p, ago, of) != TRAIL_UNKNOWN)
			return at(p, ago, of);
	return TRAIL_UNKNOWN;
}

static int largest(const struct panel *p, value_of of)
{
	int most = TRAIL_UNKNOWN;

	for (size_t ago = 0; ago < TRAIL_SAMPLES; ago++)
		if (at(p, ago, of) > most)
			most = at(p, ago, of);
	return most;
}

/* --- drawing --- */

static double height(const struct panel *p, int value)
{
	int v = value < p->most ? value : p->most;

	return p->base - (double)v * HIGH / p->most;
}

/* Steps; an area goes down to 0 at both ends, a line does not. */
enum shape { AREA, LINE };

static void draw(FILE *out, const struct panel *p, value_of of,
	enum shape shape, const char *class)
{
	int before = TRAIL_UNKNOWN;

	fprintf(out, "<path class=\"%s\" d=\"", class);
	for (size_t ago = TRAIL_SAMPLES; ago-- > 0;) {
		int x = RIGHT - ((int)ago + 1) * STEP;
		int value = at(p, ago, of);

		if (value != before && before != TRAIL_UNKNOWN)
			fprintf(out, "H%d", x);
		if (value != before && before != TRAIL_UNKNOWN &&
			value == TRAIL_UNKNOWN && shape == AREA)
			fprintf(out, "V%dZ", p->base);
		if (value != TRAIL_UNKNOWN && before == TRAIL_UNKNOWN)
			fprintf(out, "M%d %.4g", x,
				shape == AREA ? p->base : height(p, value));
		if (value != TRAIL_UNKNOWN && value != before)
			fprintf(out, "V%.4g", height(p, value));
		before = value;
	}
	if (before != TRAIL_UNKNOWN)
		fprintf(out, "H%d", RIGHT);
	if (before != TRAIL_UNKNOWN && shape == AREA)
		fprintf(out, "V%dZ", p->base);
	fputs("\"/>", out);
}

static void draw_label(
	FILE *out, const struct panel *p, int value, const char *unit)
{
	fprintf(out, "<text x=\"%d\" y=\"%.4g\">%d%s</text>", RIGHT + 4,
		height(p, value) + 3, value, unit);
}

/* Labels of these two would not lie on each other. */
static bool apart(const struct panel *p, int low, int high)
{
	return height(p, low) - height(p, high) >= LABEL;
}

/* The lines of 0 and of `value`, and what these and the top stand for. */
static void draw_scale(FILE *out, const struct panel *p, int value,
	const char *unit, const char *class)
{
	fprintf(out,
		"<path class=\"%s\" d=\"M%d %.4gH%d\"/>"
		"<path class=\"axis\" d=\"M%d %dH%d\"/>",
		class, LEFT, height(p, value), RIGHT, LEFT, p->base, RIGHT);
	draw_label(out, p, 0, "");
	draw_label(out, p, p->most, unit);
	if (apart(p, 0, value) && apart(p, value, p->most))
		draw_label(out, p, value, unit);
}

static void draw_pool(FILE *out, struct panel *p, int jrubies)
{
	int most;

	p->base = POOL_BASE;
	p->carry = CARRY;
	most = largest(p, all_of);
	p->most = most > jrubies ? most : jrubies;
	if (p->most < 1)
		p->most = 1;
	draw(out, p, all_of, AREA, "waiting");
	draw(out, p, running_of, AREA, "running");
	draw_scale(out, p, jrubies, "", "capacity");
}

static void draw_times(FILE *out, int base)
{
	static const char *const words[] = { "1 h ago", "30 min", "now" };
	static const char *const anchors[] = { "start", "middle", "end" };

	for (int i = 0; i < 3; i++)
		fprintf(out,
			"<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>",
			LEFT + i * (RIGHT - LEFT) / 2, base + FOOT - 3,
			anchors[i], words[i]);
}

static void write_label(
	FILE *out, const struct panel *p, int weight, int jrubies)
{
	fputs("The last hour: ", out);
	if (weight != TRAIL_UNKNOWN)
		fprintf(out, "weight %d%%", weight);
	else
		fputs("weight not known", out);
	if (jrubies != TRAIL_UNKNOWN)
		fprintf(out, ", %d of %d JRubies lent, %d requests wait",
			latest(p, running_of), jrubies,
			latest(p, all_of) - latest(p, running_of));
}

void chart_write(FILE *out, const struct trail *t, uint64_t now_ms)
{
	struct panel p = { t, now_ms, WEIGHT_BASE, 100, 0 };
	int weight = latest(&p, weight_of), jrubies = latest(&p, jrubies_of);
	bool pool = jrubies != TRAIL_UNKNOWN;
	int base = pool ? POOL_BASE : WEIGHT_BASE;

	fprintf(out,
		"<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"",
		WIDTH, base + FOOT);
	write_label(out, &p, weight, jrubies);
	fputs("\">", out);
	draw_scale(out, &p, 100, "%", "grid");
	draw(out, &p, weight_of, AREA, "weight");
	draw(out, &p, weight_of, LINE, "weight-line");
	if (pool)
		draw_pool(out, &p, jrubies);
	draw_times(out, base);
	fputs("</svg>\n", out);
}
