#include "seen.h"

/* FNV-1a; who makes two keys collide only hides a line about himself. */
static uint64_t hash(const unsigned char *key, size_t len)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ key[i]) * 1099511628211u;
	return h;
}

enum seen_answer seen_look(struct seen *s, const void *key, size_t len)
{
	uint64_t h = hash(key, len);

	for (size_t i = 0; i < s->n; i++)
		if (s->keys[i] == h)
			return SEEN_KNOWN;
	if (s->n == SEEN_MAX)
		return SEEN_KNOWN;
	s->keys[s->n++] = h;
	return s->n == SEEN_MAX ? SEEN_FULL : SEEN_FIRST;
}
