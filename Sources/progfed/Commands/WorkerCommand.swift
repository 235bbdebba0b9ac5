import ArgumentParser
import Federation
import Foundation
import LocalTraining
import Measures
import Runtime
import Topology
import Wire
import ZeroMQ

/// Plays some of a topology's clients against a broker.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Play some of a topology's clients against a broker.",
    discussion: """
      A worker keeps nothing on disk. Started again the same way after it was killed, it joins again and trains \
      what isn't counted yet; the same seed gives the same updates.
      """)

  @Argument(help: "The topology file, the same as the broker's.")
  var topology: String

  @Option(help: "The broker: tcp://HOST:PORT or ipc://PATH, as given to broker --bind.")
  var connect: String

  @Option(help: "The clients to play: numbers from 0 and ranges, as in 0-49 or 3,7,10-12.")
  var clients: ClientRange

  @Option(help: "How many clients train at the same time; by default the number of cores.")
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  @Option(help: "Give up after so many seconds without a word from the broker.")
  var patience: Int = 600

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
  }

  func run() throws {
    let end = try Exit.reporting {
      let endpoints = try Endpoints(base: connect)
      let security = try security.load()
      let topology = try Topology(contentsOf: topology, overrides: overrides.values)
      guard let last = clients.numbers.last, last < topology.clients else {
        throw ValidationError(
          "--clients \(clients): \(topology.file) has clients 0 to \(topology.clients - 1)")
      }
      let workload = try Workload(topology)
      var generator = SystemRandomNumberGenerator()
      let isQuiet = quiet
      let settings = WorkerSettings(
        endpoints: endpoints, clients: clients.numbers, threads: threads,
        limits: topology.limits, worker: generator.next(), patience: .seconds(patience),
        security: security)
      let shifts = WorkerShifts()
      let interruption = Interruption { shifts.stop() }
      let context = try Context()
      defer { _ = context.terminate(within: .seconds(5)) }
      // Not while the old broker still says farewell.
      let pause = stay ? topology.limits.farewell + .seconds(1) : nil
      return try withExtendedLifetime(interruption) {
        try shifts.run(
          again: pause, in: context,
          waiting: { if !isQuiet { Self.say("the broker was stopped; waiting for its return") } }
        ) {
          try Worker(workload, settings: settings) { report in
            if let line = Self.line(report, settings), !isQuiet { Self.say(line) }
          }
        }
      }
    }
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
    case .joined(let clients, let all):
      clients == all ? "all \(all) clients joined, as worker \(settings.name)" : nil
    case .hasNoSamples(let client): "client \(client) has no samples; it takes no part"
    case .noContact(let fault): "\(settings.endpoints): \(fault); trying again"
    case .turnedDown(let clients, let reason, let detail):
      """
      clients \(clients) can't join for now (\(reason.name)): \(detail.printable); asking again until the run is \
      over
      """
    case .training(let client, let round, let stage):
      "round \(round), stage \(stage): client \(client) trains"
    case .counted(let client, let round): "round \(round): client \(client)'s update counts"
    case .forgot(let client, let round, let detail):
      "round \(round): client \(client) forgot what its update left out: \(detail)"
    case .declined(let client, let round, let reason, let detail):
      "round \(round): client \(client) can't take part (\(reason.name)): \(detail)"
    case .updateRefused(let client, let round, let reason, let detail):
      "round \(round): the broker refuses client \(client)'s update (\(reason.name)): \(detail.printable)"
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
