#include "who.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "text.h"
#include "unixsock.h"

gid_t who_group(const char *name)
{
	const struct group *g = getgrnam(name);

	return g != NULL ? g->gr_gid : WHO_NO_GROUP;
}

void who_name(char name[ORDER_WHO_MAX], uid_t uid)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry = NULL;

	text_format(name, ORDER_WHO_MAX, "uid %u", (unsigned)uid);
	if (file == NULL)
		return;
	while ((entry = fgetpwent(file)) != NULL)
		if (entry->pw_uid == uid)
			break;
	if (entry != NULL)
		text_format(name, ORDER_WHO_MAX, "%s", entry->pw_name);
	fclose(file);
	text_clean(name);
}

struct who who_is(int fd, gid_t group)
{
	struct who who = { .right = WHO_MAY_LOOK, .uid = (uid_t)-1 };
	struct unixsock_peer peer;

	if (unixsock_peer(fd, &peer) != 0)
		return who;
	who.uid = peer.uid;
	if (peer.uid == 0 || peer.uid == geteuid() ||
		(group != WHO_NO_GROUP && unixsock_peer_in_group(fd, group)))
		who.right = WHO_MAY_ORDER;
	return who;
}
