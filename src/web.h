#ifndef WEB_H
#define WEB_H

#include "fleet.h"
#include "orderbook.h"
#include "show.h"

/*
 * What is answered over HTTP (usher.conf(5), `http-listen`): the check of old,
 * `/metrics`, `/status`, and a page for browsers.  It only looks.
 */
struct web;

/* NULL without memory. */
struct web *web_new(void);
/* When nobody is answered any more; NULL is fine. */
void web_free(struct web *w);

/* For the fleet, which takes it before web_start(). */
struct httpd_handler web_handler(struct web *w);

/* Before the first request; what `show` borrows must outlive the fleet's ports
 */
void web_start(struct web *w, const struct show *show);

#endif
