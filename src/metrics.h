#ifndef METRICS_H
#define METRICS_H

#include "expo.h"
#include "report.h"

/*
 * /metrics: all that is known of the servers, for Prometheus.  usherd(8) has
 * the list; names and labels are a contract like the JSON's fields.
 */

/* As show_servers() wants it: the caller frees it; NULL without memory. */
char *metrics_render(const struct report *r);

/* Pieces: HAProxies; the process and its files. */
void metrics_pollers(struct expo *e, const struct report *r);
void metrics_process(struct expo *e, const struct report *r);

#endif
