#ifndef REMARK_H
#define REMARK_H

#include "canary.h"
#include "health.h"
#include "history.h"
#include "load.h"
#include "poller.h"
#include "probed.h"

/*
 * What the log is told of how a server stands, and of what was measured.  Each
 * is told once, when it begins.
 */

/* The verdict or the reply has changed; `reply` may end with '\n'. */
struct remark_change {
	enum verdict was, is;
	const struct probed *last;
	const char *reply;
};
void remark_change(
	struct history *h, const char *server, const struct remark_change *c);

/* A probe has ended in another way than the one before. */
void remark_outcome(const char *server, const struct probed *p);

void remark_poller(
	const char *server, enum poller_event event, const struct poller *p);

/*
 * Look-ups of `address` fail (`status` is a UV_EAI_* code) while an earlier
 * answer is in use; with 0 they work again.
 */
void remark_look_up(const char *server, const char *address, int status);

/* The weight has lost, or found again, the figures that it rests on. */
enum remark_figures { REMARK_FIGURES_GONE, REMARK_FIGURES_BACK };
void remark_figures(
	const char *server, enum remark_figures what, const struct probed *p);

/* A canary's next step is due and must wait; why, as a clause. */
void remark_held(struct history *h, const char *server, const char *clause);

#endif
