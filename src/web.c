#include "web.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "metrics.h"
#include "page.h"
#include "seen.h"
#include "text.h"

struct web {
	struct show show;
	struct seen refused_from;
	char policy[PAGE_POLICY_MAX];
};

static const char plain[] = "text/plain; charset=utf-8";

/* --- the check of old --- */

/* Without an order that decides, who has not been probed yet is waited for. */
static bool undecided(const struct standing_view *v, const struct orders *o)
{
	return v->verdict == VERDICT_NONE && !order_keeps_out(o) &&
		o->state.kind == ORDER_NONE;
}

/*
 * What a drain says to `http-check disable-on-404`: no new work, but what there
 * is may end.  Where the server is dead too, that comes first.
 */
static bool only_drained(const struct standing_view *v, const struct orders *o)
{
	if (v->verdict == VERDICT_FAIL || v->verdict == VERDICT_DOWN)
		return false;
	return v->lines[ANSWER_WITH_READY].told == ANSWER_DRAIN ||
		(v->lines[ANSWER_WITH_READY].told == ANSWER_OUT &&
			o->state.kind == ORDER_NONE);
}

enum drain_says { DRAIN_SAYS_503, DRAIN_SAYS_404 };

static enum httpd_next check(struct server *s, enum httpd_time when,
	enum drain_says drain, struct httpd_reply *reply)
{
	const struct orders *orders = standing_orders(server_standing(s));
	struct standing_view view;
	const char *words = "Puppetmaster is running.\r\n";

	if (when == HTTPD_FIRST)
		standing_checked(server_standing(s));
	standing_look(server_standing(s), &view);
	if (when != HTTPD_LAST && undecided(&view, orders))
		return HTTPD_LATER;
	reply->code = 200;
	if (!standing_in_service(&view, orders)) {
		reply->code = 503;
		words = "Puppetmaster has failed.\r\n";
		if (drain == DRAIN_SAYS_404 && only_drained(&view, orders)) {
			reply->code = 404;
			words = "Puppetmaster is drained.\r\n";
		}
	}
	reply->type = plain;
	reply->body = strdup(words);
	return HTTPD_REPLY;
}

/* --- pages --- */

static enum httpd_next say(
	struct httpd_reply *reply, int code, const char *sentence)
{
	reply->code = code;
	reply->type = plain;
	reply->body = strdup(sentence);
	return HTTPD_REPLY;
}

static enum httpd_next report(struct web *w, struct httpd_reply *reply,
	char *(*make)(const struct report *r), const char *type)
{
	const struct command command = { .flags = COMMAND_JSON };
	char error[COMMAND_ERROR_MAX];

	reply->code = 200;
	reply->type = type;
	reply->body = show_servers(&w->show, &command, make, error);
	return HTTPD_REPLY;
}

static enum httpd_next show_page(struct web *w, struct httpd_reply *reply)
{
	reply->policy = w->policy;
	return report(w, reply, page_render, "text/html; charset=utf-8");
}

/* --- paths --- */

/*
 * To `http-check disable-on-404` a 404 is a server that works on: what is no
 * server of ours is none there.
 */
static int no_server(enum drain_says drain)
{
	return drain == DRAIN_SAYS_404 ? 503 : 404;
}

/* "/server/NAME" and "/server/NAME/drainable" */
static enum httpd_next server(struct web *w, const struct httpd_request *q,
	const char *rest, struct httpd_reply *reply)
{
	enum drain_says drain = DRAIN_SAYS_503;
	size_t len = strcspn(rest, "/");
	char name[COMMAND_NAME_MAX];
	struct server *s = NULL;

	if (len < sizeof(name)) {
		text_format(name, sizeof(name), "%.*s", (int)len, rest);
		s = fleet_find(w->show.fleet, name);
	}
	if (strcmp(rest + len, "/drainable") == 0)
		drain = DRAIN_SAYS_404;
	else if (rest[len] != '\0')
		s = NULL;
	if (s == NULL)
		return say(reply, no_server(drain),
			"There is no such page, or no [server] section has "
			"this name.\n");
	return check(s, q->time, drain, reply);
}

/* The check of the one server that there is. */
static enum httpd_next only(struct web *w, const struct httpd_request *q,
	enum drain_says drain, struct httpd_reply *reply)
{
	if (fleet_server(w->show.fleet, 1) != NULL)
		return say(reply, no_server(drain),
			"Several servers are looked after here: ask for "
			"/server/NAME, or /server/NAME/drainable.\n");
	return check(fleet_server(w->show.fleet, 0), q->time, drain, reply);
}

static enum httpd_next answer(
	void *arg, const struct httpd_request *q, struct httpd_reply *reply)
{
	struct web *w = arg;

	if (strcmp(q->path, "/") == 0 && q->wants == HTTPREQ_HTML)
		return show_page(w, reply);
	if (strcmp(q->path, "/") == 0 || strcmp(q->path, "*") == 0)
		return only(w, q, DRAIN_SAYS_503, reply);
	if (strcmp(q->path, "/drainable") == 0)
		return only(w, q, DRAIN_SAYS_404, reply);
	if (strncmp(q->path, "/server/", 8) == 0)
		return server(w, q, q->path + 8, reply);
	if (strcmp(q->path, "/metrics") == 0)
		return report(w, reply, metrics_render,
			"text/plain; version=0.0.4; charset=utf-8");
	if (strcmp(q->path, "/status") == 0)
		return report(w, reply, report_status, "application/json");
	return say(reply, 404,
		"There are /, /drainable, /server/NAME, "
		"/server/NAME/drainable, /metrics and /status.\n");
}

static int let_in(void *arg, const struct sockaddr *peer)
{
	struct web *w = arg;
	const struct config *config = fleet_config(w->show.fleet);
	char address[ADDR_TEXT_MAX];
	enum seen_answer seen;

	if (addr_in_nets(peer, config->allow, config->n_allow))
		return 1;
	addr_show_host(address, peer);
	seen = seen_look(&w->refused_from, address, strlen(address));
	if (seen != SEEN_KNOWN)
		log_warn("refused client=%s text=\"not in allow%s\"", address,
			seen == SEEN_FULL ? "; more will not be listed" : "");
	return 0;
}

/* --- life --- */

struct web *web_new(void)
{
	struct web *w = calloc(1, sizeof(*w));

	if (w != NULL && page_policy(w->policy) != 0) {
		free(w);
		return NULL;
	}
	return w;
}

void web_free(struct web *w)
{
	free(w);
}

struct httpd_handler web_handler(struct web *w)
{
	return (struct httpd_handler){ let_in, answer, w };
}

void web_start(struct web *w, const struct show *show)
{
	w->show = *show;
}
