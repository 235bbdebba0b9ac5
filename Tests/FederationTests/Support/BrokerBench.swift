import Codecs
import Bytes
import Federation
import Progressive
import Wire

/// A broker's machine with a clock that tests turn by hand.
struct BrokerBench {
  var machine: BrokerMachine
  var now: Duration = .zero

  static let digest = Digest(of: Array("plan".utf8))
  static let run: UInt64 = 77

  /// The segments of all rounds' models.
  static let segments = [
    Segment.keyframe("block1", 1, length: 100), Segment.keyframe("head1", 2, length: 30),
  ]
  /// What updates are trained from.
  static let base = Segment.base(of: segments)

  static func plan(
    clients: Int, rounds: [Int] = [2], rules: RoundRules? = nil, epoch: Int = 1,
    limits: ProtocolLimits = ProtocolLimits()
  ) -> BrokerPlan {
    BrokerPlan(
      run: run, epoch: epoch, seed: 5, digest: digest, clients: clients,
      schedule: GrowthSchedule(rounds: rounds), learningRate: 0.1, learningRateSchedule: .constant,
      updateCodec: .dense32, rules: rules ?? RoundRules(clientsPerRound: clients), limits: limits)
  }

  init(plan: BrokerPlan) { machine = BrokerMachine(plan: plan) }

  /// A bench on which all clients have joined and round 1 is open.
  static func open(
    clients: Int, rounds: [Int] = [2], rules: RoundRules? = nil,
    limits: ProtocolLimits = ProtocolLimits()
  ) -> BrokerBench {
    var bench = BrokerBench(
      plan: plan(clients: clients, rounds: rounds, rules: rules, limits: limits))
    for client in 0..<clients { bench.join(client) }
    bench.prepare(1)
    return bench
  }

  @discardableResult
  mutating func handle(_ event: BrokerEvent) -> [BrokerAction] { machine.handle(event, at: now) }

  @discardableResult
  mutating func pass(_ duration: Duration) -> [BrokerAction] {
    now += duration
    return handle(.tick)
  }

  @discardableResult
  mutating func join(_ client: Int, worker: UInt64? = nil) -> [BrokerAction] {
    handle(.subscribed(.client(client))) + ask(client, worker: worker)
  }

  /// A join request alone, without the subscription.
  mutating func ask(
    _ client: Int, worker: UInt64? = nil, plan: Digest = digest, maximalStage: Int? = nil,
    samples: Int? = nil
  ) -> [BrokerAction] {
    handle(
      .message(
        Message(
          Header(client: client),
          .join(
            Join(
              worker: worker ?? UInt64(100 + client), plan: plan, maximalStage: maximalStage,
              samples: samples)))))
  }

  @discardableResult
  mutating func prepare(
    _ round: Int, segments: [Segment] = segments, updateLimit: Int = 1000
  ) -> [BrokerAction] {
    handle(
      .prepared(
        PreparedModel(
          phase: machine.plan.schedule.phase(in: round), segments: segments,
          updateLimit: updateLimit)))
  }

  @discardableResult
  mutating func say(
    _ client: Int, _ body: Uplink, round: Int = 1, stage: Int = 1, attempt: Int = 0,
    run: UInt64 = run, epoch: Int = 1, of purpose: TaskPurpose = .training
  ) -> [BrokerAction] {
    handle(
      .message(
        Message(
          Header(
            run: run, epoch: epoch, round: round, stage: stage, client: client, attempt: attempt,
            purpose: purpose),
          body)))
  }

  /// Takes a client's update in, from the offer to its storage.
  @discardableResult
  mutating func upload(_ client: Int, round: Int = 1, length: Int = 10) -> [BrokerAction] {
    let offer = Self.offer(length)
    return say(client, .offer(offer), round: round)
      + say(client, .updateChunk(offset: 0, length: length), round: round)
      + handle(.stored(round: round, client: client, .accepted))
  }

  static func offer(_ length: Int = 10, base: Digest = base, of client: Int = 0) -> Offer {
    Offer(
      length: length, digest: Digest(of: [UInt8(client)]), samples: 600, base: base, loss: 1,
      steps: 30, skippedSteps: 0)
  }

  static func submission(_ offer: Offer = offer(), round: Int = 1, stage: Int = 1) -> Submission {
    Submission(offer, round: round, stage: stage)
  }

  static func wants() -> Uplink {
    .want(worker: 1, needs: segments.map { Need(digest: $0.only.digest) })
  }
}

extension [BrokerAction] {
  /// The messages to one client.
  func mail(to client: Int) -> [Downlink] {
    compactMap {
      guard case .send(.client(client), let message) = $0 else { return nil }
      return message.body
    }
  }

  /// The workers that messages to clients name.
  var addressees: [UInt64] {
    compactMap {
      guard case .send(.client, let message) = $0 else { return nil }
      return message.header.worker
    }
  }

  /// The messages to all.
  var published: [Downlink] {
    compactMap {
      guard case .send(.all, let message) = $0 else { return nil }
      return message.body
    }
  }

  var counts: [String] {
    compactMap {
      guard case .count(let name) = $0 else { return nil }
      return name
    }
  }

  /// The answer to an order.
  var answer: ControlAnswer? {
    for case .notice(.ordered(_, let answer)) in self { return answer }
    return nil
  }

  /// What the next round lacks, as people are told.
  var shortage: Shortage? {
    for case .notice(.waiting(let shortage)) in self { return shortage }
    return nil
  }

  /// Why the run was given up.
  var surrender: (shortage: Shortage, isOverdue: Bool)? {
    for case .notice(.gaveUp(let shortage, let isOverdue)) in self { return (shortage, isOverdue) }
    return nil
  }

  /// The clients that are selected, as it is announced to all.
  var selected: [Int]? {
    for case .announce(let announce) in published where announce.state == .open {
      return announce.selected
    }
    return nil
  }

  var result: RoundResult? {
    for case .close(let result) in self { return result }
    return nil
  }

  var broadcasts: [Broadcast] {
    flatMap { action -> [Broadcast] in
      guard case .broadcast(_, let broadcasts) = action else { return [] }
      return broadcasts
    }
  }

  /// The clients that were granted their update, in order.
  var granted: [Int] {
    compactMap {
      guard case .send(.client(let client), let message) = $0, case .grant = message.body else {
        return nil
      }
      return client
    }
  }
}
