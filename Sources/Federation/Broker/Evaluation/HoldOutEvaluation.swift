import Measures
package import Progressive
package import Wire

/// A client's progress with an evaluation.
package enum EvaluatorProgress: Hashable, Sendable {
  /// Nothing was heard yet.
  case invited
  /// It asked for the model, evaluates, or is about to.
  case working
  /// Its scores are here.
  case scored(HoldOutScores)
  /// Its scores were refused.
  case refused(RefusalReason)
  /// It can't evaluate.
  case declined(DeclineReason)
  /// It said that it goes.
  case left

  /// Nothing more is expected of the client.
  var isSettled: Bool {
    switch self {
    case .scored, .refused, .declined, .left: true
    case .invited, .working: false
    }
  }
}

/// The evaluation of the model that a round came to, on what clients hold out.
///
/// It lies between that round and the next. Each evaluator fetches what it lacks of the model, as
/// for a training, and answers with counts and sums; whoever trains in the next round has the model
/// then.
package struct HoldOutEvaluation: Hashable, Sendable {
  /// The round whose model it is.
  package let phase: Phase
  /// The model as it is announced.
  package let model: RoundModel
  /// The clients that evaluate, in rising order.
  package let selected: [Int]
  /// The time of its beginning.
  package let opened: Duration
  /// The time at which it ends at the latest.
  package private(set) var deadline: Duration
  /// The model's way to the clients.
  package var delivery = ModelDelivery.gathering([:])
  /// The progress of each evaluator.
  package private(set) var progress: [Int: EvaluatorProgress]

  /// An evaluation in which no client was heard yet.
  package init(
    phase: Phase, model: RoundModel, selected: [Int], opened: Duration, deadline: Duration
  ) {
    self.phase = phase
    self.model = model
    self.selected = selected
    self.opened = opened
    self.deadline = deadline
    progress = Dictionary(uniqueKeysWithValues: selected.map { ($0, .invited) })
  }

  /// Has it end at `time` at the latest; returns the time before.
  mutating func end(by time: Duration) -> Duration {
    defer { deadline = time }
    return deadline
  }

  /// The clients that have something left to do, whatever they remember of it.
  package var unsettled: [Int] { selected.filter { progress[$0]?.isSettled == false } }

  /// The time at which something is due, if nothing arrives.
  package func wakeTime(_ limits: ProtocolLimits) -> Duration {
    delivery.isGathering ? min(deadline, opened + limits.gatherWindow) : deadline
  }

  /// True if all that can be heard has been heard, or if it was waited for long enough.
  ///
  /// Who has fallen silent isn't waited for until the deadline, as no update of it gets lost.
  package func isOver(_ limits: ProtocolLimits, at now: Duration, _ members: Members) -> Bool {
    if deadline <= now { return true }
    let isOld = opened + limits.silence <= now
    return unsettled.allSatisfy { isOld && members.isSilent($0, for: limits.silence, at: now) }
  }

  /// The steps to broadcast now; nil while evaluators are still asking, or after the broadcast.
  package func broadcasts(
    _ listeners: StepListeners, window: Duration, at now: Duration
  ) -> [Broadcast]? {
    delivery.broadcasts(
      of: model, listeners, haveAllAsked: !progress.values.contains(.invited),
      isOverdue: opened + window <= now, for: .evaluation)
  }

  /// The evaluation's result, in the order of the clients.
  package func result(at now: Duration) -> EvaluationResult {
    var result = EvaluationResult(round: phase.round, opened: opened, closed: now)
    for client in selected {
      switch progress[client] {
      case .scored(let scores): result.scores.append((client, scores))
      case .declined(let reason): result.declined.append((client, reason))
      case .refused: result.refused.append(client)
      case .invited, .working, .left, nil: result.missing.append(client)
      }
    }
    return result
  }
}

extension HoldOutEvaluation {
  /// True if a client takes part in the evaluation after `round`.
  package func asks(_ client: Int, after round: Int) -> Bool {
    round == phase.round && progress[client] != nil
  }

  /// Asks a client again that left and came back; false if nothing more is expected of it.
  package mutating func welcomeBack(_ client: Int) -> Bool {
    guard let known = progress[client] else { return false }
    if known == .left { progress[client] = .invited }
    return progress[client]?.isSettled == false
  }

  /// No longer waits for a client that says that it goes.
  package mutating func leave(_ client: Int) { settle(client, at: .left) }

  /// No longer waits for a client whose scores are of no use, or that has none.
  package mutating func settle(_ client: Int, at end: EvaluatorProgress) {
    guard progress[client]?.isSettled == false else { return }
    progress[client] = end
  }

  /// Takes in the steps that a client asks for, and says which of them are repaired or can't be
  /// had.
  package mutating func want(
    _ client: Int, _ worker: UInt64, _ needs: [Need], _ limits: ProtocolLimits
  ) -> [ModelDelivery.Answer] {
    if progress[client] == .invited || progress[client] == .left { progress[client] = .working }
    return delivery.want(client, worker, needs, of: model, limits)
  }

  /// The consequence of a client's scores.
  package enum ScoresAnswer: Hashable {
    /// They count.
    case counts
    /// They are here already; the client is to know.
    case isRepeated
    /// They are refused.
    case isRefused(RefusalReason, detail: String)
  }

  /// Takes in a client's scores, in which `problem` is wrong if anything is.
  package mutating func score(
    _ client: Int, _ scores: HoldOutScores, problem: String?
  ) -> ScoresAnswer {
    switch progress[client] {
    case .scored: return .isRepeated
    case .refused(let reason): return .isRefused(reason, detail: "they were refused before")
    case .invited, .working, .declined, .left, nil: break
    }
    guard scores.base == model.base else {
      progress[client] = .refused(.wrongBase)
      return .isRefused(.wrongBase, detail: "the scores are of another model")
    }
    if let problem {
      progress[client] = .refused(.malformed)
      return .isRefused(.malformed, detail: problem)
    }
    progress[client] = .scored(scores)
    return .counts
  }
}

/// The result of an evaluation on what clients hold out.
package struct EvaluationResult: Hashable, Sendable {
  /// The round whose model was evaluated.
  package var round: Int
  /// The time of its beginning.
  package var opened: Duration
  /// The time of its end.
  package var closed: Duration
  /// The scores, in the order of the clients: that of aggregation.
  package var scores: [(client: Int, scores: HoldOutScores)] = []
  /// The clients that could not evaluate, and why, in rising order.
  package var declined: [(client: Int, reason: DeclineReason)] = []
  /// The clients whose scores were refused, in rising order.
  package var refused: [Int] = []
  /// The clients whose scores didn't come in time, in rising order.
  package var missing: [Int] = []

  /// A result without any scores.
  package init(round: Int, opened: Duration, closed: Duration) {
    self.round = round
    self.opened = opened
    self.closed = closed
  }

  /// The reason why its scores make no figure, in words.
  package func lack(_ rules: EvaluationRules) -> String {
    let asked = scores.count + declined.count + refused.count + missing.count
    guard asked > 0 else {
      return "no client tested the model: none that is here holds out "
        + (rules.minimumSamples > 1
          ? "the \(rules.minimumSamples) samples of evaluation.minimum.samples" : "samples")
    }
    let ends = [
      (declined.count, "declined"), (refused.count, "sent scores that were refused"),
      (missing.count, "sent none in time"),
    ]
    let others = ends.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return "the model has no figure: \(scores.count) of \(asked) clients that were asked tested it"
      + (others.isEmpty ? "" : " (\(others.joined(separator: ", ")))")
      + (scores.count < rules.minimumClients
        ? ", and evaluation.minimum.clients asks for \(rules.minimumClients)" : "")
  }

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.round == rhs.round && lhs.opened == rhs.opened && lhs.closed == rhs.closed
      && lhs.scores.elementsEqual(rhs.scores, by: ==)
      && lhs.declined.elementsEqual(rhs.declined, by: ==) && lhs.refused == rhs.refused
      && lhs.missing == rhs.missing
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(round)
    for (client, scores) in scores {
      hasher.combine(client)
      hasher.combine(scores)
    }
  }
}
