#include "peer.h"

#include "t.h"

enum { GOT_MAX = 64 * 1024 * 1024 };

static char block[65536]; /* what is read, what a flood is made of */

static void send_next(struct peer *p);

static void on_closed(uv_handle_t *h)
{
	struct peer *p = h->data;

	p->closed = true;
}

static void leave(struct peer *p, int end)
{
	if (p->done)
		return;
	p->done = true;
	p->end = end;
	if (end == 0 && p->way == PEER_RESET)
		assert_int_equal(uv_tcp_close_reset(&p->tcp, on_closed), 0);
	else
		uv_close((uv_handle_t *)&p->tcp, on_closed);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	(void)h;
	(void)hint;
	*b = uv_buf_init(block, sizeof(block));
}

/* Who floods has to learn from its writes that it's over. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct peer *p = stream->data;

	if (n > 0)
		assert_int_equal(buf_append(&p->got, b->base, (size_t)n), 0);
	else if (n == UV_EOF && p->way == PEER_FLOODS)
		uv_read_stop(stream);
	else if (n < 0)
		leave(p, (int)n);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	(void)req;
	(void)status;
}

static void when_said(struct peer *p)
{
	switch (p->way) {
	case PEER_TALKS:
	case PEER_HOLDS:
	case PEER_FLOODS:
		break;
	case PEER_ENDS:
		peer_shut(p);
		break;
	case PEER_HANGUP:
	case PEER_RESET:
		leave(p, 0);
		break;
	}
}

static void on_written(uv_write_t *req, int status)
{
	struct peer *p = req->handle->data;

	/* With a reset that was read first, it's on_read() that tells. */
	if (status == 0)
		send_next(p);
	else if (p->way == PEER_FLOODS)
		leave(p, status);
}

static void send_next(struct peer *p)
{
	size_t n = p->len - p->sent;
	uv_buf_t b;

	if (p->step > 0 && n > p->step)
		n = p->step;
	if (n > 0)
		b = uv_buf_init((char *)p->text + p->sent, (unsigned)n);
	else if (p->way == PEER_FLOODS)
		b = uv_buf_init(block, sizeof(block));
	else {
		when_said(p);
		return;
	}
	p->sent += n;
	uv_write(&p->write, (uv_stream_t *)&p->tcp, &b, 1, on_written);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct peer *p = req->handle->data;

	if (p->done)
		return;
	if (status != 0) {
		leave(p, status);
		return;
	}
	uv_tcp_nodelay(&p->tcp, 1);
	if (p->way != PEER_HOLDS)
		peer_read(p);
	send_next(p);
}

void peer_open(struct peer *p, uv_loop_t *loop, const struct sockaddr *to)
{
	struct sockaddr_in from;

	p->got = BUF_INIT(GOT_MAX);
	assert_int_equal(uv_tcp_init(loop, &p->tcp), 0);
	p->tcp.data = p;
	if (p->from != NULL) {
		assert_int_equal(uv_ip4_addr(p->from, 0, &from), 0);
		assert_int_equal(
			uv_tcp_bind(&p->tcp, (struct sockaddr *)&from, 0), 0);
	}
	assert_int_equal(
		uv_tcp_connect(&p->connect, &p->tcp, to, on_connected), 0);
}

void peer_read(struct peer *p)
{
	uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read);
}

void peer_shut(struct peer *p)
{
	uv_shutdown(&p->shutdown, (uv_stream_t *)&p->tcp, on_shutdown);
}

void peer_close(struct peer *p)
{
	leave(p, 0);
}

void peer_free(struct peer *p)
{
	assert_true(p->closed);
	buf_free(&p->got);
}

bool peer_got(const struct peer *p, const char *text)
{
	return p->got.len == strlen(text) &&
		(p->got.len == 0 || memcmp(p->got.data, text, p->got.len) == 0);
}
