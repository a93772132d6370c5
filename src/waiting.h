#ifndef WAITING_H
#define WAITING_H

#include <uv.h>

#include "change.h"
#include "command.h"
#include "fleet.h"

/*
 * Watches servers for somebody who waits until they are out of service, or in
 * it (wait.h), and says what happens as it happens.
 */
struct waiting;

enum waiting_step { WAITING_GOES_ON, WAITING_DONE, WAITING_FAILED };

struct waiting_news {
	enum waiting_step step;
	enum command_exit code; /* WAITING_FAILED: why */
	const char *server;     /* "" where it is about all of them */
	const char *text;
};

/* With a step other than WAITING_GOES_ON it is the last one. */
typedef void (*waiting_cb)(void *arg, const struct waiting_news *news);

/*
 * For the chosen of `targets`, which are copied.  cb comes in later turns.  0,
 * or UV_ENOMEM.
 */
int waiting_start(struct waiting **out, struct fleet *fleet,
	const struct command *command, const struct change_target *targets,
	size_t n, waiting_cb cb, void *arg);

/* No callback after this. */
void waiting_close(struct waiting *w);

#endif
