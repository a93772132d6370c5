# Runs a plan of scripts/puppet with Debian's Puppet in place of Bolt, which
# Debian does not have: Puppet's own evaluator, loader and types, and below, of
# what Bolt adds to them, as much as the plan uses.
#
# Standard input: {"modules": FOLDER, "plan": NAME, "params": {...},
#   "scratch": FOLDER, "targets": {NAME: PATH that its commands are found in}}.
# Standard output: {"calls": [[what, [target, ...]], ...], and "result": what the
#   plan has returned, or "error": {"msg", "kind", "details"}}.
require "json"
require "open3"
require "puppet_pal"
require "tmpdir"

# A task or a command on one target is local here, with a PATH of its own; the
# rest is as with Bolt: a copy of the executable, JSON in, JSON out.
module Bolt
  # What fail_plan raises, and a function that nobody has told to catch errors.
  class Stop < StandardError
    attr_reader :details

    def initialize(message, kind, details)
      super(message)
      @details = { "msg" => message, "kind" => kind, "details" => details }
    end
  end

  # One host.
  class Target
    attr_reader :name

    def initialize(name)
      @name = name
    end

    def environment
      { "PATH" => "#{Bolt.targets.fetch(name)}:#{ENV['PATH']}" }
    end
  end

  # How it went on one host.
  class Result
    attr_reader :target, :value

    def initialize(target, value, status, what)
      @target = target
      @value = value
      return if status.success?

      @value["_error"] ||= {
        "msg" => "The #{what} failed with exit code #{status.exitstatus}",
        "kind" => "puppetlabs.tasks/#{what}-error", "details" => {}
      }
    end

    def ok
      !value.key?("_error")
    end

    def error
      return if ok

      fields = value["_error"]
      Puppet::DataTypes::Error.new(*fields.values_at("msg", "kind", "details"))
    end
  end

  # How it went on each.
  class ResultSet
    attr_reader :results

    def initialize(results)
      @results = results
    end

    def ok
      results.all?(&:ok)
    end

    def ok_set
      ResultSet.new(results.select(&:ok))
    end

    def error_set
      ResultSet.new(results.reject(&:ok))
    end

    def targets
      results.map(&:target)
    end

    def find(name)
      results.find { |result| result.target.name == name }
    end
  end

  class << self
    attr_reader :targets, :calls

    def run(input)
      @targets = input["targets"]
      @scratch = input["scratch"]
      @calls = []
      { "result" => evaluate(input), "calls" => @calls }
    rescue Puppet::PreformattedError => e
      raise unless e.cause.is_a?(Stop)

      { "error" => e.cause.details, "calls" => @calls }
    end

    # --- what the plan calls ---

    def get_targets(_scope, names)
      [names].flatten.map { |name| Target.new(name) }
    end

    def run_task(scope, name, targets, args = {})
      params = args.reject { |key, _| key.start_with?("_") }
      task = check(scope, name, params)
      on_each(name, targets, args) do |target|
        run_executable(task, params.merge("_task" => name), target)
      end
    end

    def run_command(_scope, command, targets, args = {})
      on_each(command, targets, args) do |target|
        out, status = Open3.capture2(target.environment, command)
        Result.new(target, { "stdout" => out }, status, "command")
      end
    end

    def fail_plan(_scope, message, kind, details = {})
      raise Stop.new(message, kind, details)
    end

    private

    # At once on all of them.
    def on_each(what, targets, args, &block)
      calls << [what, targets.map(&:name)] unless targets.empty?
      threads = targets.map { |target| Thread.new { block.call(target) } }
      set = ResultSet.new(threads.map(&:value))
      return set if set.ok || args["_catch_errors"]

      raise Stop.new("#{what} failed", "bolt/run-failure",
                     set.error_set.results.map(&:value))
    end

    # Of the metadata Puppet itself checks the form, and these values by it.
    def check(scope, name, params)
      compiler = Puppet::Pal::ScriptCompiler.new(scope.compiler)
      signature = compiler.task_signature(name)
      task = signature.task_hash
      task["metadata"]["parameters"].each do |key, spec|
        params[key] = spec["default"] if spec.key?("default") && params[key].nil?
      end
      signature.runnable_with?(params) { |mismatch| raise mismatch }
      raise "not by stdin" if task["metadata"]["input_method"] != "stdin"

      task
    end

    def run_executable(task, params, target)
      Dir.mktmpdir(nil, @scratch) do |folder|
        FileUtils.cp(task["files"].first["path"], folder)
        out, status = Open3.capture2(target.environment, *Dir["#{folder}/*"],
                                     stdin_data: JSON.generate(params))
        Result.new(target, JSON.parse(out), status, "task")
      end
    end

    # --- Puppet, with these functions and types ---

    INTERFACES = {
      "Target" => "attributes => { name => String[1] }",
      "Result" => "attributes => { target => Target, value => Hash },
        functions => { ok => Callable[[], Boolean],
                       error => Callable[[], Optional[Error]] }",
      "ResultSet" => "attributes => { results => Array[Result] },
        functions => { ok => Callable[[], Boolean],
                       ok_set => Callable[[], ResultSet],
                       error_set => Callable[[], ResultSet],
                       targets => Callable[[], Array[Target]],
                       find => Callable[[String[1]], Optional[Result]] }"
    }.freeze

    def evaluate(input)
      write_module
      Puppet.initialize_settings(["--confdir", @scratch, "--vardir", @scratch])
      path = [input["modules"], @scratch]
      Puppet::Pal.in_tmp_environment("bolt", modulepath: path, facts: {}) do |pal|
        pal.with_script_compiler(set_local_facts: false) do |compiler|
          # What is not loaded has no methods.
          ["Error", *INTERFACES.keys].each { |name| compiler.type(name) }
          compiler.evaluate_string(
            "type TargetSpec = Variant[String[1], Array[TargetSpec]]"
          )
          run_plan(input["plan"], input["params"])
        end
      end
    end

    # Puppet finds functions and types in files only.
    def run_plan(name, params)
      loader = Puppet.lookup(:loaders).private_environment_loader
      plan = loader.load(:plan, name).class.dispatcher.dispatchers.first
      returned = catch(:return) do
        plan.call_by_name_with_scope(Puppet.lookup(:global_scope), params, true)
      end
      returned.value
    end

    def write_module
      %w[get_targets run_task run_command fail_plan].each do |name|
        write("functions/#{name}", <<~RUBY)
          Puppet::Functions.create_function(:#{name}) do
            define_method(:#{name}) { |*args| Bolt.#{name}(closure_scope, *args) }
          end
        RUBY
      end
      INTERFACES.each do |name, interface|
        write("datatypes/#{name.downcase}", <<~RUBY)
          Puppet::DataTypes.create_type("#{name}") do
            interface "#{interface}"
            implementation_class Bolt::#{name}
          end
        RUBY
      end
    end

    def write(name, text)
      file = File.join(@scratch, "boltlib/lib/puppet/#{name}.rb")
      FileUtils.mkdir_p(File.dirname(file))
      File.write(file, text)
    end
  end
end

puts JSON.generate(Bolt.run(JSON.parse($stdin.read)))
