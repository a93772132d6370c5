#include "t.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unixsock.h"

struct fix {
	char *dir;
	char path[200];
	char error[UNIXSOCK_ERROR_MAX];
};

static void open_fix(struct fix *f, const char *name)
{
	f->dir = t_mkdir();
	snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
}

static int bind_it(struct fix *f)
{
	return unixsock_bind(f->path, f->error);
}

static void anybody_may_connect(void **state)
{
	struct unixsock_peer peer;
	struct stat st;
	struct fix f;
	int fd, client, served;

	(void)state;
	open_fix(&f, "made/sock");
	fd = bind_it(&f);
	assert_true(fd >= 0);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	assert_int_equal(listen(fd, 1), 0);
	client = unixsock_connect(f.path, 0);
	assert_true(client >= 0);
	served = accept(fd, NULL, NULL);
	assert_int_equal(unixsock_peer(served, &peer), 0);
	assert_int_equal(peer.uid, geteuid());
	assert_true(unixsock_peer_in_group(served, getegid()));
	assert_false(unixsock_peer_in_group(served, (gid_t)4294967294u));
	close(served);
	close(client);
	close(fd);
	t_rmdir(f.dir);
}

static void a_stale_one_is_replaced_and_a_live_one_not(void **state)
{
	struct fix f;
	int fd, second;

	(void)state;
	open_fix(&f, "sock");
	fd = bind_it(&f);
	assert_int_equal(listen(fd, 1), 0);
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, "another process answers there"));
	close(fd);
	second = bind_it(&f);
	assert_true(second >= 0);
	close(second);
	t_rmdir(f.dir);
}

static void other_things_are_left_alone(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f, "sock");
	free(t_write(f.dir, "sock", "x", 1));
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, "something that is no socket"));
	memset(f.path, 'a', sizeof(f.path) - 1);
	f.path[sizeof(f.path) - 1] = '\0';
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, "at most 107 bytes"));
	assert_true(unixsock_connect(f.path, 0) < 0);
	assert_int_equal(errno, ENAMETOOLONG);
	t_rmdir(f.dir);
}

/* Stopped, or too busy to answer: it must be left alone, not waited for. */
static void one_that_does_not_accept(void **state)
{
	struct fix f;
	int fd, waiting;

	(void)state;
	open_fix(&f, "sock");
	fd = bind_it(&f);
	assert_int_equal(listen(fd, 0), 0); /* room for one */
	waiting = unixsock_connect(f.path, 0);
	assert_true(waiting >= 0);
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, "another process answers there"));
	assert_true(unixsock_connect(f.path, 50) < 0);
	assert_int_equal(errno, EAGAIN);
	close(waiting);
	close(fd);
	t_rmdir(f.dir);
}

/* Exactly at the limit of a path, and one over. */
static void the_longest_path(void **state)
{
	enum { LONGEST = 107 };
	struct fix f;
	size_t len;
	int fd;

	(void)state;
	open_fix(&f, "");
	len = strlen(f.path);
	memset(f.path + len, 'a', LONGEST - len);
	f.path[LONGEST] = '\0';
	fd = bind_it(&f);
	assert_true(fd >= 0);
	close(fd);
	strcpy(f.path + LONGEST, "a");
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, "at most 107 bytes"));
	f.path[0] = '\0';
	assert_true(bind_it(&f) < 0);
	t_rmdir(f.dir);
}

/* Only the last folder is made; anybody may go into it. */
static void folders(void **state)
{
	char *folder;
	struct stat st;
	mode_t before;
	struct fix f;
	int fd;

	(void)state;
	open_fix(&f, "a/b/sock");
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, strerror(ENOENT)));
	folder = t_write(f.dir, "a", "x", 1);
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, strerror(ENOTDIR)));
	assert_int_equal(unlink(folder), 0);
	snprintf(f.path, sizeof(f.path), "%s/a/sock", f.dir);
	before = umask(0077);
	fd = bind_it(&f);
	assert_int_equal(umask(before), 0077); /* is as it was */
	assert_true(fd >= 0);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	close(fd);
	free(folder);
	t_rmdir(f.dir);
}

/* A link is no socket, wherever it leads. */
static void a_link_is_left_alone(void **state)
{
	struct stat st;
	struct fix f;

	(void)state;
	open_fix(&f, "sock");
	assert_int_equal(symlink("/nowhere", f.path), 0);
	assert_true(bind_it(&f) < 0);
	assert_non_null(strstr(f.error, "something that is no socket"));
	assert_int_equal(lstat(f.path, &st), 0);
	t_rmdir(f.dir);
}

static void who_is_no_peer(void **state)
{
	struct unixsock_peer peer;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unixsock_peer(-1, &peer), -1);
	assert_false(unixsock_peer_in_group(-1, getegid()));
	assert_false(unixsock_peer_in_group(fd, getegid()));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anybody_may_connect),
		cmocka_unit_test(a_stale_one_is_replaced_and_a_live_one_not),
		cmocka_unit_test(one_that_does_not_accept),
		cmocka_unit_test(other_things_are_left_alone),
		cmocka_unit_test(a_link_is_left_alone),
		cmocka_unit_test(the_longest_path),
		cmocka_unit_test(folders),
		cmocka_unit_test(who_is_no_peer),
	};

	return cmocka_run_group_tests_name("unixsock", tests, NULL, NULL);
}
