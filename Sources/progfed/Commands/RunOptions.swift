public import ArgumentParser
import Codecs
import Datasets
import Foundation
import Ledger
import LocalTraining
public import Progressive
import Runtime
import Topology

/// The options of all commands that run a topology.
struct RunOptions: ParsableArguments {
  @Argument(
    help: """
      The topology file: model, data, clients, rounds, codecs. A run that goes on has its own, and takes \
      this one only if the result stays the same.
      """)
  var topology: String?

  @Option(help: "The run directory; by default a new one under runs/.")
  var out: String?

  @Option(
    help: ArgumentHelp(
      """
      Go on with the run in this directory after it was stopped or killed. With a topology, a new run \
      begins there if there is none.
      """, valueName: "run"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "Start from the tensors of a safetensors file, in place of the topology's model.from.",
      valueName: "file"))
  var from: String?

  @OptionGroup var overrides: OverrideOptions

  @Option(help: "How many clients train at the same time; by default the number of cores.")
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  @Option(help: "What goes into the run directory's log.jsonl: this level and those above.")
  var logLevel: LogLevel = .info

  @Flag(help: "Print the result as JSON instead of a table.")
  var json = false

  @Flag(help: "Don't show progress.")
  var quiet = false

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
    guard topology != nil || resume != nil else { throw ValidationError(Self.nothingToRun) }
    guard overrides.extend == nil || resume != nil else {
      throw ValidationError("--extend goes on from a finished run; name it with --resume RUN")
    }
    guard overrides.extend == nil || topology == nil else {
      throw ValidationError(
        "--extend takes the topology of the run that it goes on from; leave \(topology ?? "it") out, and "
          + "change single values with --set")
    }
    guard out == nil || resume == nil || overrides.extend != nil else {
      throw ValidationError("--out begins a new run, --resume goes on with one; give one of them")
    }
  }

  /// The data of `topology`, and the values that its model starts from.
  ///
  /// - Parameters:
  ///   - topology: The run's description.
  ///   - data: The place of the clients' own samples, where they are played here.
  /// - Returns: The workload.
  /// - Throws: what is wrong with the data or with the file to start from.
  func workload(_ topology: Topology, data: ClientSource = .elsewhere) throws -> Workload {
    let progress = WorkProgress("reading samples", isQuiet: quiet)
    let workload = try data.workload(
      topology, SampleWork(threads: threads) { progress.goesOn($0, of: $1) })
    progress.clear()
    try workload.checkStart()
    if let origin = topology.overrides.extended?.origin {
      return try workload.extending(origin.run)
    }
    guard let path = topology.startsFrom else { return workload }
    return try workload.starting(from: path)
  }

  /// The command line's changes to the topology; the file to start from is one of its values.
  var changes: Overrides {
    var changes = overrides.values
    guard let from else { return changes }
    let path = URL(fileURLWithPath: from).path(percentEncoded: false)
      .replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    changes.settings.append("model.from=\"\(path)\"")
    return changes
  }

  /// The directory of a new run, which is made when all else is there.
  func directory(for topology: Topology) throws -> RunDirectory {
    // A run that goes on from another one has a directory of its own.
    if let out = overrides.extend == nil ? out ?? resume : out {
      return try RunDirectory.named(URL(fileURLWithPath: out))
    }
    // The first free number, so that runs of one topology don't get in each other's way.
    let name = topology.name
    return RunDirectory.firstFree { URL(fileURLWithPath: "runs/\(name)-\($0)") }
  }
}

/// The place where clients' own samples are looked for.
enum ClientSource {
  /// In another process: this one is a broker.
  case elsewhere
  /// In this process, at a path that the command line gives, or not; they are kept in `cache`.
  case here(path: String?, cache: SampleCache)

  /// A workload of `topology` with the samples, which `work` reads.
  func workload(_ topology: Topology, _ work: SampleWork) throws -> Workload {
    switch self {
    case .here(let path, let cache) where topology.data.staysWithClients:
      let clients = Array(0..<topology.clients)
      return Workload(
        topology,
        data: try ClientData(
          topology, at: path, of: clients, in: cache, by: work, said: { Terminal.note($0) }))
    case .here(let path, _):
      try topology.refuseOwn(path)
      return try Workload(topology, by: work)
    case .elsewhere: return try Workload(topology, by: work)
    }
  }
}

extension Topology {
  /// Refuses a place of clients' own samples where samples are dealt out.
  func refuseOwn(_ path: String?) throws(ValidationError) {
    guard !data.staysWithClients, let path else { return }
    throw ValidationError(
      "--data: the samples of \(file) are dealt out; give their place as --set data.path=\(path)")
  }
}

/// The options that change a topology.
struct OverrideOptions: ParsableArguments {
  @Option(help: "The seed of all randomness, in place of the topology's.")
  var seed: UInt64?

  @Option(help: "The rounds of the whole run; explicit rounds per stage are scaled.")
  var rounds: Int?

  @Option(
    help: "How the model is trained: \(Strategy.allCases.map(\.rawValue).joined(separator: ", ")).")
  var strategy: Strategy?

  @Option(
    help: "The codec of updates, such as linear8+random25.", transform: CodecSpec.init(parsing:))
  var up: CodecSpec?

  @Option(
    help: "The codec of the broadcast model, such as linear8.", transform: CodecSpec.init(parsing:))
  var down: CodecSpec?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Any value of the topology, such as training.batch=32; may be repeated.",
      valueName: "key=value"))
  var settings: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      So many more rounds of the last stage, from the last model of a finished run that --resume names, as a run of \
      its own; workers of a broker that does so give the same number.
      """, valueName: "rounds"))
  var extend: Int?

  func validate() throws {
    guard let extend else { return }
    guard (1...1_000_000).contains(extend) else {
      throw ValidationError("--extend \(extend): give a number from 1 to 1000000")
    }
    guard rounds == nil else {
      throw ValidationError("--extend says how many rounds there are; leave --rounds out")
    }
  }

  /// True if nothing is changed.
  var isEmpty: Bool { values == Overrides() }

  /// The names of the options that change more than single values, as far as they are given.
  var options: [String] {
    [
      ("--seed", seed != nil), ("--rounds", rounds != nil), ("--strategy", strategy != nil),
      ("--up", up != nil), ("--down", down != nil), ("--extend", extend != nil),
    ].filter(\.1).map(\.0)
  }

  /// The changes for the topology's reader.
  var values: Overrides {
    var overrides = Overrides()
    overrides.seed = seed
    overrides.rounds = rounds
    overrides.strategy = strategy
    overrides.up = up
    overrides.down = down
    overrides.settings = settings
    overrides.extended = extend.map { Overrides.Extended(rounds: $0) }
    return overrides
  }
}

extension LogLevel: ExpressibleByArgument {}

extension Strategy: ExpressibleByArgument {}
