/* Links libc only, so that usherctl starts at once. */
#include "call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "unixsock.h"

enum {
	PATIENCE_MS = 30 * 1000,
	LATE_MS = 5000, /* --timeout is usherd's to keep, and to explain */
	RETURN_MS = 10 * 1000, /* usherd, after its end */
	RETRY_MS = 200,
	LINE_MAX_BYTES = 2048,
	WIDTH_MAX = 1000,
	INTERRUPTED = 130,
};

/* A call under way. */
struct talk {
	const struct call *call;
	const struct command *command;
	uint64_t end_ms; /* usherd must have ended it; 0: whenever it likes */
	FILE *reply;
	bool heard; /* "ok", by this usherd or one before */
};

enum { GONE = -1 }; /* usherd has closed before it had said all */

struct line {
	char text[LINE_MAX_BYTES];
	size_t used;
};

static void say(struct line *l, const char *word)
{
	l->used = words_quote(l->text, l->used, sizeof(l->text), word);
}

/* Who calls, and what it is to be shown on; the last words of a line. */
static void say_circumstances(struct line *l)
{
	const char *sudo_user = getenv("SUDO_USER");
	const char *no_color = getenv("NO_COLOR");
	struct winsize window;
	char width[8];

	if (geteuid() == 0 && sudo_user != NULL && *sudo_user != '\0') {
		say(l, "--by");
		say(l, sudo_user);
	}
	if (isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0'))
		say(l, "--color");
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 &&
		window.ws_col > 0 && window.ws_col <= WIDTH_MAX) {
		text_format(width, sizeof(width), "%u", window.ws_col);
		say(l, "--width");
		say(l, width);
	}
	l->used +=
		text_format(l->text + l->used, sizeof(l->text) - l->used, "\n");
}

/* `status -q` looks for a word in the JSON. */
static bool is_judging(const struct talk *t)
{
	return t->call->quiet && t->command->spec->id == COMMAND_STATUS;
}

static void say_call(struct line *l, const struct talk *t)
{
	for (int i = 0; i < t->call->argc; i++)
		say(l, t->call->argv[i]);
	if (is_judging(t))
		say(l, "-j");
	say_circumstances(l);
}

static void say_time(struct line *l, const char *option, uint64_t ms)
{
	char text[32];

	text_format(text, sizeof(text), "%llums", (unsigned long long)ms);
	say(l, option);
	say(l, text);
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Until usherd must have ended it, at most `ms`; 0 is no limit, for both. */
static uint64_t time_left(const struct talk *t, uint64_t ms)
{
	uint64_t now_ms = clock_now_ms(), left_ms;

	if (t->end_ms == 0)
		return ms;
	left_ms = t->end_ms > now_ms ? t->end_ms - now_ms : 1;
	return ms == 0 || left_ms < ms ? left_ms : ms;
}

/* A read fails with EAGAIN when nothing has come for so long; 0: never. */
static void set_patience(int fd, uint64_t ms)
{
	const struct timeval patience = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

/* Opens t->reply, with the line said.  False, with errno set. */
static bool speak(struct talk *t, const struct line *l)
{
	int fd = unixsock_connect(t->call->socket), error;

	if (fd < 0)
		return false;
	set_patience(fd, time_left(t, PATIENCE_MS));
	if (send_all(fd, l->text, l->used) &&
		(t->reply = fdopen(fd, "r")) != NULL)
		return true;
	error = errno;
	close(fd);
	errno = error;
	return false;
}

static void hang_up(struct talk *t)
{
	if (t->reply != NULL)
		fclose(t->reply);
	t->reply = NULL;
}

/* --- what comes back --- */

/* "error N SENTENCE": says the sentence; N, or 0 where it is no such line. */
static int take_error(char *line)
{
	char *end = line;
	long code = 0;

	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "error ", 6) == 0)
		code = strtol(line + 6, &end, 10);
	if (code <= 0 || code > 255 || *end != ' ')
		return 0;
	fprintf(stderr, "usherctl: %s\n", end + 1);
	return (int)code;
}

/*
 * The reply's first line decides: an exit code, with its sentence said, or GONE
 * without one.
 */
static int read_head(struct talk *t)
{
	char head[COMMAND_ERROR_MAX + 64];
	int code;

	errno = 0;
	if (fgets(head, sizeof(head), t->reply) == NULL) {
		if (errno != EAGAIN)
			return GONE;
		fputs("usherctl: usherd does not answer\n", stderr);
		return COMMAND_EXIT_UNREACHABLE;
	}
	if (strcmp(head, "ok\n") == 0) {
		t->heard = true;
		return COMMAND_EXIT_DONE;
	}
	code = take_error(head);
	if (code == 0) {
		fputs("usherctl: this is no usherd's answer\n", stderr);
		return COMMAND_EXIT_UNREACHABLE;
	}
	return code;
}

/* The body goes to stdout. */
static int pass_on(struct talk *t)
{
	int rc = read_head(t), c;

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	if (t->command->spec->id == COMMAND_MONITOR)
		set_patience(fileno(t->reply), 0);
	setvbuf(stdout, NULL, _IOLBF, 0); /* monitor: as it comes */
	while ((c = getc(t->reply)) != EOF)
		if (!t->call->quiet && putchar(c) == EOF)
			return COMMAND_EXIT_ERROR; /* nobody reads it */
	return COMMAND_EXIT_DONE;
}

/* `status -q`: the JSON was asked for, and its in_service is looked for. */
static int judge(struct talk *t)
{
	char line[512];
	int in = 0, out = 0, rc = read_head(t);

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	while (fgets(line, sizeof(line), t->reply) != NULL) {
		in += strstr(line, "\"in_service\": true") != NULL;
		out += strstr(line, "\"in_service\": false") != NULL;
	}
	return in > 0 && out == 0 ? COMMAND_EXIT_DONE
				  : COMMAND_EXIT_NOT_IN_SERVICE;
}

/* --- who waits, also from one usherd to the next --- */

static bool is_waiting(const struct talk *t)
{
	return t->command->spec->id == COMMAND_WAIT ||
		(t->command->flags & COMMAND_WAITS) != 0;
}

static const char *waiting_for; /* what Ctrl-C leaves behind, as a sentence */

static void on_interrupt(int number)
{
	(void)number;
	if (write(STDERR_FILENO, waiting_for, strlen(waiting_for)) < 0)
		_exit(COMMAND_EXIT_ERROR);
	_exit(INTERRUPTED);
}

static void expect_interrupt(const struct command *command)
{
	waiting_for = command->spec->id == COMMAND_WAIT
		? "\nusherctl: interrupted; nothing has changed\n"
		: "\nusherctl: interrupted; the order stays in force, "
		  "`usherctl auto` ends it\n";
	if (command->spec->id == COMMAND_HOLD)
		waiting_for = "\nusherctl: interrupted; the hold stays in "
			      "force, `usherctl auto --hold` ends it\n";
	signal(SIGINT, on_interrupt);
}

/* The end of a sentence about a usherd that is not there. */
static const char *what_stays(const struct talk *t)
{
	return t->command->spec->id == COMMAND_WAIT
		? ""
		: "; what was ordered stays in force";
}

/*
 * Who waits gets progress as it comes; "done" or an error is the last line.
 */
static int follow(struct talk *t)
{
	char line[2048];
	int rc = read_head(t);

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	expect_interrupt(t->command);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		set_patience(fileno(t->reply), time_left(t, 0));
		errno = 0;
		if (fgets(line, sizeof(line), t->reply) == NULL)
			break;
		if (strcmp(line, "done\n") == 0)
			return COMMAND_EXIT_DONE;
		if (strncmp(line, "error ", 6) == 0 &&
			(rc = take_error(line)) != 0)
			return rc;
		if (!t->call->quiet)
			fputs(line, stdout);
	}
	if (errno != EAGAIN)
		return GONE;
	fprintf(stderr, "usherctl: usherd does not answer%s\n", what_stays(t));
	return COMMAND_EXIT_UNREACHABLE;
}

/* Orders outlast usherd: what was waited for is waited for with `wait`. */
static void say_wait(struct line *l, const struct talk *t)
{
	const struct command *c = t->command;

	say(l, "wait");
	say(l, c->spec->id == COMMAND_WAIT ? c->word : "idle");
	if (*c->server != '\0')
		say(l, c->server);
	if ((c->flags & COMMAND_ALL) != 0)
		say(l, "--all");
	if ((c->flags & COMMAND_JSON) != 0)
		say(l, "-j");
	if (c->timeout_ms > 0)
		say_time(l, "--timeout", time_left(t, c->timeout_ms));
	if (c->settle_ms > 0)
		say_time(l, "--settle", c->settle_ms);
	say_circumstances(l);
}

static int give_up(const struct talk *t)
{
	fprintf(stderr,
		"usherctl: usherd has gone%s, but nobody has waited to "
		"the end\n",
		what_stays(t));
	return COMMAND_EXIT_UNREACHABLE;
}

/* The usherd that comes next, if one does while it is worthwhile. */
static int follow_next(struct talk *t)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000L * 1000 };
	uint64_t end_ms = clock_now_ms() + time_left(t, RETURN_MS);
	int rc = GONE;

	fputs("usherctl: usherd has gone; waiting for it to come back\n",
		stderr);
	t->heard = false;
	while (rc == GONE && !t->heard) {
		struct line line = { .used = 0 };

		hang_up(t);
		nanosleep(&pause, NULL);
		if (clock_now_ms() > end_ms)
			return give_up(t);
		say_wait(&line, t);
		if (speak(t, &line))
			rc = follow(t);
	}
	return rc;
}

static int keep_following(struct talk *t)
{
	int rc = follow(t);

	while (rc == GONE && t->heard)
		/* A release is usherd's own, and ends with it. */
		rc = t->command->spec->id == COMMAND_RELEASE ? give_up(t)
							     : follow_next(t);
	return rc;
}

static int take_reply(struct talk *t)
{
	if (is_judging(t))
		return judge(t);
	if (is_waiting(t))
		return keep_following(t);
	return pass_on(t);
}

int call_run(const struct call *call, const struct command *command)
{
	struct talk t = { .call = call, .command = command };
	struct line line = { .used = 0 };
	int rc;

	if (command->timeout_ms > 0)
		t.end_ms = clock_now_ms() + command->timeout_ms + LATE_MS;
	say_call(&line, &t);
	if (!speak(&t, &line)) {
		fprintf(stderr,
			"usherctl: %s: %s; is usherd running, with this "
			"control-socket?\n",
			call->socket, strerror(errno));
		return COMMAND_EXIT_UNREACHABLE;
	}
	rc = take_reply(&t);
	if (rc == GONE) {
		fputs("usherctl: usherd closed without an answer\n", stderr);
		rc = COMMAND_EXIT_UNREACHABLE;
	}
	hang_up(&t);
	if (fflush(stdout) != 0 && rc == COMMAND_EXIT_DONE)
		rc = COMMAND_EXIT_ERROR;
	return rc;
}
