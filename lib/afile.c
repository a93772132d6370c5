#include "afile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct afile_write {
	uv_work_t work;
	char *path;
	char *data;
	size_t len;
	int status;
	afile_cb cb; /* NULL: abandoned */
	void *arg;
};

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return uv_translate_sys_error(errno);
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0 ? 0 : uv_translate_sys_error(errno);
}

static int write_new(const char *path, const char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return uv_translate_sys_error(errno);
	rc = write_all(fd, data, len);
	if (close(fd) != 0 && rc == 0)
		rc = uv_translate_sys_error(errno);
	return rc;
}

/* The rename is on disk only when the folder is. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, rc = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	if (fsync(fd) != 0)
		rc = uv_translate_sys_error(errno);
	close(fd);
	return rc;
}

int afile_replace(const char *path, const void *data, size_t len)
{
	char fresh[PATH_MAX];
	int rc;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >=
		sizeof(fresh))
		return UV_ENAMETOOLONG;
	rc = write_new(fresh, data, len);
	if (rc == 0 && rename(fresh, path) != 0)
		rc = uv_translate_sys_error(errno);
	if (rc != 0) {
		unlink(fresh);
		return rc;
	}
	return sync_folder(path);
}

static void on_work(uv_work_t *work)
{
	struct afile_write *w = work->data;

	w->status = afile_replace(w->path, w->data, w->len);
}

static void free_write(struct afile_write *w)
{
	free(w->path);
	free(w->data);
	free(w);
}

static void on_done(uv_work_t *work, int status)
{
	struct afile_write *w = work->data;

	if (w->cb != NULL)
		w->cb(w->arg, status != 0 ? status : w->status);
	free_write(w);
}

int afile_start(struct afile_write **out, uv_loop_t *loop, const char *path,
	const void *data, size_t len, afile_cb cb, void *arg)
{
	struct afile_write *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return UV_ENOMEM;
	w->path = strdup(path);
	w->data = malloc(len + 1);
	if (w->path == NULL || w->data == NULL) {
		free_write(w);
		return UV_ENOMEM;
	}
	memcpy(w->data, data, len);
	w->len = len;
	w->cb = cb;
	w->arg = arg;
	w->work.data = w;
	*out = w;
	uv_queue_work(loop, &w->work, on_work, on_done);
	return 0;
}

void afile_abandon(struct afile_write *w)
{
	w->cb = NULL;
}

static int read_all(int fd, char *text, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, text + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return uv_translate_sys_error(errno);
		if (n == 0)
			return UV_EIO;
		used += (size_t)n;
	}
	return 0;
}

int afile_read(const char *path, size_t max, char **text, size_t *len)
{
	/* A FIFO would wait for somebody to write. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	char *data = NULL;
	struct stat st;

	if (fd < 0)
		return uv_translate_sys_error(errno);
	if (fstat(fd, &st) != 0)
		rc = uv_translate_sys_error(errno);
	else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > max)
		rc = UV_EFBIG;
	else if ((data = calloc(1, (size_t)st.st_size + 1)) == NULL)
		rc = UV_ENOMEM;
	else
		rc = read_all(fd, data, (size_t)st.st_size);
	close(fd);
	if (rc != 0) {
		free(data);
		return rc;
	}
	*text = data;
	*len = (size_t)st.st_size;
	return 0;
}
