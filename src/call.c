/* Links libc only, so that usherctl starts at once. */
#include "call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "message.h"
#include "reply_lines.h"
#include "request_line.h"
#include "unixsock.h"

enum {
	PATIENCE_MS = 30 * 1000,
	LATE_MS = 5000, /* --timeout is usherd's to keep, and to explain */
	RETURN_MS = 10 * 1000, /* usherd, after its end */
	RETRY_MS = 200,
	INTERRUPTED = 130,
};

/* A call under way. */
struct talk {
	const struct call *call;
	const struct command *command;
	uint64_t end_ms; /* of --timeout */
	struct reply_lines reply;
	bool heard; /* "ok", by this usherd or one before */
};

enum { GONE = -1 }; /* usherd has closed before it had said all */

/* `status -q` looks for a word in the JSON. */
static bool is_judging(const struct talk *t)
{
	return t->call->quiet && t->command->spec->id == COMMAND_STATUS;
}

static void say_call(struct request_line *l, const struct talk *t)
{
	for (int i = 0; i < t->call->argc; i++)
		request_line_add(l, t->call->argv[i]);
	if (is_judging(t))
		request_line_add(l, "-j");
	request_line_end(l);
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static uint64_t left_until(uint64_t end_ms)
{
	uint64_t now_ms = clock_now_ms();

	return end_ms > now_ms ? end_ms - now_ms : 0;
}

/* How long usherd may be silent: `ms`, but not after --timeout; 0: for ever. */
static uint64_t patience(const struct talk *t, uint64_t ms)
{
	uint64_t left_ms = left_until(t->end_ms + LATE_MS);

	if (t->command->timeout_ms == 0 || (ms > 0 && ms < left_ms))
		return ms;
	return left_ms > 0 ? left_ms : 1;
}

/* Opens t->reply, with the line said.  False, with errno set. */
static bool speak(struct talk *t, const struct request_line *l)
{
	uint64_t ms = patience(t, PATIENCE_MS);
	int fd = unixsock_connect(t->call->socket, ms), error;

	if (fd < 0)
		return false;
	if (send_all(fd, l->text, l->used)) {
		reply_lines_open(&t->reply, fd,
			l->colored || (t->command->flags & COMMAND_COLOR) != 0
				? REPLY_COLORED
				: REPLY_PLAIN);
		reply_lines_set_patience(&t->reply, ms);
		return true;
	}
	error = errno;
	close(fd);
	errno = error;
	return false;
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
	message_say("usherctl: %s", end + 1);
	return (int)code;
}

/* `stays`: the end of the sentence. */
static int say_silent(const char *stays)
{
	message_say("usherctl: usherd does not answer%s", stays);
	return COMMAND_EXIT_UNREACHABLE;
}

/*
 * The reply's first line decides: an exit code, with its sentence said, or GONE
 * without one.
 */
static int read_head(struct talk *t)
{
	char *head = reply_lines_next(&t->reply);
	int code;

	if (head == NULL)
		return t->reply.error == EAGAIN ? say_silent("") : GONE;
	if (strcmp(head, "ok\n") == 0) {
		t->heard = true;
		return COMMAND_EXIT_DONE;
	}
	code = take_error(head);
	if (code == 0) {
		message_say("usherctl: this is no usherd's answer");
		return COMMAND_EXIT_UNREACHABLE;
	}
	return code;
}

/* After the last line.  Only JSON shows whether lines are missing. */
static int check_end(const struct talk *t)
{
	bool json = is_judging(t) || (t->command->flags & COMMAND_JSON) != 0;

	if (t->reply.error == EAGAIN)
		return say_silent("");
	if (t->command->spec->id == COMMAND_MONITOR) /* has no end */
		json = false;
	if (json ? reply_lines_whole_json(&t->reply)
		 : reply_lines_whole(&t->reply))
		return COMMAND_EXIT_DONE;
	message_say("usherctl: usherd's answer is cut off");
	return COMMAND_EXIT_UNREACHABLE;
}

/* The body goes to stdout. */
static int pass_on(struct talk *t)
{
	int rc = read_head(t);
	const char *line;

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	if (t->command->spec->id == COMMAND_MONITOR)
		reply_lines_set_patience(&t->reply, 0);
	setvbuf(stdout, NULL, _IOLBF, 0); /* monitor: as it comes */
	while ((line = reply_lines_next(&t->reply)) != NULL)
		if (!t->call->quiet && fputs(line, stdout) == EOF)
			return COMMAND_EXIT_ERROR; /* nobody reads it */
	return check_end(t);
}

/* `status -q`: the JSON was asked for, and its in_service is looked for. */
static int judge(struct talk *t)
{
	int in = 0, out = 0, rc = read_head(t);
	const char *line;

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	while ((line = reply_lines_next(&t->reply)) != NULL) {
		in += strstr(line, "\"in_service\": true") != NULL;
		out += strstr(line, "\"in_service\": false") != NULL;
	}
	rc = check_end(t);
	if (rc == COMMAND_EXIT_DONE && (in == 0 || out > 0))
		rc = COMMAND_EXIT_NOT_IN_SERVICE;
	return rc;
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

/* The end of a sentence about a usherd that does not answer. */
static const char *what_stays(const struct talk *t)
{
	return t->command->spec->id == COMMAND_WAIT
		? ""
		: "; what was ordered stays in force";
}

/* The end of one about a usherd that has gone. */
static const char *what_outlasts(const struct talk *t)
{
	return (t->command->flags & COMMAND_VOLATILE) != 0
		? "; what was ordered ended with it"
		: what_stays(t);
}

/*
 * Who waits gets progress as it comes; "done" or an error is the last line.
 */
static int follow(struct talk *t)
{
	int rc = read_head(t);
	char *line;

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	expect_interrupt(t->command);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		reply_lines_set_patience(&t->reply, patience(t, 0));
		line = reply_lines_next(&t->reply);
		if (line == NULL)
			break;
		if (strcmp(line, "done\n") == 0)
			return COMMAND_EXIT_DONE;
		if (strncmp(line, "error ", 6) == 0 &&
			(rc = take_error(line)) != 0)
			return rc;
		if (!t->call->quiet)
			fputs(line, stdout);
	}
	return t->reply.error == EAGAIN ? say_silent(what_stays(t)) : GONE;
}

/* Orders outlast usherd: what was waited for is waited for with `wait`. */
static void say_wait(struct request_line *l, const struct talk *t)
{
	const struct command *c = t->command;

	request_line_add(l, "wait");
	request_line_add(l, c->spec->id == COMMAND_WAIT ? c->word : "idle");
	if (*c->server != '\0')
		request_line_add(l, c->server);
	if ((c->flags & COMMAND_ALL) != 0)
		request_line_add(l, "--all");
	if ((c->flags & COMMAND_JSON) != 0)
		request_line_add(l, "-j");
	if (c->timeout_ms > 0) /* rounded up: less than 1 s is refused */
		request_line_add_time(l, "--timeout",
			(left_until(t->end_ms) / 1000 + 1) * 1000);
	if (c->settle_ms > 0)
		request_line_add_time(l, "--settle", c->settle_ms);
	request_line_end(l);
}

static int give_up(const struct talk *t)
{
	message_say("usherctl: usherd has gone%s, but nobody has waited to "
		    "the end",
		what_outlasts(t));
	return COMMAND_EXIT_UNREACHABLE;
}

/* --timeout is over, and the usherd that was to say so has gone. */
static int say_late(const struct talk *t)
{
	message_say(
		"usherctl: timed out, and usherd has gone%s", what_outlasts(t));
	return COMMAND_EXIT_LATE;
}

static bool is_late(const struct talk *t)
{
	return t->command->timeout_ms > 0 && left_until(t->end_ms) == 0;
}

/* The usherd that comes next, if one does while it is worthwhile. */
static int follow_next(struct talk *t)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000L * 1000 };
	uint64_t end_ms = clock_now_ms() + RETURN_MS;
	int rc = GONE;

	if (is_late(t))
		return say_late(t);
	message_say("usherctl: usherd has gone; waiting for it to come back");
	t->heard = false;
	while (rc == GONE && !t->heard) {
		struct request_line line = { .used = 0 };

		reply_lines_close(&t->reply);
		nanosleep(&pause, NULL);
		if (is_late(t))
			return say_late(t);
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

/* speak() has failed. */
static int say_unheard(const struct talk *t)
{
	if (errno == EAGAIN)
		return say_silent("");
	message_say("usherctl: %s: %s; is usherd running, with this "
		    "control-socket?",
		t->call->socket, strerror(errno));
	return COMMAND_EXIT_UNREACHABLE;
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
	struct talk t = { .call = call,
		.command = command,
		.end_ms = clock_now_ms() + command->timeout_ms,
		.reply = { .fd = -1 } };
	struct request_line line = { .used = 0 };
	int rc;

	say_call(&line, &t);
	if (!speak(&t, &line))
		return say_unheard(&t);
	rc = take_reply(&t);
	if (rc == GONE) {
		message_say("usherctl: usherd closed without an answer");
		rc = COMMAND_EXIT_UNREACHABLE;
	}
	reply_lines_close(&t.reply);
	if (fflush(stdout) != 0 && rc == COMMAND_EXIT_DONE)
		rc = COMMAND_EXIT_ERROR;
	return rc;
}
