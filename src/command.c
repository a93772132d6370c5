#include "command.h"

#include <string.h>

#include <uv.h>

#include "text.h"

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
	{ "--next", COMMAND_TAKES_STEPS, COMMAND_NEXT },
	{ "-j", 0, COMMAND_JSON },
	{ "--color", 0, COMMAND_COLOR },
};

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

	if (c->n_percents > 0 && (c->spec->takes & COMMAND_TAKES_STEPS) == 0)
		return usage_error(
			c, error, "takes one percentage, not ", word);
	if (c->n_percents == ORDER_STEPS_MAX)
		return usage_error(
			c, error, "takes at most 8 percentages, not ", word);
	text_format(number, sizeof(number), "%.*s", (int)digits, word);
	if (digits >= sizeof(number) ||
		text_parse_number(number, 100, &percent) != 0 ||
		(c->spec->takes &
			(COMMAND_TAKES_PERCENT | COMMAND_TAKES_STEPS)) == 0)
		return usage_error(c, error,
			"a percentage is a whole number from 0% to 100%, not ",
			word);
	c->percents[c->n_percents++] = (unsigned)percent;
	return 0;
}

/* usage_error() where `word` may be a percentage that lacks its sign. */
static int percent_error(const struct command *c, char error[COMMAND_ERROR_MAX],
	const char *what, const char *word, const char *meant)
{
	char hint[COMMAND_NAME_MAX + 32];

	if ((c->spec->takes & (COMMAND_TAKES_PERCENT | COMMAND_TAKES_STEPS)) ==
			0 ||
		*meant == '\0' || strlen(meant) > 3 ||
		meant[strspn(meant, "0123456789")] != '\0')
		return usage_error(c, error, what, word);
	text_format(hint, sizeof(hint), "%s; did you mean %s%%?", word, meant);
	return usage_error(c, error, what, hint);
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
		return percent_error(c, error, "does not take ", word, word);
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
	{ "--every", COMMAND_TAKES_STEPS, offsetof(struct command, every_ms) },
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
		text_quotable(c->by); /* no login has quotes */
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
	if (strcmp(option, "--haproxy") == 0 &&
		(c->spec->takes & COMMAND_TAKES_HAPROXY) != 0) {
		text_format(c->haproxy, sizeof(c->haproxy), "%s", value);
		return 0;
	}
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
		"--settle", "--every", "--haproxy", "--by", "--width" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], word) == 0)
			return 1;
	return 0;
}

/* A canary's steps rise, or the line is about the next one. */
static int check_steps(const struct command *c, char error[COMMAND_ERROR_MAX])
{
	if ((c->flags & COMMAND_NEXT) != 0) {
		if (c->n_percents > 0 || c->every_ms > 0 || c->for_ms > 0 ||
			(c->flags & COMMAND_REASON) != 0)
			return usage_error(c, error,
				"--next goes on with the steps that were "
				"given, and takes no others",
				"");
		return 0;
	}
	if (c->n_percents == 0)
		return percent_error(c, error, "needs percentages, or --next",
			"", c->server);
	if ((c->flags & COMMAND_FORCE) != 0)
		return usage_error(c, error, "--force goes with --next", "");
	if (c->percents[0] == 0)
		return usage_error(
			c, error, "0% tries nothing; `drain` takes it out", "");
	for (size_t i = 1; i < c->n_percents; i++)
		if (c->percents[i] <= c->percents[i - 1])
			return usage_error(c, error,
				"each percentage is above the one before", "");
	return 0;
}

/* What only the whole line tells. */
static int check_whole(const struct command *c, char error[COMMAND_ERROR_MAX])
{
	if ((c->spec->takes & COMMAND_TAKES_PERCENT) != 0 && c->n_percents == 0)
		return percent_error(
			c, error, "needs a percentage", "", c->server);
	if ((c->spec->takes & COMMAND_TAKES_STEPS) != 0)
		return check_steps(c, error);
	if ((c->spec->takes & COMMAND_TAKES_HAPROXY) != 0 &&
		*c->haproxy == '\0')
		return usage_error(c, error, "needs --haproxy", "");
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
