/*
 * System calls that fail as faults.py says, while usherd runs: LD_PRELOAD, and
 * FAULTS names a file of one long for each enum fault, 0 for none, and as many
 * again, in which is counted how often it was met.
 *
 * A sanitizer's own wrappers come behind these.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum fault {
	ACCEPT,       /* errno */
	SOCKET,       /* errno */
	PORT,         /* here or there: whom SEND and SEND_MOST are for */
	SEND,         /* errno */
	SEND_MOST,    /* bytes at a time */
	WRITE,        /* to files: errno */
	WRITE_MOST,   /* likewise: bytes at a time */
	FSYNC,        /* of files: errno */
	FSYNC_HANG,   /* of files: until it is 0 again */
	FSYNC_FOLDER, /* errno */
	RENAME,       /* errno */
	THREAD,       /* errno */
	LOOK_UP,      /* EAI_* */
	LOOK_UP_HANG, /* slow*.invalid: until it is 0 again */
	FAULTS
};

enum { UNIX_PORT = -1 }; /* all unix sockets */

static atomic_long *faults;

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("FAULTS");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = mmap(NULL, sizeof(*faults) * 2 * FAULTS,
		PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		_exit(70);
	close(fd);
	faults = at;
}

static long met(enum fault which)
{
	long value = faults != NULL ? atomic_load(&faults[which]) : 0;

	if (value != 0)
		atomic_fetch_add(&faults[FAULTS + which], 1);
	return value;
}

/* 0, or -1 with errno set. */
static int fail(enum fault which)
{
	long error = met(which);

	if (error == 0)
		return 0;
	errno = (int)error;
	return -1;
}

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

int accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	return fail(ACCEPT) != 0 ? -1 : NEXT(accept4)(fd, sa, len, flags);
}

int socket(int domain, int type, int protocol)
{
	return fail(SOCKET) != 0 ? -1 : NEXT(socket)(domain, type, protocol);
}

int rename(const char *from, const char *to)
{
	return fail(RENAME) != 0 ? -1 : NEXT(rename)(from, to);
}

/* --- what is written ------------------------------------------------------ */

static int is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int is_at(const struct sockaddr_in *sa, long port)
{
	return sa->sin_family == AF_UNIX ? port == UNIX_PORT
					 : ntohs(sa->sin_port) == port;
}

static int is_meant(int fd)
{
	long port = faults != NULL ? atomic_load(&faults[PORT]) : 0;
	struct sockaddr_in here = { .sin_port = 0 }, there = here;
	socklen_t len = sizeof(here);

	if (port == 0 || getsockname(fd, (struct sockaddr *)&here, &len) != 0)
		return 0;
	if (is_at(&here, port))
		return 1;
	len = sizeof(there);
	return getpeername(fd, (struct sockaddr *)&there, &len) == 0 &&
		is_at(&there, port);
}

/*
 * How many of `len` bytes may go now, or -1 with errno set.  What else goes
 * over a descriptor, the log among it, all goes.
 */
static ssize_t cut(int fd, size_t len)
{
	enum fault error = SEND, most = SEND_MOST;
	long limit;

	if (is_file(fd)) {
		error = WRITE;
		most = WRITE_MOST;
	} else if (!is_meant(fd)) {
		return (ssize_t)len;
	}
	if (fail(error) != 0)
		return -1;
	limit = met(most);
	return limit == 0 || (size_t)limit > len ? (ssize_t)len : limit;
}

static void hang(enum fault which)
{
	static const struct timespec a_while = { .tv_nsec = 10000000 };

	if (met(which) != 0)
		while (atomic_load(&faults[which]) != 0)
			nanosleep(&a_while, NULL);
}

int fsync(int fd)
{
	if (is_file(fd))
		hang(FSYNC_HANG);
	return fail(is_file(fd) ? FSYNC : FSYNC_FOLDER) != 0 ? -1
							     : NEXT(fsync)(fd);
}

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t n = cut(fd, len);

	return n < 0 ? -1 : NEXT(write)(fd, data, (size_t)n);
}

/* Of the first piece alone, when it is cut: any caller goes on from there. */
ssize_t writev(int fd, const struct iovec *pieces, int n_pieces)
{
	ssize_t n = cut(fd, pieces->iov_len);

	if (n < 0)
		return -1;
	return (size_t)n == pieces->iov_len
		? NEXT(writev)(fd, pieces, n_pieces)
		: NEXT(write)(fd, pieces->iov_base, (size_t)n);
}

/* --- names ---------------------------------------------------------------- */

int pthread_create(pthread_t *restrict thread,
	const pthread_attr_t *restrict attr, void *(*start)(void *),
	void *restrict arg)
{
	long error = met(THREAD);

	return error != 0 ? (int)error
			  : NEXT(pthread_create)(thread, attr, start, arg);
}

/* Nobody is asked: every name is this machine's. */
int getaddrinfo(const char *restrict host, const char *restrict port,
	const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	long error = met(LOOK_UP);

	if (strncmp(host, "slow", 4) == 0)
		hang(LOOK_UP_HANG);
	if (error != 0)
		return (int)error;
	return NEXT(getaddrinfo)("127.0.0.1", port, hints, found);
}
