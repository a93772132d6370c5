#ifndef PROCESS_H
#define PROCESS_H

#include <uv.h>

/*
 * The most descriptors that usherd has open.  libuv's table has 8 bytes for
 * each, and two places more; it grows to powers of two.
 */
enum { PROCESS_FILES_MAX = 16384 - 2 };

/*
 * What usherd asks of the system for itself, once, before anything else:
 * descriptors, how memory is handed out, and numbers that nobody can guess.
 */
void process_prepare(void);

/*
 * A loop that never ends the process: without memory for its table of
 * descriptors, or without threads, libuv aborts when it comes to need them, so
 * it gets them here, for as many descriptors as the limit allows.  What libuv
 * aborts for in here is a line on standard error, and then _exit(1).  0, or a
 * UV_E* with nothing left open.
 */
int process_open_loop(uv_loop_t *loop);

#endif
