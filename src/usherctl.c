/*
 * usherctl(8): checks its words before usherd is called.  Links libc only, so
 * that it starts at once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "doctor.h"
#include "message.h"

#define STANDARD_SOCKET "/run/usher/control.sock"

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
		message_say("usherctl: %s", text);
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
				message_say("usherctl: -s: a path is missing");
				return COMMAND_EXIT_USAGE;
			}
			call->socket = argv[++i];
		} else if (!value && strcmp(argv[i], "-q") == 0) {
			call->quiet = true;
		} else if (call->argc == WORDS_MAX - 4) {
			message_say("usherctl: too many words");
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
		message_say("usherctl: %s", error);
		return COMMAND_EXIT_USAGE;
	}
	if (command.spec->id == COMMAND_DOCTOR)
		return doctor_run(command.haproxy, form_of(&call, &command));
	return call_run(&call, &command);
}
