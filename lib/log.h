#ifndef LOG_H
#define LOG_H

/*
 * One line per fact, to stderr: `LEVEL event key=value ...`.  Where stderr is
 * the journal, the level becomes its `<N>` prefix (sd-daemon(3)) and the line
 * bears no time; elsewhere it begins with the time in UTC.
 *
 * error: somebody must act.  warn: degraded, will try again.  info: something
 * changed.  debug: every probe.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Looks where stderr goes.  Before it, lines are written plainly. */
void log_open(void);

void log_set_level(enum log_level level);

/* "error", "warn", "info" or "debug".  0, or UV_EINVAL. */
int log_find_level(const char *name, enum log_level *level);

void log_at(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Whatever the level that was set. */
void log_always(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
