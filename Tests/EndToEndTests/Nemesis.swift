import Foundation
import Measures
import TestSupport

/// Draws faults by a seed, and does them to a fleet.
///
/// The wall's clock isn't set: a time namespace shifts the monotonic clock alone, and to set the
/// machine's would do it to all tests. What a process sees of a clock that leaps is what it sees
/// when it was stopped for a while, or is started again with another monotonic clock.
struct Nemesis {
  /// A kind of fault.
  enum Kind: String, CaseIterable {
    case killBroker = "kill -9 of the broker"
    case killWorker = "kill -9 of a worker"
    case stopBroker = "stop of the broker"
    case stopWorker = "stop of a worker"
    case cut = "cut of a worker's connections"
    case flap = "cuts of a worker's connections again and again"
    case fillRun = "full disk of the broker"
    case fillState = "full disk of the workers"
    case killTwice = "kill -9 of the broker and a worker"

    /// How often it comes among the faults of one deal.
    fileprivate var share: Int {
      switch self {
      case .killBroker, .stopBroker, .flap: 2
      case .killWorker, .stopWorker, .cut: 3
      case .fillRun, .fillState, .killTwice: 1
      }
    }

    /// The fewest and the most seconds that it lasts.
    fileprivate var durations: ClosedRange<Double> {
      switch self {
      case .killBroker, .killWorker, .killTwice: 0...1.5
      case .stopBroker, .stopWorker: 0.2...6
      case .cut: 0...0
      case .flap, .fillRun, .fillState: 0.5...3
      }
    }
  }

  /// A fault and its time.
  struct Fault: Hashable, CustomStringConvertible {
    var kind: Kind
    /// The worker that it befalls, where it befalls one.
    var worker: Int
    /// The seconds from the beginning of the fault before it to its own.
    var gap: Double
    /// The seconds that it lasts.
    var duration: Double
    /// The seconds by which the monotonic clock of what is started again is ahead.
    var clock: Int

    var description: String {
      let seconds = String(format: "%.1f s", duration)
      return switch kind {
      case .killBroker, .fillRun, .fillState, .stopBroker: "\(kind.rawValue), for \(seconds)"
      default: "\(kind.rawValue), for \(seconds), worker \(worker)"
      }
    }
  }

  /// The faults in their order.
  let faults: [Fault]
  /// What was done so far, each with its time.
  private(set) var account: [String] = []
  /// How often each kind was done.
  private(set) var counts: [Kind: Int] = [:]

  /// Draws faults for so many seconds.
  ///
  /// They are dealt as cards are, so that each kind has its share of any dozen or two.
  init(seed: UInt64, seconds: Double, kinds: [Kind], workers: Int, shiftsClocks: Bool) {
    var random = RandomStream(seed: seed).stream("nemesis")
    var (faults, deal): ([Fault], [Kind]) = ([], [])
    var time = 0.0
    while time < seconds {
      if deal.isEmpty {
        deal = kinds.flatMap { Array(repeating: $0, count: $0.share) }.shuffled(using: &random)
      }
      let kind = deal.removeLast()
      // More often short than long.
      let (share, range) = (random.uniform(), kind.durations)
      let fault = Fault(
        kind: kind, worker: Int.random(in: 0..<workers, using: &random),
        gap: 0.5 + 3 * random.uniform(),
        duration: range.lowerBound + (range.upperBound - range.lowerBound) * share * share,
        clock: shiftsClocks ? Int.random(in: 0...1_000_000, using: &random) : 0)
      time += fault.gap
      faults.append(fault)
    }
    self.faults = faults
  }

  /// Does the faults to `fleet`, one after the other or at the same time, until there are no more
  /// of them or the run is nearly at its end; then none is left.
  mutating func haunt(_ fleet: DisturbedFleet) throws {
    let start = ContinuousClock.now
    var left = faults[...]
    var last = 0.0
    var open: [(fault: Fault, end: Double)] = []
    while !left.isEmpty || !open.isEmpty {
      let now = (ContinuousClock.now - start).seconds
      for (fault, end) in open where end <= now { try fleet.undo(fault) }
      open.removeAll { $0.end <= now }
      if let next = left.first, last + next.gap <= now {
        left.removeFirst()
        last = now
        let isDone = try fleet.suffer(next)
        account.append(
          String(format: "%6.1f s, round %d: ", now, fleet.latestRound) + "\(next)"
            + (isDone ? "" : " (not done: it wasn't there)"))
        if isDone {
          counts[next.kind, default: 0] += 1
          open.append((next, now + next.duration))
        }
      }
      if fleet.isNearItsEnd, !left.isEmpty {
        account.append(String(format: "%6.1f s: no more faults, as the run nears its end", now))
        left = []
      }
      try fleet.tend(open.map(\.fault))
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// How many faults were done.
  var total: Int { counts.values.reduce(0, +) }

  /// How often each kind was done, in words.
  var summary: String {
    Kind.allCases.map { "\(counts[$0] ?? 0) × \($0.rawValue)" }.joined(separator: ", ")
  }

  /// How often the broker was killed.
  var brokerKills: Int { (counts[.killBroker] ?? 0) + (counts[.killTwice] ?? 0) }
}
