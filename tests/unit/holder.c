#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unixsock.h"

enum {
	TURNS_MAX = 20000, /* of at most a millisecond each */
	PATIENCE_MS = 60000,
	QUIET_TURNS = 20,
	GOT_MAX = 16 * 1024 * 1024,
};

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	struct holder *f = arg;

	assert_non_null(f->serve);
	assert_null(r->peer);
	if (r->event == SERVE_GONE) {
		assert_ptr_equal(r->held, &f->mark);
		f->gone++;
		if (f->conn == r->conn)
			f->conn = NULL;
		return SERVE_WAIT;
	}
	if (r->event != f->hold_on)
		return SERVE_WAIT;
	f->held++;
	if (f->conn == NULL)
		f->conn = r->conn;
	serve_hold_data(r->conn, &f->mark);
	if (f->before_hold != NULL)
		f->before_hold(r->conn);
	return SERVE_HOLD;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

int holder_connect(const struct holder *f)
{
	int fd = unixsock_connect(f->path, 0);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

void holder_say(int fd, const char *text, size_t len)
{
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

void holder_open(struct holder *f, enum serve_event hold_on)
{
	char error[UNIXSOCK_ERROR_MAX];
	int fd;

	memset(f, 0, sizeof(*f));
	f->hold_on = hold_on;
	f->got = BUF_INIT(GOT_MAX);
	f->dir = t_mkdir();
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(uv_timer_init(&f->loop, &f->ticker), 0);
	uv_timer_start(&f->ticker, on_tick, 1, 1);
	fd = unixsock_bind(f->path, error);
	assert_true(fd >= 0);
	assert_int_equal(serve_open_unix(&f->serve, &f->loop, fd, PATIENCE_MS,
				 on_request, f),
		0);
	f->client = holder_connect(f);
}

void holder_open_held(struct holder *f)
{
	holder_open(f, SERVE_MORE);
	holder_say(f->client, "monitor\n", 8);
	holder_turn_until(f, &f->held, 1);
}

void holder_leave(struct holder *f)
{
	if (f->client >= 0)
		close(f->client);
	f->client = -1;
}

void holder_close_serve(struct holder *f)
{
	if (f->serve != NULL)
		serve_close(f->serve);
	f->serve = NULL;
}

void holder_close(struct holder *f)
{
	holder_close_serve(f);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	t_loop_close(&f->loop);
	holder_leave(f);
	buf_free(&f->got);
	t_rmdir(f->dir);
}

void holder_turn(struct holder *f)
{
	uv_run(&f->loop, UV_RUN_ONCE);
}

void holder_turn_often(struct holder *f)
{
	for (int i = 0; i < QUIET_TURNS; i++)
		holder_turn(f);
}

void holder_turn_until(struct holder *f, const size_t *count, size_t n)
{
	for (int i = 0; *count < n && i < TURNS_MAX; i++)
		holder_turn(f);
	assert_int_equal(*count, n);
}

void holder_listen(struct holder *f, size_t max)
{
	static char block[65536];
	ssize_t n = recv(
		f->client, block, max < sizeof(block) ? max : sizeof(block), 0);

	if (n > 0)
		assert_int_equal(buf_append(&f->got, block, (size_t)n), 0);
	else if (n < 0 && errno != ECONNRESET)
		assert_int_equal(errno, EAGAIN);
	else
		f->ended = true;
}

void holder_expect(struct holder *f, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; f->got.len < len && i < TURNS_MAX; i++) {
		holder_turn(f);
		holder_listen(f, SIZE_MAX);
	}
	assert_int_equal(f->got.len, len);
	assert_memory_equal(f->got.data, text, len);
}

void holder_expect_end(struct holder *f, size_t read_at_once)
{
	for (int i = 0; !f->ended && i < TURNS_MAX; i++) {
		holder_turn(f);
		holder_listen(f, read_at_once);
	}
	assert_true(f->ended);
}

void holder_expect_none(struct holder *f)
{
	for (int i = 0; serve_connections(f->serve) > 0 && i < TURNS_MAX; i++)
		holder_turn(f);
	assert_int_equal(serve_connections(f->serve), 0);
}
