#include "command.h"

#include <string.h>

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
	{ "canary", COMMAND_CANARY, COMMAND_ORDERS,
		COMMAND_TAKES_SERVER | COMMAND_TAKES_REASON |
			COMMAND_TAKES_END | COMMAND_TAKES_KEEPING |
			COMMAND_TAKES_STEPS | COMMAND_TAKES_FORCE,
		"N% [N%...] [SERVER] [-m REASON] [--every TIME] [--for TIME] "
		"[--volatile], or canary --next [SERVER] [--force] "
		"[--volatile]",
		"Try new manifests on a small share: at most N% now, the next "
		"step with --next, or by itself with --every.  Broken "
		"manifests fail fast and leave a server looking idle, so let a "
		"person, or a check of yours, say --next." },
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
	{ "haproxy-config", COMMAND_HAPROXY_CONFIG, COMMAND_LOOKS,
		COMMAND_TAKES_SERVER, "[SERVER]",
		"Print the lines for HAProxy that fit the configuration." },
	{ "doctor", COMMAND_DOCTOR, COMMAND_LOOKS, COMMAND_TAKES_HAPROXY,
		"--haproxy SOCKET | HOST:PORT",
		"Ask HAProxy whether usher's replies can take effect there." },
	{ "version", COMMAND_VERSION, COMMAND_LOOKS, 0, "",
		"Print usherd's version." },
	{ "help", COMMAND_HELP, COMMAND_LOOKS, COMMAND_TAKES_WORD,
		"[COMMAND]", "Say what a command does." },
};
/* clang-format on */

const size_t command_specs_n = sizeof(command_specs) / sizeof(*command_specs);

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
