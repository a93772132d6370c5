#ifndef HTTPD_FIX_H
#define HTTPD_FIX_H

/* An HTTP server on a loop, whose handler does as it is told, and clients. */
#include "t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "httpd.h"
#include "peer.h"

enum { BIG = 5 * 1024 * 1024, TURNS_MAX = 100000 };

struct fix {
	uv_loop_t loop;
	uv_timer_t ticker; /* so that no turn waits for long */
	struct httpd *httpd;
	struct sockaddr_storage at;
	int lets_in;
	enum httpd_time reply_at; /* earlier it is put off */
	int again;                /* so often */
	size_t body_len;          /* SIZE_MAX: no memory */
	int asked[HTTPD_LAST + 1];
	char path[HTTPREQ_TARGET_MAX + 1];
};

static inline int let_in(void *arg, const struct sockaddr *peer)
{
	struct fix *f = arg;

	assert_int_equal(peer->sa_family, AF_INET);
	return f->lets_in;
}

static inline enum httpd_next answer(
	void *arg, const struct httpd_request *q, struct httpd_reply *reply)
{
	struct fix *f = arg;

	f->asked[q->time]++;
	strcpy(f->path, q->path);
	if (q->time < f->reply_at ||
		(q->time == HTTPD_AGAIN && f->asked[HTTPD_AGAIN] < f->again))
		return HTTPD_LATER;
	reply->code = 200;
	if (f->body_len == SIZE_MAX)
		return HTTPD_REPLY;
	reply->policy = "none";
	reply->body = malloc(f->body_len + 1);
	memset(reply->body, 'x', f->body_len);
	reply->body[f->body_len] = '\0';
	return HTTPD_REPLY;
}

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static inline void start(struct fix *f)
{
	const struct httpd_handler handler = { let_in, answer, f };
	char address[ADDR_TEXT_MAX];
	struct addr_parts parts;

	memset(f, 0, sizeof(*f));
	f->lets_in = 1;
	f->body_len = 3;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	uv_timer_init(&f->loop, &f->ticker);
	uv_timer_start(&f->ticker, on_tick, 1, 1);
	assert_int_equal(
		httpd_open(&f->httpd, &f->loop, "127.0.0.1:0", &handler), 0);
	assert_int_equal(httpd_is(f->httpd, "127.0.0.1:0"), 1);
	assert_int_equal(httpd_is(f->httpd, "127.0.0.1:1"), 0);
	httpd_address(f->httpd, address);
	assert_int_equal(addr_split(&parts, address, 0), 0);
	assert_int_equal(addr_literal(&f->at, parts.host, parts.port), 0);
}

static inline void stop(struct fix *f)
{
	if (f->httpd != NULL)
		httpd_close(f->httpd);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	t_loop_close(&f->loop);
}

static inline void open_peer(struct fix *f, struct peer *p)
{
	p->len = strlen(p->text);
	p->got = BUF_INIT(2 * BIG);
	peer_open(p, &f->loop, (struct sockaddr *)&f->at);
}

/* One exchange; what was got, terminated, for the caller to free. */
static inline char *exchange(struct fix *f, struct peer *p)
{
	char *text;

	open_peer(f, p);
	t_run_until(&f->loop, &p->done, TURNS_MAX);
	text = calloc(1, p->got.len + 1);
	if (p->got.len > 0)
		memcpy(text, p->got.data, p->got.len);
	while (!p->closed)
		uv_run(&f->loop, UV_RUN_ONCE);
	peer_free(p);
	return text;
}

static inline char *ask_for(struct fix *f, const char *request)
{
	struct peer p = { .way = PEER_TALKS, .text = request };

	return exchange(f, &p);
}

/* Without the line that the clock makes. */
static inline void cut_date(char *text)
{
	char *date = strstr(text, "Date: "), *end;

	assert_non_null(date);
	end = strstr(date, "GMT\r\n");
	assert_non_null(end);
	memmove(date, end + 5, strlen(end + 5) + 1);
}

static inline void expect(struct fix *f, const char *request, const char *reply)
{
	char *text = ask_for(f, request);

	cut_date(text);
	assert_string_equal(text, reply);
	free(text);
}

#define FIXED \
	"Connection: close\r\nCache-Control: no-store\r\n" \
	"X-Content-Type-Options: nosniff\r\n"
#define GOOD \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" \
	"Content-Length: 3\r\n" FIXED
#define POLICY "Content-Security-Policy: none\r\n"

#endif
