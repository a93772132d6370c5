#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>

#include "report.h"

/*
 * The page for browsers: how each server stands, and the last hour.  One piece
 * of HTML that fetches nothing but itself.
 */

/* As show_servers() wants it: the caller frees it; NULL without memory. */
char *page_render(const struct report *r);

/*
 * The Content-Security-Policy that goes with it: its own style and script, by
 * their hashes, and nothing else.  0, or UV_EINVAL where SHA-256 is missing.
 */
enum { PAGE_POLICY_MAX = 384 };
int page_policy(char dst[PAGE_POLICY_MAX]);

/* One server; a piece of the page. */
void page_server(
	FILE *out, const struct report *r, const struct report_server *s);

#endif
