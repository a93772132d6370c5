#ifndef PROCESS_H
#define PROCESS_H

/*
 * What usherd asks of the system for itself, once, before anything else:
 * descriptors, how memory is handed out, and numbers that nobody can guess.
 */
void process_prepare(void);

#endif
