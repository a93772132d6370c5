#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "order.h"

/*
 * What can be said to usherd over its control socket, as one line of words;
 * usherctl checks its arguments with the same table before it connects.  Pure.
 *
 *	drain puppet1 --for 2h -m "kernel upgrade"
 */
enum command_id {
	COMMAND_STATUS,
	COMMAND_LOG,
	COMMAND_MONITOR,
	COMMAND_VERSION,
	COMMAND_HELP,
	COMMAND_DRAIN,
	COMMAND_MAINT,
	COMMAND_DOWN,
	COMMAND_UP,
	COMMAND_WEIGHT,
	COMMAND_AUTO,
	COMMAND_HOLD,
	COMMAND_RELEASE,
	COMMAND_WAIT,
	COMMAND_POLLERS,
	COMMAND_EXPLAIN,
	COMMAND_PROBE,
	COMMAND_RELOAD,
	COMMAND_LOG_LEVEL,
	COMMAND_CANARY,
	COMMAND_HAPROXY_CONFIG,
	COMMAND_DOCTOR, /* usherctl itself: no usherd is asked */
};

/* usherctl's exit codes; those of errors also stand in usherd's answer. */
enum command_exit {
	COMMAND_EXIT_DONE = 0,
	COMMAND_EXIT_ERROR = 1,
	COMMAND_EXIT_USAGE = 2,
	COMMAND_EXIT_NOT_IN_SERVICE = 3,
	COMMAND_EXIT_UNREACHABLE = 4,
	COMMAND_EXIT_REFUSED = 5,
	COMMAND_EXIT_LATE = 6,
};

enum command_right {
	COMMAND_LOOKS,  /* anybody on this machine */
	COMMAND_ORDERS, /* root, and members of control-group */
};

/* What may stand behind the command's name. */
enum command_takes {
	COMMAND_TAKES_SERVER = 1,
	COMMAND_TAKES_ALL = 2,        /* --all */
	COMMAND_TAKES_PERCENT = 4,    /* N%, required */
	COMMAND_TAKES_WORD = 8,       /* one word that is no server */
	COMMAND_TAKES_REASON = 16,    /* -m REASON */
	COMMAND_TAKES_END = 32,       /* --for TIME */
	COMMAND_TAKES_FORCE = 64,     /* --force */
	COMMAND_TAKES_SLOT = 128,     /* --state, --weight, --hold */
	COMMAND_TAKES_KEEPING = 256,  /* --volatile */
	COMMAND_TAKES_WAIT = 512,     /* --wait */
	COMMAND_TAKES_LIMITS = 1024,  /* --timeout TIME, --settle TIME */
	COMMAND_TAKES_STEPS = 2048,   /* N% N%..., or --next; --every TIME */
	COMMAND_TAKES_HAPROXY = 4096, /* --haproxy SOCKET, required */
};

struct command_spec {
	const char *name;
	enum command_id id;
	enum command_right right;
	unsigned takes;
	const char *arguments; /* for the usage line */
	const char *help;      /* one sentence */
};

extern const struct command_spec command_specs[];
extern const size_t command_specs_n;

/* Bits of command.flags. */
enum command_flag {
	COMMAND_ALL = 1,
	COMMAND_FORCE = 2,
	COMMAND_VOLATILE = 4,
	COMMAND_STATE = 8,    /* auto: only the state order */
	COMMAND_CEILING = 16, /* auto: only the weight order */
	COMMAND_JSON = 32,
	COMMAND_COLOR = 64,
	COMMAND_REASON = 256,    /* one was given */
	COMMAND_HOLD_SLOT = 512, /* auto: only the hold */
	COMMAND_WAITS = 1024,
	COMMAND_NEXT = 2048, /* canary: the next step */
};

#define COMMAND_TIME_MAX_MS (3650ULL * 86400 * 1000)

enum {
	COMMAND_NAME_MAX = 256,
	COMMAND_ERROR_MAX = 320,
};

struct command {
	const struct command_spec *spec;
	unsigned flags;
	unsigned percents[ORDER_STEPS_MAX]; /* weight: one; canary: rising */
	size_t n_percents;
	uint64_t for_ms;     /* 0: no end */
	uint64_t timeout_ms; /* of the waiting; 0: no end */
	uint64_t settle_ms;  /* 0: not given */
	uint64_t every_ms;   /* 0: not given */
	unsigned width;      /* of the terminal, in columns; 0: not given */
	char server[COMMAND_NAME_MAX]; /* "" where none was named */
	char word[32];
	char haproxy[COMMAND_NAME_MAX];
	char why[ORDER_WHY_MAX];
	char by[ORDER_WHO_MAX]; /* --by, for usherctl under sudo */
};

/*
 * 0, or UV_EINVAL with one sentence: what is wrong and what would be right.
 * argv[0] is the command's name.
 */
int command_parse(struct command *c, int argc, char *const *argv,
	char error[COMMAND_ERROR_MAX]);

/* Whether the word after this one is its value: "-m", "--for". */
int command_has_value(const char *word);

/* "usherctl drain [SERVER] [--all] ..." and what it does. */
size_t command_usage(char *dst, size_t cap, const struct command_spec *spec);

/* The spec of a name, or NULL with the sentence. */
const struct command_spec *command_find(
	const char *name, char error[COMMAND_ERROR_MAX]);

#endif
