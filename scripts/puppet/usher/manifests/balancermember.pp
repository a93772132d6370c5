# @summary A Puppet Server in the haproxy.cfg that puppetlabs-haproxy writes
#
# Says the same as the server line of haproxy/tcp.cfg, or with `usherd` of
# haproxy/fleet.cfg, where the reasons stand.  Collected, it needs the module
# puppetlabs-haproxy.  Nothing here has a default from a fact: of an exported
# resource it would be the balancer's.
#
# @example On each Puppet Server
#   @@usher::balancermember { $trusted['certname']:
#     listening_service => 'puppetserver',
#     ipaddress         => $facts['networking']['ip'],
#   }
#
# @example On the balancer
#   Usher::Balancermember <<| listening_service == 'puppetserver' |>>
#
# @param listening_service
#   The `haproxy::listen` or `haproxy::backend` that it belongs to.
# @param ipaddress
#   Where the Puppet Server is: a number, or a name.
# @param server_name
#   What HAProxy calls it; best the name in its certificate.
# @param port
#   The Puppet Server's port.
# @param agent_port
#   The port of usherd, `agent-listen`.
# @param usherd
#   The host of the one usherd that serves for several servers, as a number or a
#   name.  `server_name` must then be a name in its usher.conf.
# @param options
#   More for the server line, such as `id 11`.  They stand at its end, and so win
#   over what is there already.
define usher::balancermember (
  String[1]                     $listening_service,
  String[1]                     $ipaddress,
  Pattern[/\A[\w.:-]{1,255}\z/] $server_name = $title,
  Integer[1, 65535]             $port        = 8140,
  Integer[1, 65535]             $agent_port  = 8141,
  Optional[String[1]]           $usherd      = undef,
  Array[String[1]]              $options     = [],
) {
  $fleet = $usherd ? {
    undef   => [],
    default => ["agent-addr ${usherd}", "agent-send \"${server_name}\\n\""],
  }
  $line = [
    # Of weight 1, HAProxy's default, all below 100% is nothing.
    'weight 100 agent-check agent-inter 1s',
    # Slower than usherd's busy-limit, or it would overrule it.
    'check inter 6s fall 3 downinter 1s rise 1',
    "agent-port ${agent_port}",
  ] + $fleet + $options

  # In one string: haproxy::balancermember sorts a list.
  haproxy::balancermember { $title:
    listening_service => $listening_service,
    server_names      => $server_name,
    ipaddresses       => $ipaddress,
    ports             => String($port),
    options           => $line.join(' '),
  }
}
