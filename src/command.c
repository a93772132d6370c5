#include "command.h"

#include <string.h>

#include <uv.h>

#include "text.h"

#define WHERE (COMMAND_TAKES_SERVER | COMMAND_TAKES_ALL)
#define ORDER \
	(WHERE | COMMAND_TAKES_REASON | COMMAND_TAKES_END | \
		COMMAND_TAKES_KEEPING)
#define WAITS (COMMAND_TAKES_WAIT | COMMAND_TAKES_LIMITS)
#define ORDER_ARGUMENTS "[SERVER | --all] [-m REASON] [--for TIME] [--volatile]"
#define WAIT_ARGUMENTS "[--wait [--timeout TIME] [--settle TIME]]"

/* clang-format off */
const struct command_spec command_specs[] = {
	{ "status", COMMAND_STATUS, COMMAND_LOOKS, COMMAND_TAKES_SERVER,
		"[SERVER] [-q]",
		"Show each server: measured, ordered, and what HAProxy is told." },
	{ "explain", COMMAND_EXPLAIN, COMMAND_LOOKS, COMMAND_TAKES_SERVER,
		"[SERVER]",
		"Show why HAProxy is told what it is told, fact by fact." },
	{ "pollers", COMMAND_POLLERS, COMMAND_LOOKS, COMMAND_TAKES_SERVER,
		"[SERVER]",
		"Show each HAProxy that asks: when, and what it was told." },
	{ "drain", COMMAND_DRAIN, COMMAND_ORDERS,
		ORDER | WAITS | COMMAND_TAKES_FORCE,
		ORDER_ARGUMENTS " [--force] " WAIT_ARGUMENTS,
		"No new connections; those that are open may finish." },
	{ "maint", COMMAND_MAINT, COMMAND_ORDERS,
		ORDER | WAITS | COMMAND_TAKES_FORCE,
		ORDER_ARGUMENTS " [--force] " WAIT_ARGUMENTS,
		"Out of service, and HAProxy's own health check paused." },
	{ "down", COMMAND_DOWN, COMMAND_ORDERS,
		ORDER | WAITS | COMMAND_TAKES_FORCE,
		ORDER_ARGUMENTS " [--force] " WAIT_ARGUMENTS,
		"Out of service, whatever the probe says." },
	{ "up", COMMAND_UP, COMMAND_ORDERS, ORDER,
		"[SERVER | --all] --for TIME [-m REASON] [--volatile]",
		"In service, whatever the probe says; needs --for, since it "
		"hides a dead server." },
	{ "weight", COMMAND_WEIGHT, COMMAND_ORDERS,
		ORDER | COMMAND_TAKES_PERCENT | COMMAND_TAKES_FORCE,
		"N% " ORDER_ARGUMENTS " [--force]",
		"At most N per cent of the weight in HAProxy's configuration." },
	{ "auto", COMMAND_AUTO, COMMAND_ORDERS,
		WHERE | COMMAND_TAKES_SLOT | COMMAND_TAKES_KEEPING,
		"[SERVER | --all] [--state | --weight | --hold] [--volatile]",
		"End people's orders, not a hold: back to what the probe says." },
	{ "hold", COMMAND_HOLD, COMMAND_ORDERS,
		ORDER | WAITS | COMMAND_TAKES_FORCE,
		ORDER_ARGUMENTS " [--force] " WAIT_ARGUMENTS,
		"Drain around a restart: ends by itself when the server has "
		"gone and come back." },
	{ "release", COMMAND_RELEASE, COMMAND_ORDERS,
		WHERE | WAITS | COMMAND_TAKES_REASON,
		"[SERVER | --all] [-m REASON] " WAIT_ARGUMENTS,
		"Give the server back to HAProxy, before usher is removed: "
		"up and ready for 30s, then the port closes." },
	{ "wait", COMMAND_WAIT, COMMAND_LOOKS,
		WHERE | COMMAND_TAKES_WORD | COMMAND_TAKES_LIMITS,
		"idle | serving [SERVER | --all] [--timeout TIME] "
		"[--settle TIME]",
		"Wait until a drained server has nothing left to do, or a "
		"started one is in service." },
	{ "probe", COMMAND_PROBE, COMMAND_ORDERS, COMMAND_TAKES_SERVER,
		"[SERVER]",
		"Probe now, with a full handshake, and show each step." },
	{ "reload", COMMAND_RELOAD, COMMAND_ORDERS, 0, "",
		"Read the configuration again; on an error the old one stays." },
	{ "log-level", COMMAND_LOG_LEVEL, COMMAND_ORDERS, COMMAND_TAKES_WORD,
		"error | warn | info | debug",
		"Change what is logged, until the next reload." },
	{ "log", COMMAND_LOG, COMMAND_LOOKS, 0, "",
		"Show the last changes: verdicts, replies, orders." },
	{ "monitor", COMMAND_MONITOR, COMMAND_LOOKS, 0, "",
		"Show each change as it comes, until Ctrl-C." },
	{ "version", COMMAND_VERSION, COMMAND_LOOKS, 0, "",
		"Print usherd's version." },
	{ "help", COMMAND_HELP, COMMAND_LOOKS, COMMAND_TAKES_WORD,
		"[COMMAND]", "Say what a command does." },
};
/* clang-format on */

const size_t command_specs_n = sizeof(command_specs) / sizeof(*command_specs);

static const struct {
	const char *name;
	unsigned takes; /* what the command must take */
	unsigned flag;
} switches[] = {
	{ "--all", COMMAND_TAKES_ALL, COMMAND_ALL },
	{ "--force", COMMAND_TAKES_FORCE, COMMAND_FORCE },
	{ "--volatile", COMMAND_TAKES_KEEPING, COMMAND_VOLATILE },
	{ "--state", COMMAND_TAKES_SLOT, COMMAND_STATE },
	{ "--weight", COMMAND_TAKES_SLOT, COMMAND_CEILING },
	{ "--hold", COMMAND_TAKES_SLOT, COMMAND_HOLD_SLOT },
	{ "--wait", COMMAND_TAKES_WAIT, COMMAND_WAITS },
	{ "-j", 0, COMMAND_JSON },
	{ "--color", 0, COMMAND_COLOR },
};

const struct command_spec *command_find(
	const char *name, char error[COMMAND_ERROR_MAX])
{
	const char *names[32], *meant;

	for (size_t i = 0; i < command_specs_n; i++) {
		if (strcmp(command_specs[i].name, name) == 0)
			return &command_specs[i];
		names[i] = command_specs[i].name;
	}
	meant = text_did_you_mean(name, names, command_specs_n);
	if (meant != NULL)
		text_format(error, COMMAND_ERROR_MAX,
			"unknown command %.40s; did you mean %s?", name, meant);
	else
		text_format(error, COMMAND_ERROR_MAX,
			"unknown command %.40s; `help` lists them", name);
	return NULL;
}

size_t command_usage(char *dst, size_t cap, const struct command_spec *spec)
{
	return text_format(dst, cap, "usherctl %s%s%s\n  %s\n", spec->name,
		*spec->arguments != '\0' ? " " : "", spec->arguments,
		spec->help);
}

static int usage_error(const struct command *c, char error[COMMAND_ERROR_MAX],
	const char *what, const char *word)
{
	text_format(error, COMMAND_ERROR_MAX, "%s: %s%.60s; usage: %s %s",
		c->spec->name, what, word, c->spec->name, c->spec->arguments);
	return UV_EINVAL;
}

static int take_percent(struct command *c, const char *word, size_t digits,
	char error[COMMAND_ERROR_MAX])
{
	char number[8];
	uint64_t percent;

	if ((c->flags & COMMAND_PERCENT) != 0)
		return usage_error(
			c, error, "takes one percentage, not ", word);
	text_format(number, sizeof(number), "%.*s", (int)digits, word);
	if (digits >= sizeof(number) ||
		text_parse_number(number, 100, &percent) != 0 ||
		(c->spec->takes & COMMAND_TAKES_PERCENT) == 0)
		return usage_error(c, error,
			"a percentage is a whole number from 0% to 100%, not ",
			word);
	c->percent = (unsigned)percent;
	c->flags |= COMMAND_PERCENT;
	return 0;
}

/* A word that is no option: a percentage, a server, or the command's own. */
static int take_word(
	struct command *c, const char *word, char error[COMMAND_ERROR_MAX])
{
	size_t len = strlen(word);

	if (len > 0 && word[len - 1] == '%')
		return take_percent(c, word, len - 1, error);
	if ((c->spec->takes & COMMAND_TAKES_WORD) != 0 && *c->word == '\0' &&
		len < sizeof(c->word)) {
		text_format(c->word, sizeof(c->word), "%s", word);
		return 0;
	}
	if ((c->spec->takes & COMMAND_TAKES_SERVER) == 0 ||
		*c->server != '\0' || len == 0 || len >= sizeof(c->server))
		return usage_error(c, error, "does not take ", word);
	text_format(c->server, sizeof(c->server), "%s", word);
	return 0;
}

static int take_reason(
	struct command *c, const char *value, char error[COMMAND_ERROR_MAX])
{
	if (strlen(value) >= sizeof(c->why))
		return usage_error(
			c, error, "a reason has at most 255 bytes", "");
	text_format(c->why, sizeof(c->why), "%s", value);
	text_clean(c->why);
	c->flags |= COMMAND_REASON;
	return 0;
}

/* Options with a time, of a second at least. */
static const struct {
	const char *name;
	unsigned takes;
	size_t offset;
} times[] = {
	{ "--for", COMMAND_TAKES_END, offsetof(struct command, for_ms) },
	{ "--timeout", COMMAND_TAKES_LIMITS,
		offsetof(struct command, timeout_ms) },
	{ "--settle", COMMAND_TAKES_LIMITS,
		offsetof(struct command, settle_ms) },
};

static int take_time(struct command *c, const char *option, const char *value,
	char error[COMMAND_ERROR_MAX])
{
	char what[80];

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		uint64_t ms;

		if (strcmp(times[i].name, option) != 0 ||
			(c->spec->takes & times[i].takes) == 0)
			continue;
		if (text_parse_time(value, &ms) != 0 || ms < 1000)
			text_format(what, sizeof(what),
				"%s is a whole number with s, m, h or d, such "
				"as 30m, not ",
				option);
		else if (ms > COMMAND_TIME_MAX_MS)
			text_format(what, sizeof(what),
				"%s is at most 3650d, not ", option);
		else {
			memcpy((char *)c + times[i].offset, &ms, sizeof(ms));
			return 0;
		}
		return usage_error(c, error, what, value);
	}
	return usage_error(c, error, "does not take ", option);
}

static int take_value(struct command *c, const char *option, const char *value,
	char error[COMMAND_ERROR_MAX])
{
	uint64_t width;

	if (value == NULL)
		return usage_error(
			c, error, "a value is missing after ", option);
	if (strcmp(option, "--by") == 0) {
		text_format(c->by, sizeof(c->by), "%s", value);
		text_clean(c->by);
		return 0;
	}
	if (strcmp(option, "--width") == 0) {
		if (text_parse_number(value, 1000, &width) != 0)
			return usage_error(c, error,
				"--width is a number of columns, not ", value);
		c->width = (unsigned)width;
		return 0;
	}
	if (strcmp(option, "-m") == 0 &&
		(c->spec->takes & COMMAND_TAKES_REASON) != 0)
		return take_reason(c, value, error);
	return take_time(c, option, value, error);
}

static int take_switch(
	struct command *c, const char *word, char error[COMMAND_ERROR_MAX])
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		if (strcmp(switches[i].name, word) != 0)
			continue;
		if (switches[i].takes != 0 &&
			(c->spec->takes & switches[i].takes) == 0)
			break;
		c->flags |= switches[i].flag;
		return 0;
	}
	return usage_error(c, error, "does not take ", word);
}

int command_has_value(const char *word)
{
	static const char *const words[] = { "-m", "--for", "--timeout",
		"--settle", "--by", "--width" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], word) == 0)
			return 1;
	return 0;
}

/* What only the whole line tells. */
static int check_whole(const struct command *c, char error[COMMAND_ERROR_MAX])
{
	if ((c->spec->takes & COMMAND_TAKES_PERCENT) != 0 &&
		(c->flags & COMMAND_PERCENT) == 0)
		return usage_error(c, error, "needs a percentage", "");
	if (c->spec->id == COMMAND_UP && c->for_ms == 0)
		return usage_error(c, error,
			"needs --for TIME, since it hides a dead server", "");
	if (c->spec->id == COMMAND_LOG_LEVEL && *c->word == '\0')
		return usage_error(c, error, "needs a level", "");
	if (c->spec->id == COMMAND_WAIT && strcmp(c->word, "idle") != 0 &&
		strcmp(c->word, "serving") != 0)
		return usage_error(c, error, "needs idle or serving", "");
	if ((c->spec->takes & COMMAND_TAKES_WAIT) != 0 &&
		(c->flags & COMMAND_WAITS) == 0 &&
		(c->timeout_ms > 0 || c->settle_ms > 0))
		return usage_error(
			c, error, "--timeout and --settle go with --wait", "");
	if ((c->flags & COMMAND_ALL) != 0 && *c->server != '\0')
		return usage_error(c, error,
			"takes --all or a server, not both: ", c->server);
	return 0;
}

int command_parse(struct command *c, int argc, char *const *argv,
	char error[COMMAND_ERROR_MAX])
{
	int rc = 0;

	memset(c, 0, sizeof(*c));
	if (argc == 0) {
		text_format(error, COMMAND_ERROR_MAX,
			"a command is missing; `help` lists them");
		return UV_EINVAL;
	}
	c->spec = command_find(argv[0], error);
	if (c->spec == NULL)
		return UV_EINVAL;
	for (int i = 1; rc == 0 && i < argc; i++) {
		if (command_has_value(argv[i])) {
			const char *value = i + 1 < argc ? argv[i + 1] : NULL;

			rc = take_value(c, argv[i++], value, error);
		} else if (argv[i][0] == '-') {
			rc = take_switch(c, argv[i], error);
		} else {
			rc = take_word(c, argv[i], error);
		}
	}
	/* It must not outlive an installation. */
	if (c->spec->id == COMMAND_RELEASE)
		c->flags |= COMMAND_VOLATILE;
	return rc == 0 ? check_whole(c, error) : rc;
}

/* Copies one word to *out, unquoted; returns where the next may begin. */
static char *unquote(char *from, char *out)
{
	int quoted = 0;

	while (*from != '\0' && (quoted || (*from != ' ' && *from != '\t'))) {
		if (*from == '"') {
			quoted = !quoted;
			from++;
			continue;
		}
		if (*from == '\\' && from[1] != '\0')
			from++;
		*out++ = *from++;
	}
	if (quoted)
		return NULL;
	if (*from != '\0')
		from++;
	*out = '\0';
	return from;
}

int command_split(char *line, char *words[COMMAND_WORDS_MAX])
{
	int n = 0;

	for (;;) {
		line += strspn(line, " \t");
		if (*line == '\0')
			return n;
		if (n == COMMAND_WORDS_MAX)
			return UV_EINVAL;
		words[n++] = line;
		line = unquote(line, line);
		if (line == NULL)
			return UV_EINVAL;
	}
}

size_t command_quote(char *dst, size_t used, size_t cap, const char *word)
{
	used += text_format(
		dst + used, cap - used, "%s\"", used > 0 ? " " : "");
	for (; *word != '\0'; word++) {
		const char *escape = *word == '"' || *word == '\\' ? "\\" : "";
		char byte = *word;

		if (byte == '\n' || byte == '\r')
			byte = ' ';
		used += text_format(
			dst + used, cap - used, "%s%c", escape, byte);
	}
	return used + text_format(dst + used, cap - used, "\"");
}
