#ifndef HELD_H
#define HELD_H

#include "command.h"
#include "history.h"
#include "serve.h"
#include "show.h"
#include "who.h"

/*
 * Connections of the control socket that are answered later: orders on their
 * way to the disk, and who waits for what they bring; probes; and monitors,
 * for as long as they last.
 */
struct held;

struct held_list {
	struct show show; /* its parts are borrowed until held_close() */
	struct held *first;
	uv_idle_t *turn; /* while somebody waits for his */
};

/* 0, or UV_ENOMEM with nothing to close. */
int held_open(struct held_list *l, const struct show *show, uv_loop_t *loop);

/*
 * Some last until they are ended, and reports keep the loop busy: of those who
 * may only look, one user has so many at most, and all of them together.
 */
enum { HELD_LOOKER_MAX = 32, HELD_LOOKERS_MAX = 64 };

/*
 * Each: 0 when the connection is held, or UV_ENOMEM.  held_probe() also
 * UV_EINVAL, those that know `who` also UV_EPERM where he has too many; both
 * with the sentence.
 */
int held_order(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const char *by);
int held_monitor(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX]);
int held_probe(struct held_list *l, struct serve_conn *conn,
	const struct command *command, char error[COMMAND_ERROR_MAX]);

/*
 * What looks at all servers, or at the whole history, is done for one in a turn
 * of the loop, so that polls wait for one at most; who may give orders comes
 * first.
 */
int held_wait(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX]);
int held_log(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX]);
typedef char *(*held_report_make)(const struct report *r);
int held_report(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	held_report_make make, char error[COMMAND_ERROR_MAX]);

/* Tells all monitors of a change. */
void held_tell(struct held_list *l, const struct history_entry *e);

/* SERVE_GONE: the connection that brought `held` has ended. */
void held_gone(void *held);

/* The connections are closed: forgets them all.  The loop must run once more.
 */
void held_close(struct held_list *l);

#endif
