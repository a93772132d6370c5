# @summary A rule in Puppet Server's auth.conf that lets usherd ask
#
# Only for sites that have tightened it: as it comes, auth.conf lets everybody ask.
# For the host of the Puppet Server, which the one of usherd need not be.  Needs
# the module puppetlabs-puppet_authorization.  Puppet Server reads auth.conf when
# it starts or reloads; that is left to the site.
#
# @param path
#   Debian's Puppet Server has it in /etc/puppet/puppetserver/conf.d.
# @param allow
#   The names in the certificates (`cert-file`) that may ask; none: everybody may,
#   with or without a certificate.
class usher::auth (
  Pattern[/\A\//]  $path  = '/etc/puppetlabs/puppetserver/conf.d/auth.conf',
  Array[String[1]] $allow = [],
) {
  unless defined('puppet_authorization::rule') {
    fail('usher::auth needs the module puppetlabs-puppet_authorization')
  }

  # The two pages that usherd asks for.  The rules that come with auth.conf are at
  # 500, and the first that matches decides.
  puppet_authorization::rule { 'usher':
    path                  => $path,
    match_request_path    => '^/status/v1/(simple|services/jruby-metrics)$',
    match_request_type    => 'regex',
    match_request_method  => 'get',
    allow                 => if $allow.empty { undef } else { $allow },
    allow_unauthenticated => $allow.empty,
    sort_order            => 300,
  }
}
