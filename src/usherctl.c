/*
 * usherctl(8): checks its words, sends them as one line to usherd, and passes
 * on what comes back.  Links libc only, so that it starts at once.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "command.h"
#include "doctor.h"
#include "text.h"
#include "unixsock.h"
#include "words.h"

#define STANDARD_SOCKET "/run/usher/control.sock"

enum {
	PATIENCE_S = 30,
	LINE_MAX_BYTES = 2048,
	WIDTH_MAX = 1000,
	INTERRUPTED = 130
};

struct call {
	const char *socket;
	bool quiet;
	int argc;
	char *argv[WORDS_MAX];
};

static void usage(FILE *out)
{
	char text[512];

	fputs("usage: usherctl [-s SOCKET] [-j] [-q] COMMAND [ARGUMENT...]\n"
	      "  -s SOCKET  usherd's control socket, " STANDARD_SOCKET "\n"
	      "  -j         JSON\n"
	      "  -q         status: say nothing; exit 3 if not in service\n\n",
		out);
	for (size_t i = 0; i < command_specs_n; i++) {
		command_usage(text, sizeof(text), &command_specs[i]);
		fputs(text, out);
	}
}

static int help(const char *topic)
{
	const struct command_spec *spec;
	char text[512];

	if (topic == NULL) {
		usage(stdout);
		return COMMAND_EXIT_DONE;
	}
	spec = command_find(topic, text);
	if (spec == NULL) {
		fprintf(stderr, "usherctl: %s\n", text);
		return COMMAND_EXIT_USAGE;
	}
	command_usage(text, sizeof(text), spec);
	fputs(text, stdout);
	return COMMAND_EXIT_DONE;
}

/* Takes usherctl's own options out; the rest is for usherd. */
static int sort_out(struct call *call, int argc, char **argv)
{
	bool value = false; /* this word is one */
	int command = 0;
	char *name;

	for (int i = 1; i < argc; i++) {
		if (!value && strcmp(argv[i], "-s") == 0) {
			if (i + 1 == argc) {
				fputs("usherctl: -s: a path is missing\n",
					stderr);
				return COMMAND_EXIT_USAGE;
			}
			call->socket = argv[++i];
		} else if (!value && strcmp(argv[i], "-q") == 0) {
			call->quiet = true;
		} else if (call->argc == WORDS_MAX - 4) {
			fputs("usherctl: too many words\n", stderr);
			return COMMAND_EXIT_USAGE;
		} else {
			if (command == call->argc &&
				(value || argv[i][0] == '-'))
				command++;
			value = !value && command_has_value(argv[i]);
			call->argv[call->argc++] = argv[i];
		}
	}
	/* Options may stand before the command, which comes first in a line. */
	if (command == call->argc)
		return COMMAND_EXIT_DONE;
	name = call->argv[command];
	memmove(call->argv + 1, call->argv, (size_t)command * sizeof(name));
	call->argv[0] = name;
	return COMMAND_EXIT_DONE;
}

static enum doctor_form form_of(
	const struct call *call, const struct command *command)
{
	if (call->quiet)
		return DOCTOR_SILENT;
	return (command->flags & COMMAND_JSON) != 0 ? DOCTOR_JSON : DOCTOR_TEXT;
}

/* `more` is one more option, or NULL. */
static size_t make_line(
	const struct call *call, char line[LINE_MAX_BYTES], const char *more)
{
	const char *sudo_user = getenv("SUDO_USER");
	const char *no_color = getenv("NO_COLOR");
	struct winsize window;
	char width[8];
	size_t used = 0;

	for (int i = 0; i < call->argc; i++)
		used = words_quote(line, used, LINE_MAX_BYTES, call->argv[i]);
	if (more != NULL)
		used = words_quote(line, used, LINE_MAX_BYTES, more);
	if (geteuid() == 0 && sudo_user != NULL && *sudo_user != '\0') {
		used = words_quote(line, used, LINE_MAX_BYTES, "--by");
		used = words_quote(line, used, LINE_MAX_BYTES, sudo_user);
	}
	if (isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0'))
		used = words_quote(line, used, LINE_MAX_BYTES, "--color");
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 &&
		window.ws_col > 0 && window.ws_col <= WIDTH_MAX) {
		text_format(width, sizeof(width), "%u", window.ws_col);
		used = words_quote(line, used, LINE_MAX_BYTES, "--width");
		used = words_quote(line, used, LINE_MAX_BYTES, width);
	}
	return used + text_format(line + used, LINE_MAX_BYTES - used, "\n");
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

/* The reply's first line decides: an exit code, with its sentence said. */
static int read_head(FILE *reply)
{
	char head[COMMAND_ERROR_MAX + 64];
	int code;

	errno = 0;
	if (fgets(head, sizeof(head), reply) == NULL) {
		fputs(errno == EAGAIN
				? "usherctl: usherd does not answer\n"
				: "usherctl: usherd closed without an answer\n",
			stderr);
		return COMMAND_EXIT_UNREACHABLE;
	}
	if (strcmp(head, "ok\n") == 0)
		return COMMAND_EXIT_DONE;
	code = take_error(head);
	if (code == 0) {
		fputs("usherctl: this is no usherd's answer\n", stderr);
		return COMMAND_EXIT_UNREACHABLE;
	}
	return code;
}

/* The body goes to stdout. */
static int pass_on(FILE *reply, bool quiet)
{
	int rc = read_head(reply), c;

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	setvbuf(stdout, NULL, _IOLBF, 0); /* monitor: as it comes */
	while ((c = getc(reply)) != EOF)
		if (!quiet && putchar(c) == EOF)
			return COMMAND_EXIT_ERROR; /* nobody reads it */
	return COMMAND_EXIT_DONE;
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
		  "`usherctl "
		  "auto` ends it\n";
	if (command->spec->id == COMMAND_HOLD)
		waiting_for = "\nusherctl: interrupted; the hold stays in "
			      "force, `usherctl auto --hold` ends it\n";
	signal(SIGINT, on_interrupt);
}

/* Who waits gets progress as it comes; "done" or an error is the last line. */
static int follow(FILE *reply, bool quiet, const struct command *command)
{
	char line[2048];
	int rc = read_head(reply);

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	expect_interrupt(command);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), reply) != NULL) {
		if (strcmp(line, "done\n") == 0)
			return COMMAND_EXIT_DONE;
		if (strncmp(line, "error ", 6) == 0 &&
			(rc = take_error(line)) != 0)
			return rc;
		if (!quiet)
			fputs(line, stdout);
	}
	fprintf(stderr,
		"usherctl: usherd has gone%s, but nobody has waited to "
		"the end\n",
		command->spec->id == COMMAND_WAIT
			? ""
			: "; what was ordered stays in force");
	return COMMAND_EXIT_UNREACHABLE;
}

/* `status -q`: the JSON is asked for, and its in_service looked for. */
static int judge(FILE *reply)
{
	char line[512];
	int in = 0, out = 0, rc = read_head(reply);

	if (rc != COMMAND_EXIT_DONE)
		return rc;
	while (fgets(line, sizeof(line), reply) != NULL) {
		in += strstr(line, "\"in_service\": true") != NULL;
		out += strstr(line, "\"in_service\": false") != NULL;
	}
	return in > 0 && out == 0 ? COMMAND_EXIT_DONE
				  : COMMAND_EXIT_NOT_IN_SERVICE;
}

static int take_reply(
	FILE *reply, const struct call *call, const struct command *command)
{
	if (call->quiet && command->spec->id == COMMAND_STATUS)
		return judge(reply);
	if (command->spec->id != COMMAND_WAIT &&
		(command->flags & COMMAND_WAITS) == 0)
		return pass_on(reply, call->quiet);
	return follow(reply, call->quiet, command);
}

static int run(struct call *call, const struct command *command)
{
	bool judging = call->quiet && command->spec->id == COMMAND_STATUS;
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	char line[LINE_MAX_BYTES];
	FILE *reply;
	size_t len;
	int fd, rc;

	len = make_line(call, line, judging ? "-j" : NULL);
	fd = unixsock_connect(call->socket);
	if (fd < 0) {
		fprintf(stderr,
			"usherctl: %s: %s; is usherd running, with this "
			"control-socket?\n",
			call->socket, strerror(errno));
		return COMMAND_EXIT_UNREACHABLE;
	}
	/* Who waits, waits as long as it takes. */
	if (command->spec->id != COMMAND_WAIT &&
		command->spec->id != COMMAND_MONITOR &&
		(command->flags & COMMAND_WAITS) == 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience));
	if (!send_all(fd, line, len) || (reply = fdopen(fd, "r")) == NULL) {
		fprintf(stderr, "usherctl: %s: %s\n", call->socket,
			strerror(errno));
		close(fd);
		return COMMAND_EXIT_UNREACHABLE;
	}
	rc = take_reply(reply, call, command);
	fclose(reply);
	if (fflush(stdout) != 0 && rc == COMMAND_EXIT_DONE)
		rc = COMMAND_EXIT_ERROR;
	return rc;
}

int main(int argc, char **argv)
{
	struct call call = { .socket = STANDARD_SOCKET };
	struct command command;
	char error[COMMAND_ERROR_MAX];
	int rc = sort_out(&call, argc, argv);

	signal(SIGPIPE, SIG_IGN);
	if (rc != COMMAND_EXIT_DONE)
		return rc;
	if (call.argc == 0) {
		usage(stderr);
		return COMMAND_EXIT_USAGE;
	}
	if (strcmp(call.argv[0], "help") == 0 ||
		strcmp(call.argv[0], "-h") == 0 ||
		strcmp(call.argv[0], "--help") == 0)
		return help(call.argc > 1 ? call.argv[1] : NULL);
	if (command_parse(&command, call.argc, call.argv, error) != 0) {
		fprintf(stderr, "usherctl: %s\n", error);
		return COMMAND_EXIT_USAGE;
	}
	if (command.spec->id == COMMAND_DOCTOR)
		return doctor_run(command.haproxy, form_of(&call, &command));
	return run(&call, &command);
}
