/*
 * usherd(8): options, signals, the loop.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "config.h"
#include "control.h"
#include "fleet.h"
#include "log.h"
#include "message.h"
#include "notify.h"
#include "orderbook.h"
#include "process.h"
#include "text.h"
#include "tlsconf.h"
#include "web.h"

#define STANDARD_CONFIG "/etc/usher/usher.conf"

struct daemon {
	uv_loop_t loop;
	uv_signal_t hangup, terminate, interrupt;
	struct fleet *fleet;
	struct history *history;
	struct orderbook *book;
	struct control *control;
	struct web *web;
	struct notify notify;
	const char *path;
	enum config_need need;
	char own_name[256]; /* this host's, where puppet.conf has no certname */
};

static void usage(FILE *out)
{
	fputs("usage: usherd [-c FILE] [-n] [-v]\n"
	      "  -c FILE  read FILE instead of " STANDARD_CONFIG "\n"
	      "  -n       check the configuration, then exit 0 or 1\n"
	      "  -v       print the version\n"
	      "  -h       print this\n"
	      "usherd stays in the foreground and logs to standard error;\n"
	      "see usherd(8) and usher.conf(5)\n",
		out);
}

/* All that is wrong, one line each, to standard error: -n is for people. */
static void print_errors(const char *path, const struct config_errors *errors)
{
	if (errors->n == 0)
		message_say("%s: no memory", path);
	for (size_t i = 0; i < errors->n; i++) {
		const struct config_error *e = &errors->list[i];
		const char *text = e->text != NULL ? e->text : "no memory";

		if (e->line > 0)
			message_say("%s:%u: %s", path, e->line, text);
		else
			message_say("%s: %s", path, text);
	}
}

static void log_errors(const char *path, const struct config_errors *errors)
{
	if (errors->n == 0)
		log_error("config file=%s text=\"no memory\"", path);
	for (size_t i = 0; i < errors->n; i++)
		log_error("config file=%s line=%u text=\"%s\"", path,
			errors->list[i].line,
			errors->list[i].text != NULL ? errors->list[i].text
						     : "no memory");
}

static int load(
	struct daemon *d, struct config **config, struct config_errors *errors)
{
	struct puppetconf host;

	puppetconf_read(&host, "");
	if (host.certname[0] == '\0')
		memcpy(host.certname, d->own_name, sizeof(host.certname));
	return config_load(config, d->path, d->need, &host, errors);
}

/*
 * Asking for this host's own name may take the resolver's time: only where the
 * files say too little, and only now, before the loop runs.
 */
static int load_first(
	struct daemon *d, struct config **config, struct config_errors *errors)
{
	struct puppetconf host = { .certname = "" };

	if (load(d, config, errors) == 0)
		return 0;
	config_errors_free(errors);
	puppetconf_own_name(&host);
	memcpy(d->own_name, host.certname, sizeof(d->own_name));
	return load(d, config, errors);
}

/* The first error, and how many there are. */
static void summarize(char *text, size_t cap, const char *path,
	const struct config_errors *errors)
{
	const struct config_error *e = errors->n > 0 ? errors->list : NULL;
	size_t used = text_format(text, cap, "%s:", path);

	if (e != NULL && e->line > 0)
		used += text_format(text + used, cap - used, "%u:", e->line);
	used += text_format(text + used, cap - used, " %s",
		e != NULL && e->text != NULL ? e->text : "no memory");
	if (errors->n > 1)
		used += text_format(text + used, cap - used,
			" (the first of %zu errors)", errors->n);
	text_format(text + used, cap - used,
		"; the configuration before stays in use");
}

/* One line for `systemctl status`; `more` is its end. */
static void tell_ready(struct daemon *d, const char *more)
{
	size_t n = fleet_config(d->fleet)->n_servers;
	char status[128];

	text_format(status, sizeof(status),
		"%zu server%s, see usherctl status%s", n, n == 1 ? "" : "s",
		more);
	notify_ready(&d->notify, status);
}

/* Says in one sentence what went wrong; the log has each error. */
static void reload(void *arg, char *error, size_t cap)
{
	struct daemon *d = arg;
	struct config_errors errors;
	struct config *config;

	notify_reloading(&d->notify);
	if (load(d, &config, &errors) != 0) {
		log_errors(d->path, &errors);
		summarize(error, cap, d->path, &errors);
	} else if (fleet_configure(d->fleet, config) != 0) {
		config_free(config);
		text_format(error, cap,
			"%s: can't be put into force, the log says why; the "
			"configuration before stays in use",
			d->path);
	} else {
		fleet_look(d->fleet);
	}
	config_errors_free(&errors);
	if (*error != '\0')
		log_error("reload text=\"not done: the configuration before "
			  "stays in use\"");
	else
		log_info("reload text=\"done\"");
	tell_ready(d, *error != '\0' ? "; the last reload failed" : "");
}

static void on_hangup(uv_signal_t *handle, int number)
{
	char error[512] = "";

	(void)number;
	reload(handle->data, error, sizeof(error));
}

/* HAProxy keeps what it was told: nothing is said on the way out. */
static void close_all(struct daemon *d)
{
	if (d->control != NULL)
		control_close(d->control);
	orderbook_close(d->book);
	fleet_close(d->fleet);
}

static void close_signals(struct daemon *d)
{
	uv_close((uv_handle_t *)&d->hangup, NULL);
	uv_close((uv_handle_t *)&d->terminate, NULL);
	uv_close((uv_handle_t *)&d->interrupt, NULL);
}

static void on_end(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	log_info("ending signal=%d", number);
	notify_stopping(&d->notify);
	notify_close(&d->notify);
	close_signals(d);
	close_all(d);
}

static void handle_signal(
	struct daemon *d, uv_signal_t *handle, uv_signal_cb cb, int number)
{
	uv_signal_init(&d->loop, handle);
	handle->data = d;
	uv_signal_start(handle, cb, number);
}

/* The parts, in the order in which they need each other.  0 or a UV_E*. */
static int open_all(struct daemon *d, const struct config *config)
{
	struct fleet_owner owner;
	int rc;

	d->history = history_new();
	d->web = web_new();
	if (d->history == NULL || d->web == NULL)
		return UV_ENOMEM;
	rc = orderbook_open(&d->book, &d->loop, d->history, config->state_dir);
	if (rc != 0)
		return rc;
	owner = orderbook_owner(d->book);
	owner.http = web_handler(d->web);
	rc = fleet_open(&d->fleet, &d->loop, &owner);
	if (rc != 0) {
		orderbook_close(d->book);
		return rc;
	}
	orderbook_start(d->book, d->fleet);
	web_start(d->web, &(struct show){ d->fleet, d->book, d->history });
	return 0;
}

/* `config` is taken over. */
static int go_into_service(struct daemon *d, struct config *config)
{
	struct control_options o = { .loop = &d->loop,
		.fleet = d->fleet,
		.book = d->book,
		.history = d->history,
		.reload = reload,
		.arg = d };

	if (fleet_configure(d->fleet, config) != 0) {
		config_free(config);
		return UV_EINVAL;
	}
	return control_open(&d->control, &o);
}

static int run(struct daemon *d, struct config *config)
{
	int rc = open_all(d, config);

	if (rc != 0) {
		log_error("start text=\"%s\"", uv_strerror(rc));
		config_free(config);
		uv_run(&d->loop, UV_RUN_DEFAULT);
		return 1;
	}
	/* One that comes from now on is heeded when the loop runs. */
	handle_signal(d, &d->hangup, on_hangup, SIGHUP);
	handle_signal(d, &d->terminate, on_end, SIGTERM);
	handle_signal(d, &d->interrupt, on_end, SIGINT);
	rc = go_into_service(d, config);
	if (rc == 0) {
		notify_open(&d->notify, &d->loop);
		tell_ready(d, "");
	} else {
		close_signals(d);
		close_all(d);
	}
	uv_run(&d->loop, UV_RUN_DEFAULT);
	return rc == 0 ? 0 : 1;
}

static int start(struct daemon *d, struct config *config)
{
	int rc;

	log_open();
	log_set_level(config->log_level);
	log_info("starting version=%s config=%s", VERSION, d->path);
	rc = tlsconf_global_init();
	if (rc == 0)
		rc = process_open_loop(&d->loop);
	if (rc != 0) {
		log_error("start text=\"no TLS library or no loop (%d)\"", rc);
		config_free(config);
		return 1;
	}
	rc = run(d, config);
	if (d->fleet != NULL)
		fleet_free(d->fleet);
	if (d->book != NULL)
		orderbook_free(d->book);
	web_free(d->web);
	history_free(d->history);
	/* A thread may still look a name up; exit() is not for two. */
	if (uv_loop_close(&d->loop) != 0)
		_exit(rc);
	tlsconf_global_free();
	return rc;
}

enum task { TASK_RUN, TASK_CHECK };

/* An exit code, or -1 to go on. */
static int parse_options(
	struct daemon *d, enum task *task, int argc, char **argv)
{
	int option;

	/* The ':' in front: getopt() would write the option as it is. */
	while ((option = getopt(argc, argv, ":c:nvh")) != -1) {
		switch (option) {
		case 'c':
			d->path = optarg;
			d->need = CONFIG_MUST_EXIST;
			break;
		case 'n':
			*task = TASK_CHECK;
			break;
		case 'v':
			puts("usherd " VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		case ':':
			message_say("usherd: -%c: a path is missing", optopt);
			usage(stderr);
			return 2;
		default:
			message_say("usherd: `-%c`: no such option", optopt);
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		message_say("usherd: `%s`: no argument is taken", argv[optind]);
		usage(stderr);
		return 2;
	}
	return -1;
}

int main(int argc, char **argv)
{
	static struct daemon d = { .path = STANDARD_CONFIG,
		.need = CONFIG_IF_THERE };
	enum task task = TASK_RUN;
	struct config_errors errors;
	struct config *config;
	int rc = parse_options(&d, &task, argc, argv);

	if (rc >= 0)
		return rc;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* until there is something to reload */
	process_prepare();
	if (load_first(&d, &config, &errors) != 0) {
		print_errors(d.path, &errors);
		config_errors_free(&errors);
		return 1;
	}
	config_errors_free(&errors);
	if (task == TASK_CHECK) {
		config_free(config);
		return 0;
	}
	return start(&d, config);
}
