#include "t.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "addr.h"
#include "dial.h"

struct fix {
	uv_loop_t loop;
	uv_tcp_t listener;
	struct resolve_addrs addrs;
	struct dial dial;
	bool done, closed;
	int status;
};

static void on_connection(uv_stream_t *listener, int status)
{
	(void)listener;
	(void)status;
}

static void on_dialled(struct dial *d, int status)
{
	struct fix *f = d->data;

	assert_false(f->done);
	f->done = true;
	f->status = status;
}

static void on_closed(struct dial *d)
{
	struct fix *f = d->data;

	f->closed = true;
}

static void add(struct fix *f, const char *host, unsigned port)
{
	struct sockaddr_storage sa;
	struct sockaddr_in6 *at = &f->addrs.sa[f->addrs.n++];

	assert_int_equal(addr_literal(&sa, host, port), 0);
	memcpy(at, &sa, sizeof(*at));
}

/* A port that is taken, and where nobody listens unless `backlog` > 0. */
static unsigned open_fix(struct fix *f, int backlog)
{
	struct sockaddr_storage sa;
	int len = sizeof(sa);

	memset(f, 0, sizeof(*f));
	uv_loop_init(&f->loop);
	uv_tcp_init(&f->loop, &f->listener);
	addr_literal(&sa, "127.0.0.1", 0);
	uv_tcp_bind(&f->listener, (struct sockaddr *)&sa, 0);
	if (backlog > 0)
		assert_int_equal(uv_listen((uv_stream_t *)&f->listener, backlog,
					 on_connection),
			0);
	uv_tcp_getsockname(&f->listener, (struct sockaddr *)&sa, &len);
	return addr_port((struct sockaddr *)&sa);
}

static void dial(struct fix *f)
{
	dial_start(&f->dial, &f->loop, &f->addrs, 10000, on_dialled, f);
	assert_false(f->done);
	t_run_until(&f->loop, &f->done, 100);
}

static void close_fix(struct fix *f)
{
	dial_close(&f->dial, on_closed);
	assert_false(f->closed);
	t_run_until(&f->loop, &f->closed, 10);
	uv_close((uv_handle_t *)&f->listener, NULL);
	t_loop_close(&f->loop);
}

/* Nagle's algorithm costs a full handshake 40 ms. */
static void connects_without_delay(void **state)
{
	socklen_t len = sizeof(int);
	int fd = -1, nodelay = 0;
	struct fix f;
	unsigned port;

	(void)state;
	port = open_fix(&f, 1);
	add(&f, "127.0.0.1", port);
	dial(&f);
	assert_int_equal(f.status, 0);
	assert_int_equal(
		uv_fileno((uv_handle_t *)dial_stream(&f.dial), &fd), 0);
	assert_int_equal(
		getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &len), 0);
	assert_int_not_equal(nodelay, 0);
	close_fix(&f);
}

/* 255.255.255.255 fails at once, before anything is sent. */
static void the_most_telling_error_counts(void **state)
{
	static const int nowhere_first[] = { 1, 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fix f;
		unsigned port = open_fix(&f, 0);

		if (nowhere_first[i])
			add(&f, "255.255.255.255", 9);
		add(&f, "127.0.0.1", port);
		if (!nowhere_first[i])
			add(&f, "255.255.255.255", 9);
		dial(&f);
		assert_int_equal(f.status, UV_ECONNREFUSED);
		assert_int_equal(addr_port(dial_peer(&f.dial)), port);
		close_fix(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects_without_delay),
		cmocka_unit_test(the_most_telling_error_counts),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
