/*
 * The least that a responder on libuv does: the same as floor.c, with uv_tcp_t.
 *
 *	floor_uv said|asked
 *
 * Prints its port; ends with its input.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

enum { BACKLOG = 4096 };

struct conn {
	uv_tcp_t tcp;
	uv_shutdown_t shutdown;
	bool said;
};

static char line[] = "up ready 100%\n";
static char block[512];
static bool asked;

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	(void)req;
	(void)status;
}

static void leave(struct conn *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void say(struct conn *c)
{
	uv_stream_t *stream = (uv_stream_t *)&c->tcp;
	uv_buf_t b = uv_buf_init(line, sizeof(line) - 1);

	c->said = true;
	if (uv_try_write(stream, &b, 1) != (int)b.len ||
		uv_shutdown(&c->shutdown, stream, on_shutdown) != 0)
		leave(c);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	(void)h;
	(void)hint;
	*b = uv_buf_init(block, sizeof(block));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = stream->data;

	(void)b;
	if (n < 0)
		leave(c);
	else if (n > 0 && !c->said)
		say(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct conn *c = status == 0 ? calloc(1, sizeof(*c)) : NULL;

	if (c == NULL)
		return;
	uv_tcp_init(listener->loop, &c->tcp);
	c->tcp.data = c;
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
		leave(c);
		return;
	}
	if (!asked)
		say(c);
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

static void on_end(uv_stream_t *in, ssize_t n, const uv_buf_t *b)
{
	(void)in;
	(void)b;
	if (n < 0)
		exit(0);
}

static unsigned port_of(const uv_tcp_t *listener)
{
	struct sockaddr_in sa;
	int len = sizeof(sa);

	uv_tcp_getsockname(listener, (struct sockaddr *)&sa, &len);
	return ntohs(sa.sin_port);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in any;
	uv_tcp_t listener;
	uv_pipe_t in;

	if (argc != 2) {
		fputs("usage: floor_uv said|asked\n", stderr);
		return 2;
	}
	asked = strcmp(argv[1], "asked") == 0;
	uv_ip4_addr("127.0.0.1", 0, &any);
	uv_tcp_init(loop, &listener);
	uv_pipe_init(loop, &in, 0);
	if (uv_tcp_bind(&listener, (struct sockaddr *)&any, 0) != 0 ||
		uv_listen((uv_stream_t *)&listener, BACKLOG, on_connection) !=
			0 ||
		uv_pipe_open(&in, 0) != 0)
		return 1;
	uv_read_start((uv_stream_t *)&in, on_alloc, on_end);
	printf("%u\n", port_of(&listener));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}
