#!/usr/bin/env -S PATH=/opt/puppetlabs/puppet/bin:${PATH} ruby
# frozen_string_literal: true

# All tasks of this module: parameters come as JSON on standard input, `_task`
# says which one it is, and usherctl(8) does the work.
#
# Ruby, since every host with a Puppet Server has it, Puppet's own or Debian's,
# and a shell has no JSON.  From 2.5 on; nothing but its standard library.
require "json"
require "open3"

KINDS = {
  1 => "failed", 2 => "usage", 4 => "no-usherd", 5 => "refused", 6 => "timeout",
  127 => "no-usherctl"
}.freeze
UNITS = { "s" => 1, "m" => 60, "h" => 3600, "d" => 86_400 }.freeze
ALIVE = %w[ok forbidden].freeze
TEXTS = %w[server reason for timeout settle socket].freeze

# What ends a task: a sentence, and usherctl's exit status.
class Failed < StandardError
  attr_reader :code

  def initialize(message, code)
    super(message)
    @code = code
  end

  def to_h
    { "msg" => message, "kind" => "usher/#{KINDS.fetch(code, 'failed')}",
      "details" => { "exit_code" => code } }
  end
end

# One run of a task, and what it has come to so far.
class Task
  attr_reader :result

  def initialize
    @result = {}
  end

  def run(input)
    take(input)
    case @params["_task"]
    when "usher::drain" then drain
    when "usher::restore" then restore
    when "usher::status" then status
    when "usher::wait_serving" then wait_serving
    else raise Failed.new("_task: none of this module's", 2)
    end
  end

  private

  def take(input)
    params = JSON.parse(input)
    raise Failed.new("parameters: no JSON object", 2) unless params.is_a?(Hash)

    @params = params.reject { |_, value| value.nil? }
    check
    @deadline = now + seconds(@params["timeout"]) if @params["timeout"]
  rescue JSON::ParserError, EncodingError => e
    raise Failed.new("parameters: #{e.message.scrub[0, 200]}", 2)
  end

  # Who runs a task without its metadata checks nothing, and usherctl would take
  # a server called --force for an option.
  def check
    TEXTS.each do |name|
      value = @params.fetch(name, "-")
      next if text?(value)

      raise Failed.new("#{name}: not a text", 2)
    end
    raise Failed.new("server: not a name", 2) if server.any?(/\A-/)
    return if [true, false].include?(@params.fetch("force", false))

    raise Failed.new("force: neither true nor false", 2)
  end

  def text?(value)
    value.is_a?(String) && value.valid_encoding? && value.match?(/\A[^\0]+\z/)
  end

  # --- the tasks ---

  def drain
    words = server
    { "reason" => "-m", "for" => "--for", "settle" => "--settle",
      "timeout" => "--timeout" }.each do |name, option|
      words += [option, @params[name]] if @params[name]
    end
    words << "--force" if @params["force"]
    follow("drain", "--wait", *words)
  end

  # The order ends only once the server answers; the verdict may be older than
  # what was done to it.
  def restore
    wait_alive
    follow("auto", "--state", *server)
    wait_serving
  end

  def status
    out, failed = usherctl("status", *server)
    raise failed if failed

    @result = JSON.parse(out)
  end

  def wait_serving
    words = @deadline ? ["--timeout", "#{[left, 1].max}s"] : []
    follow("wait", "serving", *server, *words)
  end

  # --- what they are made of ---

  def server
    @params["server"] ? [@params["server"]] : []
  end

  def wait_alive
    loop do
      dead = probe
      return if dead.empty?
      raise Failed.new("#{dead.join(', ')}; nothing has changed", 6) if left < 1

      sleep 1
    end
  end

  # What is wrong with each server that does not answer.
  def probe
    out, failed = usherctl("probe", *server)
    return [failed.message] if failed && failed.code == 6
    raise failed if failed

    found = JSON.parse(out)["servers"].map { |s| [s["name"], s["probe"]] }
    found.reject! { |_, probe| probe && ALIVE.include?(probe["word"]) }
    found.map { |name, probe| "#{name}: #{probe ? probe['text'] : 'unknown'}" }
  end

  # The order, and each step while it was waited for, also up to a failure.
  def follow(*words)
    out, failed = usherctl(*words)
    out.each_line do |line|
      line = JSON.parse(line)
      @result["servers"] = line["servers"] if line["servers"]
      (@result["steps"] ||= []) << line["text"] if line["text"]
    end
    raise failed if failed
  end

  # Standard output, and a Failed unless all went well.
  def usherctl(*words)
    words.unshift("-s", @params["socket"]) if @params["socket"]
    out, err, ended = Open3.capture3("usherctl", "-j", *words, stdin_data: "")
    code = ended.exitstatus || 128 + ended.termsig
    return [out, nil] if code.zero?

    [out, Failed.new(err.scrub.strip.sub(/\Ausherctl: /, ""), code)]
  rescue SystemCallError => e
    raise Failed.new("#{e.message}, with PATH=#{ENV['PATH']}", 127)
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def left
    @deadline ? (@deadline - now).ceil : Float::INFINITY
  end

  def seconds(time)
    number, unit = time.match(/\A(\d{1,9})([smhd])\z/)&.captures
    raise Failed.new("timeout: no time such as 30m", 2) unless unit

    number.to_i * UNITS[unit]
  end
end

# Over ssh there may be neither a locale nor sbin.
Encoding.default_external = Encoding::UTF_8
ENV["PATH"] = "#{ENV['PATH']}:/usr/local/sbin:/usr/sbin"

task = Task.new
begin
  task.run($stdin.read)
  code = 0
rescue Failed => e
  task.result["_error"] = e.to_h
  code = e.code
end
puts JSON.generate(task.result)
exit code
