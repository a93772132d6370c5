#ifndef CHART_H
#define CHART_H

#include <stdint.h>
#include <stdio.h>

#include "trail.h"

/*
 * The last hour of one server as SVG: the weight that HAProxy was told, and
 * below it requests that ran in JRubies and that waited for one.  What is not
 * known is left out.  Colours come from the page's style.
 */
void chart_write(FILE *out, const struct trail *t, uint64_t now_ms);

#endif
