import ArgumentParser
import Bytes
import Datasets
import Federation
import Foundation
import LocalTraining
import Measures
import Models
import Progressive
import Runtime
import Topology
import Wire
import ZeroMQ

/// Plays some of a federation's clients against a broker.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Play some of a federation's clients against a broker.",
    discussion: """
      A worker needs no topology: the broker's plan says what is trained, and how. Given one, it insists on it, and \
      says what the broker has otherwise. Started again the same way after it was killed, it joins again and trains \
      what isn't counted yet; the same seed gives the same updates. On disk it keeps only what its clients remember \
      from round to round, where the plan has them do so (error feedback, SCAFFOLD).
      """)

  @Argument(
    help:
      "The topology, or the plan, that the broker has to have; by default the broker's own plan.")
  var topology: String?

  @Option(help: "The broker: tcp://HOST:PORT or ipc://PATH, as given to broker --bind.")
  var connect: String

  @Option(help: "The clients to play: numbers from 0 and ranges, as in 0-49 or 3,7,10-12.")
  var clients: ClientRange

  @Option(
    help: ArgumentHelp(
      """
      Where the samples are: those of the client, or with {client} in the path for a client's number those of \
      several, as in 'sites/{client}'. Of samples that the topology deals out, in place of its data.path.
      """, valueName: "path"))
  var data: String?

  @OptionGroup var cache: CacheOptions

  @Option(help: "How many clients train at the same time; by default the number of cores.")
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  @Option(help: "Give up after so many seconds without a word from the broker.")
  var patience: Int = 600

  @Option(
    help: ArgumentHelp(
      """
      Where clients keep what they remember until the run is over, in a folder for each run; by default \
      $XDG_STATE_HOME/progfed, or ~/.local/state/progfed. Clients that move to another machine take it along.
      """, valueName: "folder"))
  var state: String?

  @Option(help: "The worker's name for the people at the broker; by default HOST:PROCESS.")
  var name: String?

  @Flag(help: "When the broker is stopped before the run is over, wait for its return.")
  var stay = false

  @OptionGroup var overrides: OverrideOptions

  @OptionGroup var security: WorkerSecurityOptions

  @Flag(help: "Don't say what happens.")
  var quiet = false

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
    guard patience > 0 else {
      throw ValidationError("--patience \(patience): give a number of seconds above 0")
    }
    if topology == nil, let option = overrides.options.first {
      throw ValidationError(
        "\(option) is the broker's to say: its plan brings it to the workers; give it to progfed broker"
      )
    }
  }

  func run() throws {
    let end = try Exit.reporting {
      let endpoints = try Endpoints(base: connect)
      let security = try security.load()
      let given = try givenWorkload()
      let limits = given?.topology.limits ?? ProtocolLimits()
      var generator = SystemRandomNumberGenerator()
      let isQuiet = quiet
      let settings = WorkerSettings(
        endpoints: endpoints, clients: clients.numbers, threads: threads, limits: limits,
        worker: generator.next(), patience: .seconds(patience), security: security,
        label: name ?? Self.ownName, memories: Self.stateFolder(state))
      let shifts = WorkerShifts()
      let interruption = Interruption { shifts.stop() }
      let context = try Context()
      defer { _ = context.terminate(within: .seconds(5)) }
      // Not while the old broker still says farewell.
      let pause = stay ? limits.farewell + .seconds(1) : nil
      let overrides = overrides.values
      return try withExtendedLifetime(interruption) {
        try shifts.run(
          again: pause, in: context,
          waiting: { if !isQuiet { Self.say("the broker was stopped; waiting for its return") } }
        ) {
          let report: @Sendable (WorkerReport) -> Void = { report in
            if let line = Self.line(report, settings), !isQuiet { Self.say(line) }
          }
          if let given { return try Worker(given, settings: settings, report: report) }
          return try Worker(settings: settings, report: report) {
            [data, clients, cache, reading] plan in
            let topology = try Topology(
              plan: plan.text, from: "the broker's plan", overrides: overrides,
              checksFiles: data == nil)
            return try Self.workload(topology, data, clients, cache.cache, reading)
          }
        }
      }
    }
    try conclude(end)
  }

  /// The name of a worker that wasn't given one: its host and its process.
  private static var ownName: String {
    let own = ProcessInfo.processInfo
    return "\(own.hostName):\(own.processIdentifier)"
  }

  /// The folder of what clients remember: the one that is given, or the user's own for such things.
  private static func stateFolder(_ given: String?) -> URL {
    if let given { return URL(fileURLWithPath: given, isDirectory: true) }
    let environment = ProcessInfo.processInfo.environment
    let own = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    let place = own ?? environment["HOME"].map { "\($0)/.local/state" } ?? NSTemporaryDirectory()
    return URL(fileURLWithPath: "\(place)/progfed", isDirectory: true)
  }

  /// The workload of the topology that the broker has to have; nil where none was given.
  private func givenWorkload() throws -> Workload? {
    guard let topology else { return nil }
    let read = try Topology(
      contentsOf: topology, overrides: overrides.values.describing(topology),
      checksFiles: data == nil)
    guard let last = clients.numbers.last, last < read.clients else {
      throw ValidationError(
        "--clients \(clients): \(read.file) has clients 0 to \(read.clients - 1)")
    }
    return try Self.workload(read, data, clients, cache.cache, reading)
  }

  /// The workload of a topology whose samples lie where `data` says, are read by `work` and kept in
  /// `cache`.
  private static func workload(
    _ topology: Topology, _ data: String?, _ clients: ClientRange, _ cache: SampleCache,
    _ work: SampleWork
  ) throws -> Workload {
    Workload(
      topology,
      data: try ClientData(
        topology, at: data, of: clients.numbers, in: cache, by: work, said: { say($0) }))
  }

  /// The manner of reading samples: lines say how far it is, since others come between them.
  private var reading: SampleWork {
    let progress = WorkProgress("reading samples", isQuiet: quiet, isPlain: true)
    return SampleWork(threads: threads) { progress.goesOn($0, of: $1) }
  }

  /// Says how the worker's part ended, unless all went well.
  private func conclude(_ end: WorkerEnd) throws {
    switch end {
    case .complete: return
    case .missed:
      if !quiet { Self.say("the run is over; none of this worker's clients took part in it") }
    case .interrupted:
      Self.say(
        "progfed: the broker was stopped before the run was over; start again when it is back, or "
          + "wait for it with --stay")
      throw Exit.unavailable
    case .stopped: throw Exit.interrupted
    case .refused(let reason, let detail):
      Self.say(
        """
        progfed: the broker refuses all clients of this worker (\(reason.name)): \(detail.printable)
        """)
      throw reason == .wrongPlan ? Exit.badInput : Exit.unavailable
    case .otherPlan(let difference):
      let own = topology ?? "the command line"
      Self.say("progfed: \(own) isn't what the broker at \(connect) runs")
      for line in difference.lines("at the broker", "here") { Self.say("  \(line.printable)") }
      Self.say(
        topology == nil
          ? "leave these values to the broker, whose plan brings them"
          : "take the broker's values, or leave the topology out: the broker's plan brings all of them"
      )
      throw Exit.badInput
    case .unusablePlan(let problem):
      Self.say("progfed: \(connect): \(problem)")
      throw Exit.unavailable
    case .turnedAway(let refusal):
      Self.say("progfed: \(connect): \(refusal)")
      throw Exit.unavailable
    case .abandoned:
      Self.say(
        """
        progfed: no word from \(try Endpoints(base: connect)) for \(patience) s; check that the broker \
        runs, that the address is right, and that no firewall drops it
        """)
      throw Exit.unavailable
    }
  }

  private static func line(_ report: WorkerReport, _ settings: WorkerSettings) -> String? {
    switch report {
    case .awaitsPlan(let time):
      "\(settings.endpoints) has been asked for its plan for \(Int(time.seconds)) s; still waiting"
    case .planned(let topology):
      """
      the broker's plan: \(topology.architecture.name), \(topology.clients) clients, \
      \(topology.growthSchedule.totalRounds) rounds, SHA-256 \(topology.planDigest.short)
      """
    case .replanned: "the broker has another plan now; fetching it"
    case .joined(let clients, let all):
      clients == all ? "all \(all) clients joined, as worker \(settings.name)" : nil
    case .hasNoSamples(let client): "client \(client) has no samples; it takes no part"
    case .readSamples(let client, let counts, let isNew):
      "client \(client)\(isNew ? "'s samples have changed; it" : "") has \(counts.training) samples to train on, "
        + "\(counts.heldOut) held out"
    case .remarked(let client, let remark): "client \(client): \(remark.printable)"
    case .unusableSamples(let client, let error):
      "client \(client) can't take part until its samples change: \("\(error)".printable)"
    case .noContact(let fault): "\(settings.endpoints): \(fault); trying again"
    case .turnedDown(let clients, let reason, let detail):
      """
      clients \(clients) can't join for now (\(reason.name)): \(detail.printable); asking again until the run is \
      over
      """
    case .training(let client, let round, let stage):
      "round \(round), stage \(stage): client \(client) trains"
    case .evaluating(let client, let round, let stage):
      "round \(round), stage \(stage): client \(client) evaluates"
    case .measuring(let client): "client \(client) adds its training samples up"
    case .unmeasured(let client, let reason, let detail):
      "client \(client) has no sums to tell (\(reason.name)): \(detail)"
    case .sumsRefused(let client, let reason, let detail):
      "the broker refuses the sums of client \(client) (\(reason.name)): \(detail.printable)"
    case .counted(let client, let round): "round \(round): client \(client)'s update counts"
    case .forgot(let client, let round):
      "round \(round): what client \(client) remembers isn't here; it begins anew (was its --state folder lost?)"
    case .cannotKeep(let client, let round, let detail):
      "round \(round): client \(client)'s update waits: \(detail); trying again"
    case .declined(let client, let round, let reason, let detail):
      "round \(round): client \(client) can't take part (\(reason.name)): \(detail)"
    case .updateRefused(let client, let round, let reason, let detail):
      "round \(round): the broker refuses client \(client)'s update (\(reason.name)): \(detail.printable)"
    case .paused(true): "the broker is paused: no round opens until it is told to go on"
    case .paused(false): "the broker goes on"
    case .refused(let client, let reason, let detail):
      "the broker refuses client \(client) (\(reason.name)): \(detail.printable)"
    case .unreadable(let messages):
      "\(messages) messages from the broker's address could not be read; is it a progfed broker of this version?"
    case .silence(let silence):
      """
      no word from \(settings.endpoints) for \(Int(silence.seconds)) s; still waiting; is the address right, and are \
      its ports open?
      """
    }
  }

  private static func say(_ text: String) {
    Terminal.note(text)
  }
}

extension ClientRange: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}
