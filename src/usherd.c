/*
 * usherd(8): options, signals, the loop.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <jansson.h>
#include <uv.h>

#include "config.h"
#include "fleet.h"
#include "log.h"
#include "tlsconf.h"

#define STANDARD_CONFIG "/etc/usher/usher.conf"

struct daemon {
	uv_loop_t loop;
	uv_signal_t hangup, terminate, interrupt;
	struct fleet *fleet;
	const char *path;
	enum config_need need;
	char own_name[256]; /* this host's, where puppet.conf has no certname */
	enum fleet_end end;
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
	for (size_t i = 0; i < errors->n; i++) {
		const struct config_error *e = &errors->list[i];
		const char *text = e->text != NULL ? e->text : "no memory";

		if (e->line > 0)
			fprintf(stderr, "%s:%u: %s\n", path, e->line, text);
		else
			fprintf(stderr, "%s: %s\n", path, text);
	}
}

static void log_errors(const char *path, const struct config_errors *errors)
{
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

/* Asks the resolver where it must: now, before the loop runs. */
static void learn_own_name(struct daemon *d)
{
	struct puppetconf host;

	puppetconf_read(&host, "");
	if (host.certname[0] == '\0')
		puppetconf_own_name(&host);
	memcpy(d->own_name, host.certname, sizeof(d->own_name));
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;
	struct config_errors errors;
	struct config *config;

	(void)number;
	if (load(d, &config, &errors) != 0) {
		log_errors(d->path, &errors);
		log_error("reload text=\"not done: the configuration before "
			  "stays in use\"");
	} else if (fleet_configure(d->fleet, config) != 0) {
		config_free(config);
		log_error("reload text=\"not done: the configuration before "
			  "stays in use\"");
	} else {
		fleet_look(d->fleet);
		log_info("reload text=\"done\"");
	}
	config_errors_free(&errors);
}

/* HAProxy keeps what it was told: nothing is said on the way out. */
static void on_end(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	log_info("ending signal=%d", number);
	uv_close((uv_handle_t *)&d->hangup, NULL);
	uv_close((uv_handle_t *)&d->terminate, NULL);
	uv_close((uv_handle_t *)&d->interrupt, NULL);
	d->end = fleet_close(d->fleet);
	if (d->end == FLEET_WAITING)
		uv_stop(&d->loop);
}

static void handle_signal(
	struct daemon *d, uv_signal_t *handle, uv_signal_cb cb, int number)
{
	uv_signal_init(&d->loop, handle);
	handle->data = d;
	uv_signal_start(handle, cb, number);
}

static int run(struct daemon *d, struct config *config)
{
	int rc = fleet_open(&d->fleet, &d->loop);

	if (rc != 0) {
		log_error("start text=\"%s\"", uv_strerror(rc));
		config_free(config);
		return 1;
	}
	rc = fleet_configure(d->fleet, config);
	if (rc == 0) {
		handle_signal(d, &d->hangup, on_hangup, SIGHUP);
		handle_signal(d, &d->terminate, on_end, SIGTERM);
		handle_signal(d, &d->interrupt, on_end, SIGINT);
	} else {
		config_free(config);
		d->end = fleet_close(d->fleet);
	}
	uv_run(&d->loop, UV_RUN_DEFAULT);
	return rc == 0 ? 0 : 1;
}

static void seed(void)
{
	unsigned value = 0;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = (unsigned)getpid();
	srandom(value);
	json_object_seed(0);
}

static int start(struct daemon *d, struct config *config)
{
	int rc;

	log_open();
	log_set_level(config->log_level);
	log_info("starting version=%s config=%s", VERSION, d->path);
	rc = tlsconf_global_init();
	if (rc == 0)
		rc = uv_loop_init(&d->loop);
	if (rc != 0) {
		log_error("start text=\"no TLS library or no loop (%d)\"", rc);
		config_free(config);
		return 1;
	}
	rc = run(d, config);
	/* A thread that waits for a name server would hold exit() up. */
	if (d->end == FLEET_WAITING)
		_exit(rc);
	fleet_free(d->fleet);
	uv_loop_close(&d->loop);
	tlsconf_global_free();
	return rc;
}

enum task { TASK_RUN, TASK_CHECK };

/* An exit code, or -1 to go on. */
static int parse_options(
	struct daemon *d, enum task *task, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:nvh")) != -1) {
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
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "usherd: `%s`: no argument is taken\n",
			argv[optind]);
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
	seed();
	learn_own_name(&d);
	if (load(&d, &config, &errors) != 0) {
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
