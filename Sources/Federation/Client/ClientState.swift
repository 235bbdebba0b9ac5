package import Bytes
package import Wire

/// A client's state within a round, with the time at which a member wakes in it.
package enum ClientState: Hashable, Sendable {
  /// Not selected, or done with the round; nothing is waited for.
  case idle
  /// Waiting for the steps to the model.
  case fetching(Fetching)
  /// Training.
  case training(ClientTask, wake: Duration)
  /// Has an update; waits for leave to send it, or for its acknowledgement.
  case offering(ClientTask, Offer, wake: Duration)
  /// Evaluating.
  case evaluating(ClientTask, wake: Duration)
  /// Has scores, which it repeats until the broker has them.
  case reporting(ClientTask, HoldOutScores, wake: Duration)
  /// The run is over for this client.
  case ended

  /// The task of the current round, if there is one.
  package var task: ClientTask? {
    switch self {
    case .fetching(let fetching): fetching.task
    case .training(let task, _), .offering(let task, _, _), .evaluating(let task, _),
      .reporting(let task, _, _):
      task
    case .idle, .ended: nil
    }
  }

  /// The work that a task's model is for.
  static func work(on task: ClientTask, wake: Duration) -> ClientState {
    switch task.purpose {
    case .training: .training(task, wake: wake)
    case .evaluation: .evaluating(task, wake: wake)
    }
  }

  /// True while an update is trained, or waits to be taken.
  var hasUpdate: Bool {
    switch self {
    case .training, .offering: true
    case .idle, .fetching, .evaluating, .reporting, .ended: false
    }
  }

  /// True while the model of a round before `round` is fetched to be trained.
  func fetchesModel(before round: Int) -> Bool {
    guard case .fetching(let fetching) = self else { return false }
    return fetching.task.purpose == .training && fetching.task.round < round
  }

  /// The task of `round` that is being trained or evaluated; nil if that isn't under way.
  func work(of round: Int) -> ClientTask? {
    switch self {
    case .training(let task, _), .evaluating(let task, _): task.round == round ? task : nil
    case .idle, .fetching, .offering, .reporting, .ended: nil
    }
  }

  /// The time at which a member wakes; nil where nothing is waited for, which no time changes.
  var wake: Duration? {
    get {
      switch self {
      case .idle, .ended: nil
      case .fetching(let fetching): fetching.wake
      case .training(_, let wake), .offering(_, _, let wake), .evaluating(_, let wake),
        .reporting(_, _, let wake):
        wake
      }
    }
    set {
      guard let newValue else { return }
      switch self {
      case .idle, .ended: break
      case .fetching: changeFetching { $0.wake = newValue }
      case .training(let task, _): self = .training(task, wake: newValue)
      case .offering(let task, let offer, _): self = .offering(task, offer, wake: newValue)
      case .evaluating(let task, _): self = .evaluating(task, wake: newValue)
      case .reporting(let task, let scores, _): self = .reporting(task, scores, wake: newValue)
      }
    }
  }

  /// The message that a client repeats in this state, and the pause until then; nil for none.
  func reminder(_ limits: ProtocolLimits) -> (Uplink, pause: Duration)? {
    switch self {
    case .idle, .fetching, .ended: nil
    case .training: (.heartbeat(.training), limits.heartbeatInterval)
    case .offering(_, let offer, _): (.offer(offer), limits.offerTimeout)
    case .evaluating: (.heartbeat(.evaluating), limits.heartbeatInterval)
    case .reporting(_, let scores, _): (.scores(scores), limits.offerTimeout)
    }
  }

  /// The steps whose bytes are waited for.
  package var interests: Set<Digest> {
    guard case .fetching(let fetching) = self else { return [] }
    return Set(fetching.task.steps.map(\.digest))
  }

  /// Changes what is fetched in place; nil if nothing is.
  @discardableResult
  mutating func changeFetching<Answer>(_ change: (inout Fetching) -> Answer) -> Answer? {
    guard case .fetching(var fetching) = self else { return nil }
    self = .idle  // so that it changes in place, not in a copy
    defer { self = .fetching(fetching) }
    return change(&fetching)
  }

  /// The steps whose chunks are listened to, in the order of their digests.
  var subscribed: [Digest] {
    guard case .fetching(let fetching) = self else { return [] }
    return fetching.subscribed.sorted { $0.hex < $1.hex }
  }

  /// Notes that a step's bytes are damaged, and that all of it is fetched anew; nil if it isn't one
  /// of the task's.
  ///
  /// Found also when training was about to begin.
  mutating func lose(_ digest: Digest, at now: Duration) -> ModelPatch? {
    switch self {
    case .fetching: return changeFetching { $0.lose(digest) } ?? nil
    case .training(let task, _), .evaluating(let task, _):
      var fetching = Fetching(again: task, wake: now)
      guard let lost = fetching.lose(digest) else { return nil }
      self = .fetching(fetching)
      return lost
    case .idle, .offering, .reporting, .ended: return nil
    }
  }
}

/// The standing of a client with the broker.
///
/// A client that joins again goes on with its round meanwhile.
enum ClientStanding: Hashable, Sendable {
  /// The broker has yet to take the client in (again); it asks next at this time.
  case joining(next: Duration)
  /// The broker has taken the client in.
  case member
}

/// A run, and an incarnation of its broker.
package struct Membership: Hashable, Sendable {
  /// The run.
  package var run: UInt64
  /// The broker's incarnation.
  package var epoch: Int
  /// The latest incarnation that took the client in; 0 for none.
  package var welcomed = 0

  /// The incarnation that a JOIN tells of, 0 for none: the one that took the client in, or the one
  /// before a later one that it heard of.
  ///
  /// To tell of one that it only heard of would say that this one had taken it in. To tell of none
  /// would leave it waiting for ever where the broker lost count and begins with an earlier one,
  /// whose welcome it takes for a late one.
  var told: Int { max(welcomed, epoch - 1) }
}

/// The last round that a client took up.
enum LastRound: Hashable, Sendable {
  /// It trained in this round, or still does; 0 for none.
  case takenUp(Int)
  /// It said that it can't take part; that is said again if it got lost.
  case declined(Message<Uplink>)

  /// The round, from 1; 0 for none.
  var number: Int {
    switch self {
    case .takenUp(let round): round
    case .declined(let message): message.header.round
    }
  }
}

/// The last evaluation of which a client knows.
enum LastEvaluation: Hashable, Sendable {
  /// It evaluated after this round, and the broker knows the scores, or no longer waits for them;
  /// 0 for none.
  case done(Int)
  /// It said that it can't evaluate; that is said again if it got lost.
  case declined(Message<Uplink>)

  /// The round whose model it was, from 1; 0 for none.
  var round: Int {
    switch self {
    case .done(let round): round
    case .declined(let message): message.header.round
    }
  }
}
