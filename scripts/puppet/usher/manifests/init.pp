# @summary usherd: package, configuration, services
#
# usher.conf(5) has the options.  Puppet gives them to `usherd -n` before the file
# is replaced: one that is refused fails the run and leaves the file as it was.
# What has changed is put in force by a reload, or by a restart where a reload is
# not enough.
#
# @example An usherd on each Puppet Server
#   class { 'usher':
#     settings => { 'allow' => ['127.0.0.1', '192.0.2.10', '192.0.2.11'] },
#     defaults => { 'weight' => 'jruby', 'ramp' => '5m' },
#   }
#
# @param settings
#   `[usher]`: options of the daemon.
# @param defaults
#   `[defaults]`: options that hold for every server.
# @param servers
#   `[server NAME]` and its options, by name.  None: this host is the one server.
# @param package_manage
#   Whether Puppet installs usher.
# @param package_name
#   The package's name.
# @param package_ensure
#   As in Puppet's `package`.
# @param package_source
#   A file on this host to install from, where no repository has the package.
# @param package_provider
#   As in Puppet's `package`.
# @param config_dir
#   The folder of usher.conf.  The unit looks into /etc/usher.
# @param sbin_dir
#   Where usherd and usherctl are: /usr/local/sbin after a plain `make install`.
# @param service_manage
#   Whether Puppet cares for the services.  If not, nothing is reloaded either.
# @param service_ensure
#   Whether usherd runs.
# @param service_enable
#   Whether usherd starts with the host.
# @param hold_enable
#   Whether a stop, restart or reload of Puppet Server drains it first.
# @param restart_options
#   Options of `[usher]` that count from the next start of usherd on.
# @param manage_auth_conf
#   Whether Puppet Server's auth.conf gets a rule for usherd, see `usher::auth`.
class usher (
  Usher::Options                                       $settings         = {},
  Usher::Options                                       $defaults         = {},
  Hash[Pattern[/\A[\w.:-]{1,255}\z/], Usher::Options]  $servers          = {},
  Boolean                                              $package_manage   = true,
  String[1]                                            $package_name     = 'usher',
  String[1]                                            $package_ensure   = 'installed',
  Optional[String[1]]                                  $package_source   = undef,
  Optional[String[1]]                                  $package_provider = undef,
  Usher::Folder                                        $config_dir       = '/etc/usher',
  Usher::Folder                                        $sbin_dir         = '/usr/sbin',
  Boolean                                              $service_manage   = true,
  Enum['running', 'stopped']                           $service_ensure   = 'running',
  Boolean                                              $service_enable   = true,
  Boolean                                              $hold_enable      = true,
  Array[String[1]]                                     $restart_options  =
    ['control-group', 'control-socket', 'state-dir'],
  Boolean                                              $manage_auth_conf = false,
) {
  $config = "${config_dir}/usher.conf"

  if $package_manage {
    package { $package_name:
      ensure   => $package_ensure,
      source   => $package_source,
      provider => $package_provider,
      before   => File[$config_dir],
    }
  }

  file { $config_dir:
    ensure => directory,
  }

  $named = $servers.reduce({}) |$all, $server| {
    $all + { "server ${server[0]}" => $server[1] }
  }

  file { $config:
    ensure       => file,
    owner        => 'root',
    group        => 'root',
    mode         => '0644',
    validate_cmd => "${sbin_dir}/usherd -n -c %",
    content      => epp('usher/usher.conf.epp', {
      'purpose'  => 'usher.conf(5) says what each option means.',
      'sections' => { 'usher' => $settings, 'defaults' => $defaults } + $named,
    }),
  }

  if $service_manage {
    $path = [$sbin_dir, '/usr/sbin', '/usr/bin', '/sbin', '/bin']

    # To Puppet a file has changed or has not.  This one has when a reload is not
    # enough.
    $at_start = $settings.filter |$option, $value| {
      $option in $restart_options and $value !~ Undef
    }

    file { "${config}.at-start":
      ensure  => if $at_start.empty { 'absent' } else { 'file' },
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      content => epp('usher/usher.conf.epp', {
        'purpose'  => 'A copy of what usherd reads only when it starts; nobody else reads it.',
        'sections' => { 'usher' => $at_start },
      }),
      require => File[$config],
    }

    service { 'usherd':
      ensure    => $service_ensure,
      enable    => $service_enable,
      subscribe => File["${config}.at-start"],
    }

    service { ['usher-hold', 'usher-hold-reload']:
      enable  => $hold_enable,
      require => Service['usherd'],
    }

    # They come and go with Puppet Server, but where it ran before they were
    # enabled: what the deb does when it is installed, for all other ways.  Not
    # `ensure`: a start of one that is deactivating would cut its drain short.
    if $hold_enable {
      exec { 'systemctl start usher-hold':
        command => ['systemctl', 'start', 'usher-hold', 'usher-hold-reload'],
        path    => $path,
        onlyif  => [[
          'sh', '-c',
          '[ "$(systemctl is-active usher-hold)" = inactive ] &&
            systemctl is-active -q puppetserver pe-puppetserver',
        ]],
        require => Service['usher-hold', 'usher-hold-reload'],
      }
    }

    # After a restart, and so at the socket that usherd has now.  Not by
    # `systemctl reload`, which knows of no socket but the standard one.  Until
    # it has gone well each run tries again: the mark gets the time of the file
    # that usherd has loaded.
    if $service_ensure == 'running' {
      $socket = $settings['control-socket'] ? {
        String[1] => $settings['control-socket'],
        default   => '/run/usher/control.sock',
      }
      $loaded = "${config}.loaded"

      exec { 'usherctl reload':
        command => [
          'sh', '-c',
          'time=$(stat -c %y "$1") && usherctl -s "$3" reload && touch -d "$time" "$2"',
          'sh', $config, $loaded, $socket,
        ],
        path    => $path,
        unless  => [[
          'sh', '-c', '[ "$(stat -c %y "$1")" = "$(stat -c %y "$2")" ]',
          'sh', $config, $loaded,
        ]],
        require => [File[$config], Service['usherd']],
      }
    }
  }

  if $manage_auth_conf {
    contain usher::auth
  }
}
