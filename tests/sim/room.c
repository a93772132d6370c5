#include "room.h"

#include <stdio.h>
#include <stdlib.h>

static void *or_end(void *p)
{
	if (p == NULL) {
		perror("simulation");
		exit(1);
	}
	return p;
}

void *room_new(size_t n, size_t size)
{
	return or_end(calloc(n > 0 ? n : 1, size));
}

void *room_again(void *old, size_t n, size_t size)
{
	return or_end(reallocarray(old, n, size));
}
