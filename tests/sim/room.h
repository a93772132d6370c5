#ifndef ROOM_H
#define ROOM_H

#include <stddef.h>

/* Memory, or the end of the program: a simulation has nothing to save. */
void *room_new(size_t n, size_t size); /* all zero */
void *room_again(void *old, size_t n, size_t size);

#endif
