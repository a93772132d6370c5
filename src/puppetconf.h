#ifndef PUPPETCONF_H
#define PUPPETCONF_H

/*
 * What this machine's Puppet says of itself: its certname, and where it keeps
 * its CA and CRL.  From puppet.conf (Puppet's manual, "Configuration: settings
 * localcacert, hostcrl, certname"), else as the packages have it.
 */
struct puppetconf {
	char certname[256]; /* "" where puppet.conf names none */
	char ca_file[512];
	char crl_file[512];
};

/*
 * Looks for puppet.conf where upstream's and Debian's packages keep it, below
 * `root` ("" for the real one).  Without any, the packages' places are the
 * answer, and certname is "".
 */
void puppetconf_read(struct puppetconf *p, const char *root);

/*
 * Sets certname to this host's full name, as Puppet does where none is
 * configured.  May wait for the resolver: not for use on the loop.
 */
void puppetconf_own_name(struct puppetconf *p);

#endif
