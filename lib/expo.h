#ifndef EXPO_H
#define EXPO_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Writes Prometheus' text exposition format, version 0.0.4.  All samples of a
 * family follow each other, under its HELP and TYPE.  Without stdio: there may
 * be a hundred thousand lines, and somebody waits.  All fields are private.
 */
struct expo {
	const char *family; /* its name; borrowed */
	struct buf text;
	int rc; /* of the first piece that found no room */
};

enum expo_type { EXPO_COUNTER, EXPO_GAUGE, EXPO_HISTOGRAM };

/* Values are escaped where they are written. */
struct expo_label {
	const char *name, *value;
};

/*
 * Measured so far: counts[i] of those up to bounds[i], and in counts[n] of
 * those above the last; none is counted twice.
 */
struct expo_histogram {
	const double *bounds;
	const uint64_t *counts;
	size_t n; /* of bounds */
	double sum;
};

enum { EXPO_LABELS_MAX = 4 };

/* `max`: no text is longer, in bytes. */
void expo_open(struct expo *e, size_t max);
/* The text, which is the caller's to free; NULL without room. */
char *expo_close(struct expo *e);

/* A new family; `name` is borrowed until the next. */
void expo_family(struct expo *e, const char *name, enum expo_type type,
	const char *help);

/* One sample of the family. */
void expo_sample(struct expo *e, const struct expo_label *labels, size_t n,
	double value);
void expo_histogram(struct expo *e, const struct expo_label *labels, size_t n,
	const struct expo_histogram *h);

#endif
