package import Bytes
package import Wire

/// A round's model on its way to the clients: first they ask for steps, then all of these are
/// broadcast, then what got lost is repaired.
package enum ModelDelivery: Hashable, Sendable {
  /// Before the broadcast, with the clients that asked for each step.
  case gathering([Digest: Wants])
  /// After the broadcast, with what was repaired for each client.
  case repairing(Repairs)

  /// The clients that asked for a step, and their workers.
  package struct Wants: Hashable, Sendable {
    /// The clients.
    package var clients: Set<Int> = []
    /// The workers that play them.
    package var workers: Set<UInt64> = []
  }

  /// True before the broadcast.
  package var isGathering: Bool {
    guard case .gathering = self else { return false }
    return true
  }

  /// The answer to a need of a client.
  package enum Answer: Hashable {
    /// These ranges of a step are sent to it.
    case repairs(ModelPatch, [Range<Int>])
    /// Nothing is sent; this is the name under which it is counted.
    case isUseless(String)

    /// The action that answers `client` in `round`.
    package func action(
      in round: Int, to client: Int, for purpose: TaskPurpose = .training
    ) -> BrokerAction {
      switch self {
      case .repairs(let step, let ranges) where purpose == .evaluation:
        .repairForEvaluation(round: round, client: client, step, ranges: ranges)
      case .repairs(let step, let ranges):
        .repair(round: round, client: client, step, ranges: ranges)
      case .isUseless(let name): .count(name)
      }
    }
  }

  /// The steps of `model` to broadcast now; nil while clients are still asking, or after the
  /// broadcast.
  package func broadcasts(
    of model: RoundModel, _ listeners: StepListeners, haveAllAsked: Bool, isOverdue: Bool,
    for purpose: TaskPurpose
  ) -> [Broadcast]? {
    guard case .gathering(let wants) = self else { return nil }
    // Each worker's subscription has come, so that no chunk is published too early for it.
    guard isOverdue || (haveAllAsked && listeners.includeAll(of: wants)) else { return nil }
    return model.all.flatMap(\.steps).uniqued.compactMap { step in
      wants[step.digest].map {
        Broadcast(step: step, clients: $0.clients.sorted(), purpose: purpose)
      }
    }
  }

  /// Takes in a client's needs; those that it has before the broadcast need no answer.
  package mutating func want(
    _ client: Int, _ worker: UInt64, _ needs: [Need], of model: RoundModel,
    _ limits: ProtocolLimits
  ) -> [Answer] {
    switch self {
    case .gathering(var wants):
      self = .repairing(Repairs())  // so that it changes in place, not in a copy
      defer { self = .gathering(wants) }
      return needs.compactMap { need in
        guard model.steps[need.digest] != nil else { return .isUseless("want of an unknown step") }
        wants[need.digest, default: Wants()].clients.insert(client)
        wants[need.digest, default: Wants()].workers.insert(worker)
        return nil
      }
    case .repairing(var repairs):
      self = .repairing(Repairs())  // so that it changes in place, not in a copy
      defer { self = .repairing(repairs) }
      let lacking = model.lackingChunks(needs, of: limits.chunkBytes)
      repairs.note(client, of: worker, lacks: lacking)
      return needs.map { need in
        guard let step = model.steps[need.digest] else {
          return .isUseless("want of an unknown step")
        }
        guard need.ranges.allSatisfy({ $0.upperBound <= step.length }) else {
          return .isUseless("want beyond a step")
        }
        let ranges = need.ranges.isEmpty ? [0..<step.length] : need.ranges
        let bytes = ranges.reduce(0) { $0 + $1.count }
        guard repairs.admit(bytes, for: client, limit: limits.repairFactor * max(model.bytes, 1))
        else { return .isUseless("repair beyond the limit") }
        return .repairs(step, ranges)
      }
    }
  }
}

extension [ModelPatch] {
  /// The steps in their order, none twice.
  fileprivate var uniqued: [ModelPatch] {
    var seen: Set<Digest> = []
    return filter { seen.insert($0.digest).inserted }
  }
}

/// The numbers of sockets that listen to each step's topic.
package struct StepListeners: Hashable, Sendable {
  private var counts: [Topic: Int] = [:]

  /// No listener.
  package init() {}

  /// Notes another listener.
  package mutating func add(_ topic: Topic) { counts[topic, default: 0] += 1 }

  /// Notes that a listener is gone.
  package mutating func remove(_ topic: Topic) {
    let left = (counts[topic] ?? 0) - 1
    counts[topic] = left > 0 ? left : nil
  }

  /// Forgets the topics of all steps but these: those of older models are of no more use.
  package mutating func keep(_ steps: some Sequence<Digest>) {
    let topics = Set(steps.map { Topic.step($0) })
    counts = counts.filter { topics.contains($0.key) }
  }

  /// True if as many sockets listen to each step as workers asked for it.
  package func includeAll(of wants: [Digest: ModelDelivery.Wants]) -> Bool {
    wants.allSatisfy { step, wants in counts[.step(step)] ?? 0 >= wants.workers.count }
  }
}
