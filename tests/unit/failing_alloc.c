#include "failing_alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A sanitizer keeps its allocator under other names; glibc does as well. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

#define IF_THERE __attribute__((weak))
void *__interceptor_malloc(size_t size) IF_THERE;
void *__interceptor_calloc(size_t n, size_t size) IF_THERE;
void *__interceptor_realloc(void *old, size_t size) IF_THERE;
void __interceptor_free(void *block) IF_THERE;

static struct {
	uintptr_t start, end;
} crypto; /* libmbedcrypto */

static atomic_bool armed;
static atomic_ulong counted[2], failed; /* crypto's, and all others */
static atomic_long live;
static enum failing_whose failing;
static unsigned long first, times;
static _Thread_local bool spared;

static int find(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (strstr(info->dlpi_name, "libmbedcrypto") == NULL)
		return 0;
	crypto.start = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD)
			crypto.end =
				crypto.start + part->p_vaddr + part->p_memsz;
	}
	return 1;
}

static bool is_crypto(const void *caller)
{
	return (uintptr_t)caller >= crypto.start &&
		(uintptr_t)caller < crypto.end;
}

static bool fails(const void *caller)
{
	bool its = is_crypto(caller);
	unsigned long number;

	if (!atomic_load(&armed) || spared)
		return false;
	number = atomic_fetch_add(&counted[its], 1) + 1;
	if (failing == FAILING_ALL)
		number += atomic_load(&counted[!its]);
	else if (its != (failing == FAILING_CRYPTO))
		return false;
	if (number < first || number - first >= times)
		return false;
	atomic_fetch_add(&failed, 1);
	errno = ENOMEM;
	return true;
}

static void *born(void *block)
{
	if (block != NULL)
		atomic_fetch_add(&live, 1);
	return block;
}

void *malloc(size_t size)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return born(__interceptor_malloc != NULL ? __interceptor_malloc(size)
						 : __libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return born(__interceptor_calloc != NULL ? __interceptor_calloc(n, size)
						 : __libc_calloc(n, size));
}

void *realloc(void *old, size_t size)
{
	void *block;

	if (fails(__builtin_return_address(0)))
		return NULL;
	block = __interceptor_realloc != NULL ? __interceptor_realloc(old, size)
					      : __libc_realloc(old, size);
	if (old == NULL)
		return born(block);
	if (block == NULL && size == 0)
		atomic_fetch_sub(&live, 1);
	return block;
}

void free(void *block)
{
	if (block != NULL)
		atomic_fetch_sub(&live, 1);
	if (__interceptor_free != NULL)
		__interceptor_free(block);
	else
		__libc_free(block);
}

/* A sanitizer's own would come from elsewhere. */
char *strdup(const char *text)
{
	return strndup(text, strlen(text));
}

char *strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
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

void failing_arm(
	enum failing_whose whose, unsigned long from, unsigned long so_many)
{
	if (crypto.end == 0)
		dl_iterate_phdr(find, NULL);
	failing = whose;
	first = from;
	times = so_many;
	atomic_store(&counted[0], 0);
	atomic_store(&counted[1], 0);
	atomic_store(&failed, 0);
	atomic_store(&armed, true);
}

void failing_disarm(void)
{
	atomic_store(&armed, false);
}

unsigned long failing_counted(enum failing_whose whose)
{
	unsigned long others = atomic_load(&counted[0]),
		      its = atomic_load(&counted[1]);

	return whose == FAILING_OTHERS    ? others
		: whose == FAILING_CRYPTO ? its
					  : others + its;
}

unsigned long failing_so_far(void)
{
	return atomic_load(&failed);
}

long failing_live(void)
{
	return atomic_load(&live);
}
