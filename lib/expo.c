#include "expo.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Whole numbers below it are exact, as double and with 15 digits. */
#define WHOLE_MAX 1e15

void expo_open(struct expo *e, size_t max)
{
	memset(e, 0, sizeof(*e));
	e->text = BUF_INIT(max);
}

static void add_n(struct expo *e, const char *text, size_t len)
{
	if (e->rc == 0)
		e->rc = buf_append(&e->text, text, len);
}

static void add(struct expo *e, const char *text)
{
	add_n(e, text, strlen(text));
}

char *expo_close(struct expo *e)
{
	add_n(e, "", 1);
	if (e->rc == 0)
		return e->text.data;
	buf_free(&e->text);
	return NULL;
}

void expo_family(
	struct expo *e, const char *name, enum expo_type type, const char *help)
{
	static const char *const types[] = {
		[EXPO_COUNTER] = "counter",
		[EXPO_GAUGE] = "gauge",
		[EXPO_HISTOGRAM] = "histogram",
	};

	e->family = name;
	add(e, "# HELP ");
	add(e, name);
	add(e, " ");
	add(e, help);
	add(e, "\n# TYPE ");
	add(e, name);
	add(e, " ");
	add(e, types[type]);
	add(e, "\n");
}

static void add_escaped(struct expo *e, const char *value)
{
	size_t n;

	for (;; value += n + 1) {
		n = strcspn(value, "\\\"\n");
		add_n(e, value, n);
		if (value[n] == '\0')
			return;
		add_n(e, "\\", 1);
		add_n(e, value[n] == '\n' ? "n" : value + n, 1);
	}
}

static void add_whole(struct expo *e, uint64_t value)
{
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	add_n(e, p, (size_t)(digits + sizeof(digits) - p));
}

/* 1795426200 must not become 1.79543e+09. */
static void add_value(struct expo *e, double value)
{
	char text[32];

	if (value >= 0 && value < WHOLE_MAX &&
		value == (double)(uint64_t)value) {
		add_whole(e, (uint64_t)value);
	} else if (isinf(value)) {
		add(e, value > 0 ? "+Inf" : "-Inf");
	} else if (isnan(value)) {
		add(e, "NaN");
	} else {
		snprintf(text, sizeof(text), "%.15g", value);
		add(e, text);
	}
}

static void add_line(struct expo *e, const char *suffix,
	const struct expo_label *labels, size_t n, double value)
{
	add(e, e->family);
	add(e, suffix);
	for (size_t i = 0; i < n; i++) {
		add_n(e, i == 0 ? "{" : ",", 1);
		add(e, labels[i].name);
		add_n(e, "=\"", 2);
		add_escaped(e, labels[i].value);
		add_n(e, "\"", 1);
	}
	add(e, n > 0 ? "} " : " ");
	add_value(e, value);
	add_n(e, "\n", 1);
}

void expo_sample(
	struct expo *e, const struct expo_label *labels, size_t n, double value)
{
	add_line(e, "", labels, n, value);
}

void expo_histogram(struct expo *e, const struct expo_label *labels, size_t n,
	const struct expo_histogram *h)
{
	struct expo_label all[EXPO_LABELS_MAX + 1];
	uint64_t total = 0;
	char le[32];

	assert(n <= EXPO_LABELS_MAX);
	for (size_t i = 0; i < n; i++)
		all[i] = labels[i];
	all[n] = (struct expo_label){ "le", le };
	for (size_t i = 0; i <= h->n; i++) {
		total += h->counts[i];
		if (i < h->n)
			snprintf(le, sizeof(le), "%.15g", h->bounds[i]);
		else
			strcpy(le, "+Inf");
		add_line(e, "_bucket", all, n + 1, (double)total);
	}
	add_line(e, "_sum", labels, n, h->sum);
	add_line(e, "_count", labels, n, (double)total);
}
