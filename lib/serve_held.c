#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "serve_conn.h"

enum { LOOK_MS = 500 }; /* whether a half-closed peer is still there */

/* A write of a held connection; owns its bytes. */
struct piece {
	uv_write_t req; /* first: on_piece_written() casts back */
	char text[];
};

/*
 * Who has shut his side may still wait for what comes; who has closed is gone,
 * which nothing but this tells (poll(2), POLLHUP).
 */
static void on_look(uv_timer_t *timer)
{
	struct serve_conn *c = timer->data;
	struct pollfd p = { .events = 0 };

	if (uv_fileno(&c->s.handle, &p.fd) == 0 && poll(&p, 1, 0) == 1 &&
		(p.revents & (POLLHUP | POLLERR)) != 0)
		serve_conn_drop(c);
}

/* No deadline runs while it is held. */
void serve_conn_watch_held(struct serve_conn *c)
{
	if (c->broken)
		return;
	if (c->ended)
		uv_timer_start(&c->timer, on_look, 0, LOOK_MS);
	else
		uv_timer_stop(&c->timer);
}

static void on_piece_written(uv_write_t *req, int status)
{
	struct serve_conn *c = req->handle->data;

	free(req);
	if (status < 0)
		serve_conn_drop(c);
}

void serve_hold_data(struct serve_conn *c, void *held)
{
	c->held_data = held;
}

void serve_write(struct serve_conn *c, const char *text, size_t len)
{
	struct piece *p = malloc(sizeof(*p) + len);
	uv_buf_t b;
	int rc = UV_ENOMEM;

	if (p != NULL && !c->broken &&
		uv_stream_get_write_queue_size(&c->s.stream) <=
			SERVE_UNSENT_MAX) {
		memcpy(p->text, text, len);
		b = uv_buf_init(p->text, (unsigned)len);
		rc = uv_write(&p->req, &c->s.stream, &b, 1, on_piece_written);
	}
	if (rc != 0) {
		free(p);
		c->broken = true;
		uv_timer_start(&c->timer, serve_conn_on_over, 0, 0);
	}
}

void serve_answer(struct serve_conn *c, const char *text, size_t len)
{
	c->held = false;
	serve_conn_reply(c, text, len);
}

void serve_finish(struct serve_conn *c)
{
	c->held = false;
	if (!c->broken)
		serve_conn_reply(c, "", 0);
}
