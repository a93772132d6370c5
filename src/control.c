#include "control.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "command.h"
#include "held.h"
#include "log.h"
#include "report.h"
#include "seen.h"
#include "serve.h"
#include "text.h"
#include "unixsock.h"
#include "who.h"
#include "words.h"

enum {
	PATIENCE_MS = 5000,   /* for a line */
	REFUSED_MS = 3600000, /* then what was refused is said again */
};

struct control {
	struct control_options options;
	struct held_list held;
	struct serve *serve;
	char *path;
	gid_t group;
	char *answer; /* of the request being served */
	struct seen refused;
	uint64_t refused_since_ms;
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
	char text[SHOW_ERROR_MAX];

	show_error(text, code, sentence);
	return answer(c, r, strdup(text));
}

/* "ok" and a body, which is freed. */
static enum serve_next answer_ok(
	struct control *c, struct serve_request *r, char *body)
{
	return answer(c, r, show_ok(body));
}

/* --- commands --- */

static enum serve_next reload(struct control *c, struct serve_request *r,
	const struct command *command)
{
	char error[COMMAND_ERROR_MAX] = "";

	c->options.reload(c->options.arg, error, sizeof(error));
	if (*error != '\0')
		return answer_error(c, r, COMMAND_EXIT_ERROR, error);
	return answer_ok(c, r, show_sentence("reloaded", command->flags));
}

static enum serve_next set_log_level(struct control *c, struct serve_request *r,
	const struct command *command)
{
	enum log_level level;

	if (log_find_level(command->word, &level) != 0)
		return answer_error(c, r, COMMAND_EXIT_USAGE,
			"log-level: one of error, warn, info, debug");
	log_set_level(level);
	return answer_ok(c, r, show_sentence(command->word, command->flags));
}

static enum serve_next help(struct control *c, struct serve_request *r,
	const struct command *command)
{
	char error[COMMAND_ERROR_MAX];
	char *text = show_help(command, error);

	if (text == NULL)
		return answer_error(c, r, COMMAND_EXIT_USAGE, error);
	return answer_ok(c, r, text);
}

/* What a held_*() call has come to. */
static enum serve_next hold(
	struct control *c, struct serve_request *r, int rc, const char *error)
{
	switch (rc) {
	case 0:
		return SERVE_HOLD;
	case UV_EINVAL:
		return answer_error(c, r, COMMAND_EXIT_ERROR, error);
	case UV_EPERM:
		return answer_error(c, r, COMMAND_EXIT_REFUSED, error);
	default:
		return answer(c, r, NULL);
	}
}

static enum serve_next show(struct control *c, struct serve_request *r,
	const struct command *command, const struct who *who,
	held_report_make make)
{
	char error[COMMAND_ERROR_MAX] = "";

	return hold(c, r,
		held_report(&c->held, r->conn, command, who, make, error),
		error);
}

/* Under sudo, usherctl says who root really is. */
static enum serve_next take_order(struct control *c, struct serve_request *r,
	const struct command *command, uid_t uid, const char *name)
{
	bool named = uid == 0 && *command->by != '\0';

	return hold(c, r,
		held_order(
			&c->held, r->conn, command, named ? command->by : name),
		"");
}

static void on_change(void *arg, const struct history_entry *e)
{
	struct control *c = arg;

	held_tell(&c->held, e);
}

/* Commands that anybody may give. */
static enum serve_next look(struct control *c, struct serve_request *r,
	const struct command *command, const struct who *who)
{
	char error[COMMAND_ERROR_MAX] = "";

	switch (command->spec->id) {
	case COMMAND_STATUS:
		return show(c, r, command, who, report_status);
	case COMMAND_EXPLAIN:
		return show(c, r, command, who, report_explain);
	case COMMAND_POLLERS:
		return show(c, r, command, who, report_pollers);
	case COMMAND_DOCTOR:
		return answer_error(c, r, COMMAND_EXIT_USAGE,
			"doctor: usherctl asks HAProxy itself; usherd has no "
			"part in it");
	case COMMAND_HAPROXY_CONFIG:
		return show(c, r, command, who, report_haproxy);
	case COMMAND_WAIT:
		return hold(c, r,
			held_wait(&c->held, r->conn, command, who, error),
			error);
	case COMMAND_LOG:
		return hold(c, r,
			held_log(&c->held, r->conn, command, who, error),
			error);
	case COMMAND_MONITOR:
		return hold(c, r,
			held_monitor(&c->held, r->conn, command, who, error),
			error);
	case COMMAND_VERSION:
		return answer_ok(
			c, r, show_sentence("usherd " VERSION, command->flags));
	default:
		return help(c, r, command);
	}
}

static enum serve_next act(struct control *c, struct serve_request *r,
	const struct command *command, const struct who *who)
{
	char error[COMMAND_ERROR_MAX] = "", name[ORDER_WHO_MAX];

	who_name(name, who->uid);
	switch (command->spec->id) {
	case COMMAND_PROBE:
		audit_act(name, "probe", command->server);
		return hold(c, r, held_probe(&c->held, r->conn, command, error),
			error);
	case COMMAND_RELOAD:
		audit_act(name, "reload", "");
		return reload(c, r, command);
	case COMMAND_LOG_LEVEL:
		audit_act(name, "log-level", command->word);
		return set_log_level(c, r, command);
	default:
		return take_order(c, r, command, who->uid, name);
	}
}

/* Once an hour for each user and command: it would drown the others' lines. */
static void warn_refused(struct control *c, const char *by, const char *command)
{
	uint64_t now_ms = uv_now(c->options.loop);
	char key[ORDER_WHO_MAX + 64];
	size_t len = text_format(key, sizeof(key), "%s %s", by, command);
	enum seen_answer seen;

	if (now_ms - c->refused_since_ms >= REFUSED_MS) {
		c->refused_since_ms = now_ms;
		c->refused = (struct seen){ .n = 0 };
	}
	seen = seen_look(&c->refused, key, len);
	if (seen != SEEN_KNOWN)
		log_warn("order by=\"%s\" text=\"refused: %s%s\"", by, command,
			seen == SEEN_FULL ? "; more will not be listed" : "");
}

static enum serve_next execute(struct control *c, struct serve_request *r,
	const struct command *command)
{
	struct who who = who_is(r->fd, c->group);
	char error[COMMAND_ERROR_MAX], name[ORDER_WHO_MAX];

	if (command->spec->right == COMMAND_LOOKS)
		return look(c, r, command, &who);
	if (who.right == WHO_MAY_ORDER)
		return act(c, r, command, &who);
	who_name(name, who.uid);
	text_format(error, sizeof(error),
		"%s: only root and members of the group %s may do this; you "
		"are %s",
		command->spec->name,
		fleet_config(c->options.fleet)->control_group, name);
	warn_refused(c, name, command->spec->name);
	return answer_error(c, r, COMMAND_EXIT_REFUSED, error);
}

static enum serve_next on_line(
	struct control *c, struct serve_request *r, size_t len)
{
	char line[SERVE_COMMAND_MAX + 1], error[COMMAND_ERROR_MAX];
	char *words[WORDS_MAX];
	struct command command;
	int n;

	memcpy(line, r->data, len);
	line[len] = '\0';
	line[strcspn(line, "\r")] = '\0';
	n = words_split(line, words);
	if (n < 0)
		return answer_error(c, r, COMMAND_EXIT_USAGE,
			"the line has too many words, or a quote with no end");
	if (command_parse(&command, n, words, error) != 0)
		return answer_error(c, r, COMMAND_EXIT_USAGE, error);
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
	const struct show show = { o->fleet, o->book, o->history };
	struct control *c = calloc(1, sizeof(*c));
	int rc = UV_ENOMEM;

	if (c == NULL)
		return rc;
	c->options = *o;
	c->path = strdup(config->control_socket);
	c->group = who_group(config->control_group);
	if (c->path != NULL)
		rc = held_open(&c->held, &show, o->loop);
	if (rc == 0) {
		rc = listen_there(c);
		if (rc != 0)
			held_close(&c->held);
	}
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
