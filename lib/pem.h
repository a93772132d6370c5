#ifndef PEM_H
#define PEM_H

#include <stddef.h>

/*
 * A PEM file, read whole and looked at line by line, since the parsers of TLS
 * libraries stop silently where a file was cut off.
 */
enum { PEM_FILE_MAX = 16 * 1024 * 1024 };

enum pem_result {
	PEM_OK,
	PEM_ABSENT, /* no such file */
	PEM_BAD,
};

struct pem {
	char *text;    /* with a '\0' after it */
	size_t len;    /* without that '\0' */
	size_t blocks; /* whole blocks of the kind asked for; at least one */
};

/*
 * Reads the regular file `path` of at most PEM_FILE_MAX bytes.  Blocks count
 * if their label ends in `label`, so "PRIVATE KEY" finds "RSA PRIVATE KEY";
 * others must be whole too.  Blocks on the disk.  Unless PEM_OK, *p is
 * untouched and `error` is a sentence that begins with the path.
 */
enum pem_result pem_read(struct pem *p, const char *path, const char *label,
	char *error, size_t cap);

/* Wipes the text first: it may be a key. */
void pem_free(struct pem *p);

#endif
