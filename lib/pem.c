#include "pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

struct span {
	const char *at;
	size_t len;
};

static bool starts(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.at, with, n) == 0;
}

static bool ends(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.at + s.len - n, with, n) == 0;
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* Takes the first line off `rest`, without its end and trailing blanks. */
static struct span take_line(struct span *rest)
{
	const char *nl = memchr(rest->at, '\n', rest->len);
	struct span line = { rest->at, rest->len };

	if (nl != NULL)
		line.len = (size_t)(nl - rest->at);
	rest->at += line.len + (nl != NULL);
	rest->len -= line.len + (nl != NULL);
	while (line.len > 0 && strchr(" \t\r", line.at[line.len - 1]) != NULL)
		line.len--;
	return line;
}

/* The X of "-----BEGIN X-----"; length 0 if the line is something else. */
static struct span label_of(struct span line, const char *kind)
{
	struct span none = { line.at, 0 };
	size_t n = strlen(kind);

	if (!starts(line, kind) || !ends(line, "-----") || line.len < n + 5)
		return none;
	return (struct span){ line.at + n, line.len - n - 5 };
}

/* NULL, or what is wrong with the file. */
static const char *count(struct pem *p, const char *label)
{
	struct span rest = { p->text, p->len }, line = { p->text, 0 };
	struct span open = { p->text, 0 };

	while (rest.len > 0) {
		line = take_line(&rest);
		struct span begin = label_of(line, "-----BEGIN ");
		struct span end = label_of(line, "-----END ");

		if (begin.len > 0 && open.len > 0)
			return "a PEM block begins inside another one";
		if (end.len > 0 && !same(end, open))
			return "a PEM block ends that did not begin";
		if (begin.len > 0)
			open = begin;
		if (end.len > 0) {
			p->blocks += ends(open, label);
			open.len = 0;
		}
	}
	/* A last line "-----BEG" is as telling as an open block. */
	if (open.len > 0 || (starts(line, "-") && !starts(line, "-----END ")))
		return "ends in the middle of a PEM block "
		       "(is somebody writing it?)";
	return NULL;
}

static enum pem_result bad(char *error, size_t cap, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static enum pem_result bad(char *error, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, cap, fmt, ap);
	va_end(ap);
	return PEM_BAD;
}

/* A file that grows meanwhile is cut at the size it had. */
static int read_fd(struct pem *p, int fd, size_t size)
{
	ssize_t n = 1;

	p->text = calloc(1, size + 1);
	if (p->text == NULL)
		return UV_ENOMEM;
	while (p->len < size && n != 0) {
		n = read(fd, p->text + p->len, size - p->len);
		if (n < 0 && errno != EINTR)
			return uv_translate_sys_error(errno);
		if (n > 0)
			p->len += (size_t)n;
	}
	return 0;
}

static enum pem_result read_open(struct pem *p, int fd, const char *path,
	const char *label, char *error, size_t cap)
{
	const char *wrong;
	struct stat st;
	int rc;

	if (fstat(fd, &st) != 0)
		return bad(error, cap, "%s: %s", path,
			uv_strerror(uv_translate_sys_error(errno)));
	if (!S_ISREG(st.st_mode))
		return bad(error, cap, "%s: not a regular file", path);
	if (st.st_size > PEM_FILE_MAX)
		return bad(error, cap, "%s: larger than %d MiB", path,
			PEM_FILE_MAX >> 20);
	rc = read_fd(p, fd, (size_t)st.st_size);
	if (rc != 0)
		return bad(error, cap, "%s: %s", path, uv_strerror(rc));
	wrong = count(p, label);
	if (wrong != NULL)
		return bad(error, cap, "%s: %s", path, wrong);
	if (p->len == 0)
		return bad(error, cap, "%s: is empty", path);
	if (p->blocks == 0)
		return bad(error, cap, "%s: no PEM block \"%s\" in it", path,
			label);
	return PEM_OK;
}

/* O_NONBLOCK: to open a FIFO would wait for its writer. */
enum pem_result pem_read(struct pem *p, const char *path, const char *label,
	char *error, size_t cap)
{
	struct pem fresh = { .text = NULL };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum pem_result res;

	if (fd < 0) {
		int absent = errno == ENOENT;

		bad(error, cap, "%s: %s", path,
			absent ? "no such file"
			       : uv_strerror(uv_translate_sys_error(errno)));
		return absent ? PEM_ABSENT : PEM_BAD;
	}
	res = read_open(&fresh, fd, path, label, error, cap);
	close(fd);
	if (res == PEM_OK)
		*p = fresh;
	else
		pem_free(&fresh);
	return res;
}

void pem_free(struct pem *p)
{
	if (p->text != NULL)
		explicit_bzero(p->text, p->len);
	free(p->text);
	*p = (struct pem){ .text = NULL };
}
