#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "text.h"

enum { LINE_MAX_BYTES = 2048 };

static enum log_level threshold = LOG_INFO;
static bool journal;

static const struct {
	const char *name;
	char priority; /* of syslog(3) */
} levels[] = {
	[LOG_ERROR] = { "error", '3' },
	[LOG_WARN] = { "warn", '4' },
	[LOG_INFO] = { "info", '6' },
	[LOG_DEBUG] = { "debug", '7' },
};

/* $JOURNAL_STREAM is "device:inode" of the journal's socket (systemd.exec(5)).
 */
void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char *colon;

	journal = stream != NULL && fstat(STDERR_FILENO, &st) == 0 &&
		strtoull(stream, &colon, 10) == st.st_dev && *colon == ':' &&
		strtoull(colon + 1, NULL, 10) == st.st_ino;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

int log_find_level(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return UV_EINVAL;
}

static size_t begin_line(char *line, size_t cap, enum log_level level)
{
	char now[sizeof("2026-01-01T00:00:00Z")];
	time_t t = time(NULL);
	struct tm tm;
	int n;

	if (journal) {
		n = snprintf(line, cap, "<%c>", levels[level].priority);
	} else {
		gmtime_r(&t, &tm);
		strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &tm);
		n = snprintf(line, cap, "%s %s ", now, levels[level].name);
	}
	return (size_t)n;
}

static void write_line(enum log_level level, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void write_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	int saved = errno;
	size_t n;
	int more;

	n = begin_line(line, sizeof(line), level);
	more = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	if (more > 0)
		n += (size_t)more;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	text_printable(line, n);
	line[n++] = '\n';
	/* Nobody is left to tell when stderr can't be written. */
	if (write(STDERR_FILENO, line, n) < 0)
		errno = saved;
	errno = saved;
}

static void write_if_wanted(enum log_level level, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void write_if_wanted(enum log_level level, const char *fmt, va_list ap)
{
	if (level <= threshold)
		write_line(level, fmt, ap);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_if_wanted(level, fmt, ap);
	va_end(ap);
}

void log_always(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(level, fmt, ap);
	va_end(ap);
}

#define DEFINE_LOG(name, level) \
	void name(const char *fmt, ...) \
	{ \
		va_list ap; \
		va_start(ap, fmt); \
		write_if_wanted(level, fmt, ap); \
		va_end(ap); \
	}

DEFINE_LOG(log_error, LOG_ERROR)
DEFINE_LOG(log_warn, LOG_WARN)
DEFINE_LOG(log_info, LOG_INFO)
DEFINE_LOG(log_debug, LOG_DEBUG)
