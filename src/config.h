#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "log.h"
#include "poller.h"
#include "puppet.h"
#include "puppetconf.h"
#include "weight.h"

/*
 * The configuration: one file read, checked as a whole, and never changed
 * afterwards.  A reload makes a new one.  usher.conf(5) describes the options.
 */
struct config_server {
	char *name;
	char *address; /* HOST:PORT */
	char *tls_name;
	char *ca_file, *crl_file;   /* crl_file "none": revocation is off */
	char *cert_file, *key_file; /* "" where there is none */
	char *agent_listen;         /* "" where it has no port of its own */
	enum puppet_check check;
	uint64_t interval_ms, fast_interval_ms, timeout_ms, busy_limit_ms;
	uint64_t rise, fall;
	enum weight_mode weight;
	uint64_t min_weight; /* per cent */
	uint64_t ramp_ms;    /* 0: none */
};

enum config_switch { CONFIG_NO, CONFIG_YES };

struct config {
	char *agent_listen; /* ADDRESS:PORT, separated by blanks */
	char *http_listen;  /* likewise; "" for none */
	struct addr_net *allow;
	size_t n_allow;
	char *control_socket, *control_group, *state_dir;
	enum config_switch require_reason;
	enum poller_policy ready;
	enum log_level log_level;
	struct config_server *servers; /* at least one; names differ */
	size_t n_servers;
};

/* All that is wrong, in the order of the file; none: there is no memory. */
struct config_errors {
	struct config_error {
		unsigned line; /* 0: of the file as a whole */
		char *text;    /* what is wrong, and what would be right */
	} * list;
	size_t n;
};

/*
 * Where the file may be missing: CONFIG_IF_THERE, for the standard place.  One
 * that somebody named must be there.
 */
enum config_need { CONFIG_IF_THERE, CONFIG_MUST_EXIST };

/*
 * Reads `path`.  `host` gives what this machine's Puppet says of itself, for
 * options that are not set.  0, or UV_EINVAL with at least one error and *out
 * untouched.  errors is always to be freed.
 */
int config_load(struct config **out, const char *path, enum config_need need,
	const struct puppetconf *host, struct config_errors *errors);
void config_free(struct config *c); /* NULL is fine */
void config_errors_free(struct config_errors *e);

/* 1 when nothing that a probe's verdict rests on differs, else 0. */
int config_same_target(
	const struct config_server *a, const struct config_server *b);

#endif
