#ifndef WHO_H
#define WHO_H

#include <sys/types.h>

#include "order.h"

/*
 * Who is at the other end of the control socket, and what he may do there.
 */
enum who_right { WHO_MAY_LOOK, WHO_MAY_ORDER };

struct who {
	enum who_right right;
	uid_t uid;
};

/* The group whose members may order; WHO_NO_GROUP where it does not exist. */
#define WHO_NO_GROUP ((gid_t)-1)
gid_t who_group(const char *name);

/*
 * Asks the kernel about the peer of `fd`.  root, and whom usherd runs as, may
 * order, and so may members of `group`.
 */
struct who who_is(int fd, gid_t group);

/*
 * A name from /etc/passwd, never from the network: an unknown one is
 * "uid 1234".
 */
void who_name(char name[ORDER_WHO_MAX], uid_t uid);

#endif
