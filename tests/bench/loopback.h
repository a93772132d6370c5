#ifndef LOOPBACK_H
#define LOOPBACK_H

/*
 * Sockets on 127.0.0.1 that never block and never wait to fill a segment.
 * -1, with errno, where there is none to be had.
 */

/* On a port of the kernel's choice. */
int loopback_listen(void);
unsigned loopback_port(int listener);
int loopback_accept(int listener);
/* Connected, or about to be. */
int loopback_connect(unsigned port);

#endif
