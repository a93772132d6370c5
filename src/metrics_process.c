/* /metrics: usherd itself, and the files that it trusts. */
#include "metrics.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "tlsconf.h"
#include "trust.h"

static void put(
	struct expo *e, const char *name, const char *help, double value)
{
	expo_family(e, name, EXPO_GAUGE, help);
	expo_sample(e, NULL, 0, value);
}

/* --- files --- */

enum kind { CA, CRL, OWN };

static void put_date(struct expo *e, const char *file, int64_t end_s)
{
	const struct expo_label label = { "file", file };

	if (end_s != 0)
		expo_sample(e, &label, 1, (double)end_s);
}

static const char *file_of(const struct config_server *s, enum kind kind)
{
	if (kind == OWN)
		return s->cert_file;
	return kind == CA ? s->ca_file : s->crl_file;
}

static int64_t date_of(const struct trust *t, enum kind kind)
{
	struct tlsconf_dates d = { .ca_s = 0 };

	if (trust_conf(t) != NULL)
		tlsconf_dates(trust_conf(t), &d);
	if (kind == OWN)
		return d.own_s;
	return kind == CA ? d.ca_s : d.crl_s;
}

/* Servers may share one file and differ in another: each is said once. */
static bool is_first(
	const struct fleet *f, size_t i, const char *file, enum kind kind)
{
	const struct config_server *like;

	for (size_t k = 0; k < i && fleet_trust(f, k, &like) != NULL; k++)
		if (strcmp(file_of(like, kind), file) == 0)
			return false;
	return true;
}

static void dates(struct expo *e, const struct fleet *f, enum kind kind)
{
	const struct config_server *like;
	const struct trust *t;

	for (size_t i = 0; (t = fleet_trust(f, i, &like)) != NULL; i++)
		if (is_first(f, i, file_of(like, kind), kind))
			put_date(e, file_of(like, kind), date_of(t, kind));
}

static void files(struct expo *e, const struct fleet *f)
{
	expo_family(e, "usher_ca_not_after_timestamp_seconds", EXPO_GAUGE,
		"When the first certificate of the CA file in use ends.");
	dates(e, f, CA);
	expo_family(e, "usher_crl_next_update_timestamp_seconds", EXPO_GAUGE,
		"When the first CRL of the CRL file in use is past its date.");
	dates(e, f, CRL);
	expo_family(e, "usher_own_certificate_not_after_timestamp_seconds",
		EXPO_GAUGE,
		"When the certificate ends that usherd shows to servers.");
	dates(e, f, OWN);
}

/* --- the process --- */

static size_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	/* Without `.`, `..` and the folder itself. */
	return n - 3;
}

static void count_handle(uv_handle_t *handle, void *n)
{
	(void)handle;
	++*(size_t *)n;
}

/* Since when the machine is up, in seconds since 1970. */
static double boot_s(void)
{
	struct timespec now = { .tv_sec = 0 }, up = { .tv_sec = 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return (double)(now.tv_sec - up.tv_sec) +
		(double)(now.tv_nsec - up.tv_nsec) / 1e9;
}

/* From the machine's start to ours; 0 where it is not known. */
static double start_after_s(void)
{
	FILE *f = fopen("/proc/self/stat", "r");
	char text[1024] = "", *p;

	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) == NULL)
		*text = '\0';
	fclose(f);
	/* The second field may hold blanks, and ends with ')'; it is the 22nd.
	 */
	p = strrchr(text, ')');
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p != NULL ? strtod(p, NULL) / (double)sysconf(_SC_CLK_TCK) : 0;
}

/* Worked out once: the clock may be set, and then it would be another. */
static double start_s(void)
{
	static double start;

	if (start == 0)
		start = boot_s() + start_after_s();
	return start;
}

static double seconds(const uv_timeval_t *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

void metrics_process(struct expo *e, const struct report *r)
{
	static const struct expo_label version = { "version", VERSION };
	struct rlimit limit = { .rlim_cur = 0 };
	uv_rusage_t usage = { .ru_maxrss = 0 };
	size_t rss = 0, n_handles = 0;

	if (r->fleet != NULL) {
		files(e, r->fleet);
		uv_walk(fleet_loop(r->fleet), count_handle, &n_handles);
	}
	uv_resident_set_memory(&rss);
	uv_getrusage(&usage);
	put(e, "usher_state_file_good",
		"1 when orders can be kept on disk, and were read from it.",
		*r->problem == '\0');
	expo_family(
		e, "usher_build_info", EXPO_GAUGE, "Always 1: the version.");
	expo_sample(e, &version, 1, 1);
	expo_family(e, "process_cpu_seconds_total", EXPO_COUNTER,
		"CPU time of usherd, user and system.");
	expo_sample(e, NULL, 0,
		seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
	put(e, "process_resident_memory_bytes", "Memory of usherd.",
		(double)rss);
	put(e, "process_open_fds", "Files and sockets open in usherd.",
		(double)count_fds());
	put(e, "usher_open_handles",
		"Timers, sockets and the like of usherd's loop.",
		(double)n_handles);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		put(e, "process_max_fds", "The most that may be.",
			(double)limit.rlim_cur);
	put(e, "process_start_time_seconds", "When usherd was started.",
		start_s());
}
