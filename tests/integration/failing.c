/*
 * usherd-failing: usherd, where allocations fail as the environment says:
 *
 *	FAILING="others 17 1"   the 17th, but for those of libmbedcrypto
 *	FAILING="crypto 800 3"  the 800th of libmbedcrypto, and two more
 *
 * They are counted from main() on, all libraries' and threads' too; at the end
 * it says how many there were.
 */
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/failing_alloc.h"

__attribute__((constructor)) static void arm(void)
{
	const char *text = getenv("FAILING");
	unsigned long first = 0, times = 0;
	struct addrinfo *found = NULL;
	char who[8] = "";

	if (text != NULL &&
		sscanf(text, "%7s %lu %lu", who, &first, &times) != 3)
		_Exit(70);
	/*
	 * Names: glibc 2.36 dies when it can't make its tables of them, or room
	 * for a thread's variables in what it loads.  It asks all that it has
	 * for one that is not there.
	 */
	getpwnam("nobody-at-all");
	getgrnam("nobody-at-all");
	getaddrinfo("localhost", NULL, NULL, &found);
	freeaddrinfo(found);
	failing_arm(
		strcmp(who, "crypto") == 0 ? FAILING_CRYPTO : FAILING_OTHERS,
		first, times);
}

/* What comes after this is not usherd's: gcov writes its files. */
__attribute__((destructor)) static void say_how_many(void)
{
	failing_disarm();
	fprintf(stderr, "allocations others=%lu crypto=%lu failed=%lu\n",
		failing_counted(FAILING_OTHERS),
		failing_counted(FAILING_CRYPTO), failing_so_far());
}

/* So does where it ends at once. */
void _exit(int code)
{
	say_how_many();
	_Exit(code);
}
