#ifndef HOLDER_H
#define HOLDER_H

#include "buf.h"
#include "serve.h"
#include "t.h"

/*
 * A server on a unix socket that holds its connections, and a client, which is
 * a plain descriptor, read between the turns of the loop.
 */
struct holder {
	uv_loop_t loop;
	uv_timer_t ticker; /* so that no turn waits for long */
	char *dir;
	char path[100];
	struct serve *serve; /* NULL: closed */
	enum serve_event hold_on;
	void (*before_hold)(struct serve_conn *c);
	struct serve_conn *conn; /* held; NULL: none, or gone */
	int mark;                /* its address is what is held */
	size_t held, gone;
	int client; /* -1: closed */
	struct buf got;
	bool ended; /* the client has read the end */
};

/* Holds a connection when `hold_on` comes.  The client is connected. */
void holder_open(struct holder *f, enum serve_event hold_on);
/* The same; a line of the client has come, and it is held. */
void holder_open_held(struct holder *f);
/* The loop must be content. */
void holder_close(struct holder *f);
/* Harmless when done. */
void holder_close_serve(struct holder *f);

/* One more client; does not wait when it reads. */
int holder_connect(const struct holder *f);
void holder_say(int fd, const char *text, size_t len);
/* The client closes; harmless when done. */
void holder_leave(struct holder *f);

/* One turn; so many that whatever may happen has happened. */
void holder_turn(struct holder *f);
void holder_turn_often(struct holder *f);
/* Turns until a count of `f` is n. */
void holder_turn_until(struct holder *f, const size_t *count, size_t n);

/* The client reads what is there, at most `max` bytes. */
void holder_listen(struct holder *f, size_t max);
/* What the client has got in all is this. */
void holder_expect(struct holder *f, const char *text);
/* The client reads to the end. */
void holder_expect_end(struct holder *f, size_t read_at_once);
/* The server closes the last connection. */
void holder_expect_none(struct holder *f);

#endif
