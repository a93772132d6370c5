# @summary Runs a command on Puppet Servers, one batch after the other, each out
#   of service meanwhile
#
# For each batch: drain, wait until the last catalog is done, run the command,
# wait until Puppet Server answers, put it back, wait until it is in service.
# The plan ends after a batch in which something has failed.  What failed is left
# as it is: a server whose command failed, or that does not answer, stays drained.
#
# @param targets
#   The hosts of the Puppet Servers, each with an usherd for its own server alone.
# @param command
#   What to run on each, such as `systemctl restart puppetserver`.
# @param batch
#   How many at a time.
# @param reason
#   Why: usherctl and HAProxy's statistics show it.
# @param timeout
#   How long to wait for the last catalog.
# @param serving_timeout
#   How long to wait until Puppet Server answers, and is in service.
# @param force
#   Begin though a server is out of service, or a batch is all servers.
plan usher::rolling (
  TargetSpec                       $targets,
  String[1]                        $command,
  Integer[1]                       $batch           = 1,
  String[1, 255]                   $reason          = 'usher::rolling',
  Pattern[/\A[1-9][0-9]*[smhd]\z/] $timeout         = '30m',
  Pattern[/\A[1-9][0-9]*[smhd]\z/] $serving_timeout = '10m',
  Boolean                          $force           = false,
) {
  $all = get_targets($targets)
  $count = $all.length

  if $count == 0 {
    fail_plan('no targets', 'usher/no-targets')
  }
  if $batch >= $count and $count > 1 and !$force {
    fail_plan("not begun: a batch of ${batch} is all ${count} servers", 'usher/all-at-once')
  }

  # An usherd knows nothing of the others' servers.
  $out = run_task('usher::status', $all).results.filter |$result| {
    !$result.value['servers'].all |$server| { $server['in_service'] }
  }.map |$result| { $result.target.name }
  unless $out.empty or $force {
    fail_plan("not begun: out of service: ${out.join(', ')}", 'usher/out-of-service',
      { 'out_of_service' => $out })
  }

  Integer[0, ($count - 1) / $batch].each |$n| {
    # Each step is for those servers with which all went well so far.
    $drained = run_task('usher::drain', $all[$n * $batch, $batch],
      'reason' => $reason, 'timeout' => $timeout, '_catch_errors' => true)
    $changed = run_command($command, $drained.ok_set.targets, '_catch_errors' => true)
    $restored = run_task('usher::restore', $changed.ok_set.targets,
      'timeout' => $serving_timeout, '_catch_errors' => true)

    $failed = $drained.error_set.results + $changed.error_set.results + $restored.error_set.results
    unless $failed.empty {
      # Only they know: a drain that was refused has changed nothing.
      $now = run_task('usher::status', $failed.map |$result| { $result.target },
        '_catch_errors' => true)
      $why = $failed.map |$result| {
        $servers = $now.find($result.target.name).value['servers']
        $state = $servers ? {
          undef   => 'state unknown',
          default => $servers.map |$server| { "HAProxy is told: ${server['reply']}" }.join(', '),
        }
        "${result.target.name}: ${result.error.message} (${state})"
      }
      $names = $failed.map |$result| { $result.target.name }
      $left = $all[($n + 1) * $batch, -1].map |$target| { $target.name }
      $next = [
        'repair it',
        "bolt task run usher::restore --targets ${names.join(',')}",
        $left.empty ? {
          true    => 'that is all',
          default => "run the plan for the rest: --targets ${left.join(',')}",
        },
      ]
      fail_plan("stopped: ${why.join('; ')}. To go on: ${next.join('; ')}", 'usher/stopped',
        { 'failed' => $names, 'left' => $left })
    }
  }

  return({ 'done' => $all.map |$target| { $target.name } })
}
