#ifndef SERVE_H
#define SERVE_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

/*
 * A listener, TCP or unix, for one request and one reply per connection:
 *
 *	accept -> read the request, if any -> write the reply -> shutdown
 *	-> read and forget what still comes -> close
 *
 * The reading at the end is there because closing with unread bytes makes the
 * kernel send RST, which may overtake the reply.  Each connection is bounded
 * in bytes and in time.  How a peer leaves after the reply (FIN, RST) is no
 * error: many clients just close when they have their line.
 *
 * Who comes while there are no descriptors, or no memory, waits until there
 * are.  Limits know sources: the peer's address, on a unix socket his uid.  Of
 * what a listener keeps of replies, one may have as much as it leaves free.
 */
struct serve;
struct serve_conn;

enum {
	SERVE_REQUEST_MAX = 512,    /* bytes kept of a request: TCP */
	SERVE_COMMAND_MAX = 2048,   /* likewise: unix */
	SERVE_UNSENT_MAX = 1 << 20, /* bytes that a slow peer may leave */
	SERVE_RESTS_MAX = 64 << 20, /* likewise, of all replies of a listener */
	SERVE_FORGET_MAX = 65536,   /* bytes read and forgotten at the end */
	SERVE_LINGER_MS = 2000, /* from the reply's last byte to the close */
	SERVE_FETCH_MS = 60000, /* until the peer has taken all of it */
	SERVE_CONNECTIONS_MAX = 1024, /* above: one is closed */
	SERVE_SOURCE_MAX = 32,        /* of one source, above: its oldest is */
};

enum serve_event {
	SERVE_OPENED, /* just accepted; no byte has been read */
	SERVE_MORE,   /* `data` has grown */
	SERVE_FULL,   /* `data` has grown to its maximum */
	SERVE_ENDED,  /* the peer will send no more */
	SERVE_LATE,   /* patience_ms have passed since SERVE_OPENED */
	SERVE_GONE,   /* after SERVE_HOLD: it is over, forget the connection */
};

enum serve_next {
	SERVE_WAIT,   /* go on reading.  SERVE_FULL, _ENDED, _LATE: close */
	SERVE_REPLY,  /* send `reply` and finish */
	SERVE_REFUSE, /* close without a byte */
	/*
	 * The reply comes later, in pieces: serve_write(), serve_finish().  No
	 * deadline runs until then.
	 */
	SERVE_HOLD,
};

struct serve_request {
	enum serve_event event;
	struct serve_conn *conn;
	const struct sockaddr *peer; /* TCP; NULL for unix */
	int fd;                      /* for the peer's credentials */
	void *held;                  /* serve_hold_data(), with SERVE_GONE */
	const char *data; /* all that has been read, not terminated */
	size_t len;
	const char *reply; /* set by the callback with SERVE_REPLY; copied */
	size_t reply_len;
};

typedef enum serve_next (*serve_cb)(struct serve_request *r, void *arg);

/*
 * Listens on `sa`; port 0 lets the kernel choose.  0, or a UV_E* code with
 * *out untouched.
 */
int serve_open(struct serve **out, uv_loop_t *loop, const struct sockaddr *sa,
	uint64_t patience_ms, serve_cb cb, void *arg);

/* The same at ADDRESS:PORT; * is all of IPv4 and IPv6. */
int serve_open_text(struct serve **out, uv_loop_t *loop, const char *address,
	uint64_t patience_ms, serve_cb cb, void *arg);

/*
 * Before the loop runs on: how many bytes are kept of a request.  0, or
 * UV_ENOMEM; then close it.
 */
int serve_set_request_max(struct serve *s, size_t max);

/*
 * The same on a unix socket that is bound (unixsock.h), which is taken over,
 * also when this fails; its path stays the caller's.
 */
int serve_open_unix(struct serve **out, uv_loop_t *loop, int fd,
	uint64_t patience_ms, serve_cb cb, void *arg);

/* What the next SERVE_GONE of this connection brings. */
void serve_hold_data(struct serve_conn *c, void *held);

/* A held connection: its reply, as with SERVE_REPLY.  Then it is not yours. */
void serve_answer(struct serve_conn *c, const char *text, size_t len);

/*
 * A held connection: sends more, or ends it after what was sent.  `text` is
 * copied.  SERVE_GONE says, in a later turn, that the peer has closed, or
 * didn't read what was sent.  After serve_finish() the
 * connection is not yours any more.
 */
void serve_write(struct serve_conn *c, const char *text, size_t len);
void serve_finish(struct serve_conn *c);

/* The address with the real port. */
int serve_address(const struct serve *s, struct sockaddr_storage *sa);

/* Connections that are open now. */
size_t serve_connections(const struct serve *s);

/* Ends the listener and its connections; no callback after this. */
void serve_close(struct serve *s);

#endif
