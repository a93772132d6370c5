/*
 * usherd-failing: usherd, where allocations fail as the environment says:
 *
 *	FAILING="others 17 1"   the 17th, but for those of libmbedcrypto
 *	FAILING="crypto 800 3"  the 800th of libmbedcrypto, and two more
 *
 * They are counted from main() on, all libraries' and threads' too; at the end
 * it says how many there were.  Those of libmbedcrypto are big numbers, by the
 * ten thousand, hence apart.  Spared are those without which glibc or libuv
 * dies by its own hand; each stands below.
 *
 * A sanitizer keeps its allocator under other names; glibc does as well.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <link.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *old, size_t size);
void free(void *block);

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

#define IF_THERE __attribute__((weak))
void *__interceptor_malloc(size_t size) IF_THERE;
void *__interceptor_calloc(size_t n, size_t size) IF_THERE;
void *__interceptor_realloc(void *old, size_t size) IF_THERE;
void __interceptor_free(void *block) IF_THERE;

enum who { OTHERS, CRYPTO };

static atomic_ulong counted[2];
static enum who failing;
static unsigned long first, times; /* times == 0: none fails */

static struct library {
	const char *name;
	uintptr_t start, end;
} crypto = { .name = "libmbedcrypto" }, uv = { .name = "libuv" },
  ld = { .name = "/ld-linux" };

static bool armed;
static _Thread_local bool spared;

static int find(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct library *l = arg;

	(void)size;
	if (strstr(info->dlpi_name, l->name) == NULL)
		return 0;
	l->start = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD)
			l->end = l->start + part->p_vaddr + part->p_memsz;
	}
	return 1;
}

static bool is_of(const struct library *l, const void *caller)
{
	return (uintptr_t)caller >= l->start && (uintptr_t)caller < l->end;
}

__attribute__((constructor)) static void arm(void)
{
	const char *text = getenv("FAILING");
	struct addrinfo *found = NULL;
	char who[8];

	dl_iterate_phdr(find, &crypto);
	dl_iterate_phdr(find, &uv);
	dl_iterate_phdr(find, &ld);
	if (text != NULL &&
		sscanf(text, "%7s %lu %lu", who, &first, &times) != 3)
		_Exit(70);
	failing = text != NULL && strcmp(who, "crypto") == 0 ? CRYPTO : OTHERS;
	/* Names: glibc 2.36 dies when it can't make its tables of them. */
	getpwnam("root");
	getgrnam("root");
	getaddrinfo("localhost", NULL, NULL, &found);
	freeaddrinfo(found);
	armed = true;
}

__attribute__((destructor)) static void say_how_many(void)
{
	fprintf(stderr, "allocations others=%lu crypto=%lu\n",
		atomic_load(&counted[OTHERS]), atomic_load(&counted[CRYPTO]));
}

static bool fails(const void *caller)
{
	enum who who = is_of(&crypto, caller) ? CRYPTO : OTHERS;
	unsigned long number;

	/* Threads: libuv aborts when it can't start its pool. */
	if (!armed || spared || is_of(&ld, caller))
		return false;
	number = atomic_fetch_add(&counted[who], 1) + 1;
	if (who != failing || number < first || number - first >= times)
		return false;
	errno = ENOMEM;
	return true;
}

/* A sanitizer gives up when it can't tell where a thread's stack is. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	int (*real)(pthread_t, pthread_attr_t *);
	int rc;

	spared = true;
	*(void **)&real = dlsym(RTLD_NEXT, "pthread_getattr_np");
	rc = real(thread, attr);
	spared = false;
	return rc;
}

void *malloc(size_t size)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return __interceptor_malloc != NULL ? __interceptor_malloc(size)
					    : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return __interceptor_calloc != NULL ? __interceptor_calloc(n, size)
					    : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	/* Descriptors: libuv aborts when its table of them can't grow. */
	if (!is_of(&uv, __builtin_return_address(0)) &&
		fails(__builtin_return_address(0)))
		return NULL;
	return __interceptor_realloc != NULL ? __interceptor_realloc(old, size)
					     : __libc_realloc(old, size);
}

void free(void *block)
{
	if (__interceptor_free != NULL)
		__interceptor_free(block);
	else
		__libc_free(block);
}
