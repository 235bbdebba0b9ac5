import Bytes
import Codecs
package import Federation
import Measures
package import Progressive

/// A small federation and the faults in it: all of it follows from a seed.
package struct FaultScenario: Hashable, Sendable {
  /// The seed from which everything is drawn.
  package let seed: UInt64
  /// The number of clients; each has its own worker.
  package let clients: Int
  /// The rounds of two stages.
  package let schedule: GrowthSchedule
  /// True if the run is long enough to be watched after the last fault, and is stopped then.
  package let isLong: Bool
  /// The rules of who takes part, and of when rounds begin and end.
  package let rules: RoundRules
  /// Waiting times and sizes, short ones.
  package let limits: ProtocolLimits
  /// A client whose memory allows the first stage alone.
  package let shallow: Int?
  /// The head of the first stage is kept for that client.
  package let keepsHeads: Bool
  /// The encoded bytes of block 1, block 2, head 1 and head 2, as keyframes.
  package let segmentBytes: [Int]
  /// After so many changes a segment is sent by a keyframe, in between by differences; 1 for
  /// keyframes alone.
  package let keyframeInterval: Int
  /// The differences begin from the keyframe, not each from the one before it.
  package let hasAnchor: Bool
  /// The rules of evaluations by clients; nil for none.
  package let evaluation: EvaluationRules?
  /// The rules of sums over clients' samples; nil for none.
  package let measuring: MeasuringRules?
  /// Clients remember something from one update that counts to the next, on their workers' disks.
  package let remembers: Bool
  /// The most bytes that an update may have.
  package let updateLimit = 400
  /// The faults; may be replaced by a part of them.
  package var faults: [InjectedFault]

  /// The scenario of a seed.
  package init(seed: UInt64) {
    self.seed = seed
    var stream = RandomStream(seed: seed).stream("fault scenario")
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &stream) }
    clients = draw(1...8)
    let perRound = draw(1...clients)
    var graces = RandomStream(seed: seed).stream("fault graces")
    isLong = draw(0...1) == 1
    schedule = GrowthSchedule(
      rounds: isLong ? [draw(5...15), 100_000] : [draw(1...4), draw(1...3)],
      warmUpRounds: draw(0...1))
    var policies = RandomStream(seed: seed).stream("fault policies")
    keepsHeads = Bool.random(using: &policies)
    rules = RoundRules(
      clientsPerRound: perRound,
      overSelection: [1, 1, 1.3, 2].randomElement(using: &policies) ?? 1,
      sampling: Sampling.allCases.randomElement(using: &policies) ?? .uniform,
      stragglers: Self.stragglers(perRound: perRound, using: &policies),
      quorum: draw(0...1) == 1 ? draw(1...perRound) : nil,
      grace: Self.grace(.milliseconds(draw(0...2000)), using: &graces),
      deadline: .milliseconds(draw(8000...15_000)),
      minimumClients: draw(1...max(1, clients / 2)), joinTimeout: .milliseconds(draw(2000...6000)))
    var limits = ProtocolLimits()
    limits.announceInterval = .milliseconds(draw(400...1000))
    limits.gatherWindow = .milliseconds(draw(200...1000))
    limits.farewell = .seconds(3)
    limits.bytesInFlight = draw(100...800)
    limits.repairFactor = 1000
    limits.chunkBytes = draw(40...100)
    limits.joinInterval = .milliseconds(draw(200...600))
    limits.fetchTimeout = .milliseconds(draw(500...1500))
    limits.offerTimeout = .milliseconds(draw(500...1500))
    limits.heartbeatInterval = .seconds(2)
    limits.silence = .seconds(5)
    limits.repairWindow = draw(200...1000)
    self.limits = limits
    shallow = clients > 1 && draw(0...4) == 0 ? draw(0...clients - 1) : nil
    segmentBytes = (0..<4).map { _ in draw(20...300) }
    let fleet = clients
    let faults = (0..<draw(0...10)).map { _ in InjectedFault(clients: fleet, using: &stream) }
    // From a stream of their own, so that the seeds' other faults are those of before.
    var orders = RandomStream(seed: seed).stream("fault orders")
    let count = max(0, Int.random(in: -2...2, using: &orders))
    var leases = RandomStream(seed: seed).stream("fault leases")
    let hoards = Int.random(in: 0..<4, using: &leases) == 0 ? 1 : 0
    let ears = Int.random(in: 0..<4, using: &leases) == 0 ? 1 : 0
    var disks = RandomStream(seed: seed).stream("fault disks")
    let failures = max(0, Int.random(in: -2...3, using: &disks))
    var memories = RandomStream(seed: seed).stream("fault memories")
    remembers = Int.random(in: 0..<4, using: &memories) == 0
    let lapses = remembers ? Int.random(in: 0...3, using: &memories) : 0
    self.faults =
      (faults + (0..<count).map { _ in InjectedFault(orderTo: fleet, using: &orders) }
      + (0..<hoards).map { _ in InjectedFault(hoardingIn: fleet, using: &leases) }
      + (0..<ears).map { _ in InjectedFault(eavesdroppingOn: fleet, using: &leases) }
      + (0..<failures).map { _ in InjectedFault(ofDisk: &disks) }
      + (0..<lapses).map { _ in InjectedFault(ofWorkersDisks: fleet, using: &memories) })
      .sorted { $0.start < $1.start }
    keyframeInterval = draw(0...1) == 1 ? draw(2...6) : 1
    hasAnchor = draw(0...2) == 0
    evaluation = Self.evaluation(seed: seed, clients: clients)
    measuring = Self.measuring(seed: seed, clients: clients)
  }

  /// The grace, in a fourth of the scenarios as a share of the quorum's time.
  private static func grace(_ time: Grace, using stream: inout RandomStream) -> Grace {
    guard Int.random(in: 0..<4, using: &stream) == 0 else { return time }
    return .share([0, 0.25, 0.5, 2].randomElement(using: &stream) ?? 0)
  }

  private static func measuring(seed: UInt64, clients: Int) -> MeasuringRules? {
    var stream = RandomStream(seed: seed).stream("fault measuring")
    guard Int.random(in: 0...2, using: &stream) == 0 else { return nil }
    var rules = MeasuringRules(channels: 1, valuesPerSample: 1)
    rules.minimumClients = Int.random(in: 1...max(1, clients / 2), using: &stream)
    return rules
  }

  private static func evaluation(seed: UInt64, clients: Int) -> EvaluationRules? {
    var stream = RandomStream(seed: seed).stream("fault evaluations")
    guard Bool.random(using: &stream) else { return nil }
    let choices: [EvaluationRules.Choice] = [
      .all, .count(Int.random(in: 1...clients, using: &stream)), .share(0.5),
    ]
    var rules = EvaluationRules(
      clients: choices.randomElement(using: &stream) ?? .all, classes: 10)
    rules.every = Int.random(in: 1...2, using: &stream)
    return rules
  }

  private static func stragglers(
    perRound: Int, using stream: inout RandomStream
  ) -> StragglerPolicy {
    let staleness = Int.random(in: 1...3, using: &stream)
    return switch Int.random(in: 0..<4, using: &stream) {
    case 0: .nextRound(maximalStaleness: staleness)
    case 1:
      .buffered(
        size: Int.random(in: 1...perRound, using: &stream), maximalStaleness: staleness)
    default: .discard
    }
  }

  /// True if the model that `round` comes to is discarded, and the one before it goes on.
  ///
  /// A quarter of the scenarios have such rounds, one in five of theirs.
  package func discards(_ round: Int) -> Bool {
    let stream = RandomStream(seed: seed).stream("fault discards")
    guard stream.value(at: 0).isMultiple(of: 4) else { return false }
    return stream.value(at: UInt64(round)).isMultiple(of: 5)
  }

  /// True if the broker's ledger is played, too, as it is in each fourth of the scenarios.
  var playsLedger: Bool {
    RandomStream(seed: seed).stream("fault ledgers").value(at: 0).isMultiple(of: 4)
  }

  /// The deepest stage that a client trains in rounds of `stage`; nil if it is left out of them.
  package func depth(of client: Int, at stage: Int) -> Int? {
    guard client == shallow, stage > 1 else { return stage }
    return keepsHeads ? 1 : nil
  }

  /// True if clients evaluate the model that `round` comes to.
  func isEvaluated(_ round: Int) -> Bool {
    evaluation?.isDue(after: round, of: schedule.totalRounds) == true
  }

  /// The plan of the broker, in an incarnation.
  func plan(epoch: Int, digest: Digest) -> BrokerPlan {
    var plan = BrokerPlan(
      run: 1 + seed, epoch: epoch, seed: seed, digest: digest, clients: clients,
      schedule: schedule, learningRate: 0.1, learningRateSchedule: .constant,
      updateCodec: .dense32, rules: rules, limits: limits)
    plan.evaluation = evaluation
    plan.measuring = measuring
    plan.clientsRemember = remembers
    plan.dealtHoldOuts = (0..<clients).map { 1 + $0 }
    return plan
  }

  /// The time at which the last fault is over.
  package var calm: Duration { faults.map(\.end).max() ?? .zero }

  /// The time by which clocks jump, one way or the other, all together.
  var jumps: Duration {
    faults.reduce(Duration.zero) { sum, fault in
      guard case .clockJump(_, let jump) = fault.kind else { return sum }
      return sum + (jump < .zero ? .zero - jump : jump)
    }
  }

  /// The time after which a leave to send that brings nothing is gone, if others wait.
  ///
  /// A broker whose clock went back looks at its leaves when its own time has come again.
  var longestLease: Duration { limits.silence + limits.announceInterval * 6 + jumps }

  /// The time after which a client whose connection is gone isn't present any more, whoever listens
  /// for it.
  var longestAbsence: Duration {
    limits.offerTimeout * 2 + limits.announceInterval * 6 + jumps
  }

  /// The time for which traces of the last fault may last: after it each round must go well.
  package var settling: Duration {
    let evaluation = evaluation == nil ? .zero : rules.deadline
    // A broker that its disk ended is started anew.
    let restart: Duration = faults.contains(where: \.isOfDisk) ? .seconds(3) : .zero
    let measuring = measuring == nil ? .zero : rules.deadline
    return limits.silence + rules.deadline + evaluation + measuring + rules.joinTimeout + jumps
      + restart
      + .seconds(5)
  }

  /// The time by which the run must have ended.
  package var end: Duration {
    let rounds = isLong ? 4 : schedule.totalRounds + 1
    let evaluations = evaluation == nil ? .zero : (rules.deadline + .seconds(1)) * rounds
    let measuring = measuring == nil ? .zero : rules.deadline + .seconds(1)
    return calm + settling + (rules.deadline + .seconds(3)) * rounds + evaluations + measuring
      + limits.farewell
  }
}
