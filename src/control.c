#include "control.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "change.h"
#include "command.h"
#include "held.h"
#include "log.h"
#include "report.h"
#include "serve.h"
#include "text.h"
#include "unixsock.h"
#include "who.h"

enum { PATIENCE_MS = 5000 }; /* for a line */

struct control {
	struct control_options options;
	struct held_list held;
	struct serve *serve;
	char *path;
	gid_t group;
	char *answer; /* of the request being served */
};

/* --- replies --- */

static enum serve_next answer(
	struct control *c, struct serve_request *r, char *text)
{
	static const char no_memory[] = "error 1 usherd has no memory\n";

	free(c->answer);
	c->answer = text;
	r->reply = text != NULL ? text : no_memory;
	r->reply_len = strlen(r->reply);
	return SERVE_REPLY;
}

static enum serve_next answer_error(struct control *c, struct serve_request *r,
	enum command_exit code, const char *sentence)
{
	char text[COMMAND_ERROR_MAX + 32];

	text_format(text, sizeof(text), "error %d %s\n", (int)code, sentence);
	return answer(c, r, strdup(text));
}

/* "ok" and a body, which is freed. */
static enum serve_next answer_ok(
	struct control *c, struct serve_request *r, char *body)
{
	size_t size = body != NULL ? strlen(body) + 4 : 0;
	char *text = body != NULL ? malloc(size) : NULL;

	if (text != NULL)
		text_format(text, size, "ok\n%s", body);
	free(body);
	return answer(c, r, text);
}

/* --- commands --- */

static char *render_status(const struct control *c,
	const struct change_target *all, size_t n, unsigned flags)
{
	struct report_server *list = calloc(n, sizeof(*list));
	struct report report = { .servers = list,
		.problem = orderbook_problem(c->options.book),
		.now_s = time(NULL) };
	enum report_color color =
		(flags & COMMAND_COLOR) != 0 ? REPORT_COLOR : REPORT_PLAIN;
	char *text;

	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (all[i].chosen)
			list[report.n++] =
				(struct report_server){ .name = all[i].name,
					.view = all[i].view,
					.orders = &all[i].now };
	text = (flags & COMMAND_JSON) != 0 ? report_json(&report)
					   : report_text(&report, color);
	free(list);
	return text;
}

/* Without a name, all of them. */
static enum serve_next show_status(struct control *c, struct serve_request *r,
	const struct command *command)
{
	struct command which = *command;
	char error[COMMAND_ERROR_MAX];
	enum serve_next next;
	size_t n;
	struct change_target *all = orderbook_look(c->options.book, &n);

	if (all == NULL)
		return answer(c, r, NULL);
	if (*which.server == '\0')
		which.flags |= COMMAND_ALL;
	if (change_choose(all, n, &which, error) == CHANGE_DONE)
		next = answer_ok(
			c, r, render_status(c, all, n, command->flags));
	else
		next = answer_error(c, r, COMMAND_EXIT_ERROR, error);
	free(all);
	return next;
}

static enum serve_next probe_now(struct control *c, struct serve_request *r,
	const struct command *command)
{
	char error[COMMAND_ERROR_MAX] = "usherd has no memory";
	enum change_verdict verdict = CHANGE_WRONG;
	size_t n;
	struct change_target *all = orderbook_look(c->options.book, &n);

	if (all != NULL)
		verdict = change_choose(all, n, command, error);
	for (size_t i = 0; verdict == CHANGE_DONE && i < n; i++)
		if (all[i].chosen)
			server_probe_now(fleet_server(c->options.fleet, i));
	free(all);
	if (verdict != CHANGE_DONE)
		return answer_error(c, r, COMMAND_EXIT_ERROR, error);
	return answer_ok(c, r, strdup("a probe has begun\n"));
}

static enum serve_next reload(struct control *c, struct serve_request *r)
{
	char error[COMMAND_ERROR_MAX] = "";

	c->options.reload(c->options.arg, error, sizeof(error));
	if (*error != '\0')
		return answer_error(c, r, COMMAND_EXIT_ERROR, error);
	return answer_ok(c, r, strdup("reloaded\n"));
}

static enum serve_next set_log_level(struct control *c, struct serve_request *r,
	const struct command *command)
{
	enum log_level level;

	if (log_find_level(command->word, &level) != 0)
		return answer_error(c, r, COMMAND_EXIT_USAGE,
			"log-level: one of error, warn, info, debug");
	log_set_level(level);
	return answer_ok(c, r, strdup(""));
}

static enum serve_next help(
	struct control *c, struct serve_request *r, const char *topic)
{
	char text[4096] = "", error[COMMAND_ERROR_MAX];
	const struct command_spec *spec = NULL;
	size_t used = 0;

	if (*topic != '\0') {
		spec = command_find(topic, error);
		if (spec == NULL)
			return answer_error(c, r, COMMAND_EXIT_USAGE, error);
	}
	for (size_t i = 0; i < command_specs_n; i++)
		if (spec == NULL || spec == &command_specs[i])
			used += command_usage(text + used, sizeof(text) - used,
				&command_specs[i]);
	return answer_ok(c, r, strdup(text));
}

/* Under sudo, usherctl says who root really is. */
static enum serve_next take_order(struct control *c, struct serve_request *r,
	const struct command *command, const struct who *who)
{
	bool named = who->uid == 0 && *command->by != '\0';

	if (held_order(&c->held, r->conn, command,
		    named ? command->by : who->name) != 0)
		return answer(c, r, NULL);
	return SERVE_HOLD;
}

static enum serve_next begin_monitor(struct control *c, struct serve_request *r,
	const struct command *command)
{
	if (held_monitor(&c->held, r->conn, command) != 0)
		return answer(c, r, NULL);
	return SERVE_HOLD;
}

static void on_change(void *arg, const struct history_entry *e)
{
	struct control *c = arg;

	held_tell(&c->held, e);
}

static enum serve_next show_log(struct control *c, struct serve_request *r,
	const struct command *command)
{
	const struct history *h = c->options.history;

	return answer_ok(c, r,
		(command->flags & COMMAND_JSON) != 0 ? report_history_json(h)
						     : report_history_text(h));
}

static enum serve_next execute(struct control *c, struct serve_request *r,
	const struct command *command)
{
	struct who who = who_is(r->fd, c->group);
	char error[COMMAND_ERROR_MAX];

	if (command->spec->right == COMMAND_ORDERS &&
		who.right != WHO_MAY_ORDER) {
		text_format(error, sizeof(error),
			"%s: only root and members of the group %s may do "
			"this; you are %s",
			command->spec->name,
			fleet_config(c->options.fleet)->control_group,
			who.name);
		log_warn("order by=\"%s\" text=\"refused: %s\"", who.name,
			command->spec->name);
		return answer_error(c, r, COMMAND_EXIT_REFUSED, error);
	}
	switch (command->spec->id) {
	case COMMAND_STATUS:
		return show_status(c, r, command);
	case COMMAND_LOG:
		return show_log(c, r, command);
	case COMMAND_MONITOR:
		return begin_monitor(c, r, command);
	case COMMAND_VERSION:
		return answer_ok(c, r, strdup("usherd " VERSION "\n"));
	case COMMAND_HELP:
		return help(c, r, command->word);
	case COMMAND_PROBE:
		return probe_now(c, r, command);
	case COMMAND_RELOAD:
		return reload(c, r);
	case COMMAND_LOG_LEVEL:
		return set_log_level(c, r, command);
	default:
		return take_order(c, r, command, &who);
	}
}

static enum serve_next on_line(
	struct control *c, struct serve_request *r, size_t len)
{
	char line[SERVE_COMMAND_MAX + 1], error[COMMAND_ERROR_MAX];
	char *words[COMMAND_WORDS_MAX];
	struct command command;
	int n;

	memcpy(line, r->data, len);
	line[len] = '\0';
	line[strcspn(line, "\r")] = '\0';
	n = command_split(line, words);
	if (n < 0)
		return answer_error(c, r, COMMAND_EXIT_USAGE,
			"the line has too many words, or a quote with no end");
	if (command_parse(&command, n, words, error) != 0) {
		text_printable(error, strlen(error));
		return answer_error(c, r, COMMAND_EXIT_USAGE, error);
	}
	return execute(c, r, &command);
}

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	struct control *c = arg;
	const char *end = memchr(r->data, '\n', r->len);

	switch (r->event) {
	case SERVE_OPENED:
		return SERVE_WAIT;
	case SERVE_GONE:
		held_gone(r->held);
		return SERVE_REFUSE;
	case SERVE_MORE:
		return end != NULL ? on_line(c, r, (size_t)(end - r->data))
				   : SERVE_WAIT;
	case SERVE_ENDED:
		return r->len > 0 ? on_line(c, r, r->len) : SERVE_REFUSE;
	case SERVE_LATE:
		return answer_error(
			c, r, COMMAND_EXIT_USAGE, "no line came in time");
	case SERVE_FULL:
		break;
	}
	return end != NULL ? on_line(c, r, (size_t)(end - r->data))
			   : answer_error(c, r, COMMAND_EXIT_USAGE,
				     "the line is too long");
}

/* --- life --- */

static int listen_there(struct control *c)
{
	char error[UNIXSOCK_ERROR_MAX];
	int fd = unixsock_bind(c->path, error), rc;

	if (fd < 0) {
		log_error("control text=\"control-socket = %s\"", error);
		return UV_EADDRNOTAVAIL;
	}
	rc = serve_open_unix(
		&c->serve, c->options.loop, fd, PATIENCE_MS, on_request, c);
	if (rc != 0) {
		log_error("control text=\"control-socket = %s: %s\"", c->path,
			uv_strerror(rc));
		unlink(c->path);
	}
	return rc;
}

int control_open(struct control **out, const struct control_options *o)
{
	const struct config *config = fleet_config(o->fleet);
	struct control *c = calloc(1, sizeof(*c));
	int rc = UV_ENOMEM;

	if (c == NULL)
		return rc;
	c->options = *o;
	c->held.book = o->book;
	c->path = strdup(config->control_socket);
	c->group = who_group(config->control_group);
	if (c->path != NULL)
		rc = listen_there(c);
	if (rc != 0) {
		free(c->path);
		free(c);
		return rc;
	}
	if (c->group == WHO_NO_GROUP)
		log_info("control text=\"there is no group %s: only root may "
			 "give orders\"",
			config->control_group);
	history_follow(o->history, on_change, c);
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	history_follow(c->options.history, NULL, NULL);
	serve_close(c->serve);
	held_close(&c->held);
	unlink(c->path);
	free(c->path);
	free(c->answer);
	free(c);
}
