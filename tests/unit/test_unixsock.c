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
	client = unixsock_connect(f.path);
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
	assert_true(unixsock_connect(f.path) < 0);
	assert_int_equal(errno, ENAMETOOLONG);
	t_rmdir(f.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anybody_may_connect),
		cmocka_unit_test(a_stale_one_is_replaced_and_a_live_one_not),
		cmocka_unit_test(other_things_are_left_alone),
	};

	return cmocka_run_group_tests_name("unixsock", tests, NULL, NULL);
}
