#include "httpd.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "serve.h"
#include "text.h"

enum { LOOK_MS = 50 }; /* between two looks at what was put off */

/* A request whose answer has been put off. */
struct held {
	struct httpreq req;
	struct serve_conn *conn;
	uint64_t until_ms;
	struct held *next;
};

struct httpd {
	uv_timer_t timer; /* runs while somebody is held */
	struct serve *serve;
	struct httpd_handler handler;
	struct held *held;
	char *address; /* as it was given */
	char *text;    /* of the reply being sent */
};

/* --- replies --- */

static const char *reason(int code)
{
	static const struct {
		int code;
		const char *words;
	} reasons[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 431, "Request Header Fields Too Large" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].words;
	return "Internal Server Error";
}

static size_t make_head(char *dst, size_t cap, enum httpreq_method method,
	const struct httpd_reply *r, size_t body_len)
{
	bool tells_methods = r->code == 405 || method == HTTPREQ_OPTIONS;
	char date[sizeof("Sun, 22 Nov 2026 21:24:22 GMT")] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return text_format(dst, cap,
		"HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		"%s%s%s%s\r\n",
		r->code, reason(r->code), date, r->type, body_len,
		tells_methods ? "Allow: GET, HEAD, OPTIONS\r\n" : "",
		r->policy != NULL ? "Content-Security-Policy: " : "",
		r->policy != NULL ? r->policy : "",
		r->policy != NULL ? "\r\n" : "");
}

/* What goes over the wire, in h->text; its length, or 0 without memory. */
static size_t make_text(struct httpd *h, enum httpreq_method method,
	const struct httpd_reply *r)
{
	size_t body_len = strlen(r->body), len;
	char head[1024];

	len = make_head(head, sizeof(head), method, r, body_len);
	if (method == HTTPREQ_HEAD)
		body_len = 0;
	free(h->text);
	h->text = malloc(len + body_len);
	if (h->text == NULL)
		return 0;
	memcpy(h->text, head, len);
	memcpy(h->text + len, r->body, body_len);
	return len + body_len;
}

static size_t make_error(struct httpd *h, enum httpreq_method method, int code)
{
	struct httpd_reply r = { .code = code, .type = "text/plain" };
	char body[64];

	text_format(body, sizeof(body), "%d %s\n", code, reason(code));
	r.body = body;
	return make_text(h, method, &r);
}

/* Likewise; `r` is the handler's, and used up. */
static size_t make_reply(struct httpd *h, enum httpreq_method method,
	const struct httpd_reply *r)
{
	size_t len = r->body != NULL ? make_text(h, method, r)
				     : make_error(h, method, 500);

	free(r->body);
	return len;
}

static enum serve_next send_text(
	const struct httpd *h, struct serve_request *s, size_t len)
{
	s->reply = h->text;
	s->reply_len = len;
	return len > 0 ? SERVE_REPLY : SERVE_REFUSE;
}

/* --- asking the handler --- */

static enum httpd_next ask(struct httpd *h, const struct httpreq *req,
	enum httpd_time when, struct httpd_reply *reply)
{
	const struct httpd_request q = { req->method, req->wants, when,
		req->path };

	*reply = (struct httpd_reply){ .code = 500, .type = "text/plain" };
	return h->handler.answer(h->handler.arg, &q, reply);
}

static void on_timer(uv_timer_t *timer);

static void finish(struct httpd *h, struct held *one, size_t len)
{
	if (len > 0)
		serve_write(one->conn, h->text, len);
	serve_finish(one->conn);
	free(one);
}

static void on_timer(uv_timer_t *timer)
{
	struct httpd *h = timer->data;
	struct held *one, **link = &h->held;
	uint64_t now_ms = clock_now_ms();
	struct httpd_reply reply;

	while ((one = *link) != NULL) {
		enum httpd_time when =
			now_ms >= one->until_ms ? HTTPD_LAST : HTTPD_AGAIN;

		if (ask(h, &one->req, when, &reply) == HTTPD_LATER &&
			when != HTTPD_LAST) {
			link = &one->next;
			continue;
		}
		*link = one->next;
		finish(h, one, make_reply(h, one->req.method, &reply));
	}
	if (h->held == NULL)
		uv_timer_stop(timer);
}

static enum serve_next hold(
	struct httpd *h, struct serve_request *s, const struct httpreq *req)
{
	struct held *one = malloc(sizeof(*one));

	if (one == NULL)
		return SERVE_REFUSE;
	*one = (struct held){ .req = *req,
		.conn = s->conn,
		.until_ms = clock_now_ms() + HTTPD_HOLD_MS,
		.next = h->held };
	h->held = one;
	serve_hold_data(s->conn, one);
	/* Not anew for each newcomer: those that wait have a deadline. */
	if (!uv_is_active((uv_handle_t *)&h->timer))
		uv_timer_start(&h->timer, on_timer, LOOK_MS, LOOK_MS);
	return SERVE_HOLD;
}

static enum serve_next forget(struct httpd *h, struct held *gone)
{
	struct held **link = &h->held;

	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
	free(gone);
	return SERVE_REFUSE;
}

static enum serve_next on_whole(
	struct httpd *h, struct serve_request *s, const struct httpreq *req)
{
	struct httpd_reply reply;

	if (req->method == HTTPREQ_OTHER)
		return send_text(h, s, make_error(h, req->method, 405));
	if (ask(h, req, HTTPD_FIRST, &reply) == HTTPD_LATER)
		return hold(h, s, req);
	return send_text(h, s, make_reply(h, req->method, &reply));
}

/* --- connections --- */

static enum serve_next on_data(struct httpd *h, struct serve_request *s)
{
	struct httpreq req;
	int code = s->event == SERVE_LATE ? 408 : 400;

	switch (httpreq_parse(&req, s->data, s->len)) {
	case HTTPREQ_DONE:
		return on_whole(h, s, &req);
	case HTTPREQ_BAD:
		code = req.code;
		break;
	case HTTPREQ_MORE:
		if (s->event == SERVE_MORE)
			return SERVE_WAIT;
		/* Who only looks whether the port is open is not answered. */
		if (s->len == 0)
			return SERVE_REFUSE;
		break;
	}
	return send_text(h, s, make_error(h, req.method, code));
}

static enum serve_next on_request(struct serve_request *s, void *arg)
{
	struct httpd *h = arg;

	switch (s->event) {
	case SERVE_OPENED:
		return h->handler.let_in(h->handler.arg, s->peer)
			? SERVE_WAIT
			: SERVE_REFUSE;
	case SERVE_GONE:
		return forget(h, s->held);
	default:
		return on_data(h, s);
	}
}

/* --- life --- */

static void on_closed(uv_handle_t *handle)
{
	struct httpd *h = handle->data;

	free(h->address);
	free(h->text);
	free(h);
}

void httpd_close(struct httpd *h)
{
	struct held *one;

	if (h->serve != NULL)
		serve_close(h->serve);
	while ((one = h->held) != NULL) {
		h->held = one->next;
		free(one);
	}
	uv_close((uv_handle_t *)&h->timer, on_closed);
}

static int listen_there(struct httpd *h)
{
	int rc;

	if (h->address == NULL)
		return UV_ENOMEM;
	rc = serve_open_text(&h->serve, h->timer.loop, h->address,
		HTTPD_PATIENCE_MS, on_request, h);
	return rc == 0 ? serve_set_request_max(h->serve, HTTPREQ_HEAD_MAX) : rc;
}

int httpd_open(struct httpd **out, uv_loop_t *loop, const char *address,
	const struct httpd_handler *handler)
{
	struct httpd *h = calloc(1, sizeof(*h));
	int rc;

	if (h == NULL)
		return UV_ENOMEM;
	h->handler = *handler;
	h->address = strdup(address);
	uv_timer_init(loop, &h->timer);
	h->timer.data = h;
	rc = listen_there(h);
	if (rc == 0)
		*out = h;
	else
		httpd_close(h);
	return rc;
}

int httpd_is(const struct httpd *h, const char *address)
{
	return strcmp(h->address, address) == 0;
}

void httpd_address(const struct httpd *h, char dst[ADDR_TEXT_MAX])
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };

	serve_address(h->serve, &sa);
	addr_show(dst, (struct sockaddr *)&sa);
}
