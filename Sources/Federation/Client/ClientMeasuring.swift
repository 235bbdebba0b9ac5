import Measures
package import Wire

/// A client's part in the normalization that is made of all clients' sums: it adds its samples up,
/// tells the sums until the broker has them, and learns what came of all.
package struct ClientMeasuring: Hashable, Sendable {
  /// The client's work, with the time at which it wakes.
  private enum Work: Hashable {
    /// None.
    case rests
    /// Its samples are added up.
    case adding(wake: Duration)
    /// Its sums are here; they are repeated until the broker has them.
    case telling(SampleSums, wake: Duration)
  }

  /// The channels of its samples; nil where the plan says how they are normalized.
  private let channels: Int?
  private var work = Work.rests
  /// The normalization, in the run that the client was welcomed to; nil before it knows one.
  package private(set) var normalization: FederatedNormalization?

  /// A client with samples of so many channels, nil where nothing is to be measured.
  init(channels: Int?) { self.channels = channels }

  /// True while it adds its samples up, or tells their sums.
  package var isUnderWay: Bool { work != .rests }

  /// The time at which the client wakes; nil where nothing is waited for.
  var wake: Duration? {
    switch work {
    case .rests: nil
    case .adding(let wake), .telling(_, let wake): wake
    }
  }

  /// Ends what the broker no longer waits for.
  mutating func end() { work = .rests }

  /// Forgets what belongs to another run.
  mutating func forget() { (work, normalization) = (.rests, nil) }
}

/// Events and messages; `header` is that of the client's messages, whose epoch is 0 while it is no
/// member.
extension ClientMeasuring {
  /// Takes in an announcement that asks clients for sums, this one or not, which has `holding`.
  mutating func announced(
    _ isAsked: Bool, _ holding: ClientHolding?, _ header: Header, _ limits: ProtocolLimits,
    at now: Duration
  ) -> [ClientAction] {
    guard channels != nil, isAsked else {
      // The broker has its sums, or no longer waits for them.
      end()
      return []
    }
    guard work == .rests else { return [] }
    work = .adding(wake: now + limits.heartbeatInterval)
    guard let (reason, detail) = holding?.lack else { return [.measure] }
    return unmeasured(reason, detail, header)
  }

  /// The message that is due at `now`: the sums again, or a sign of life; nil for none.
  mutating func reminder(
    _ header: Header, _ limits: ProtocolLimits, at now: Duration
  ) -> ClientAction? {
    guard let wake, wake <= now else { return nil }
    if case .telling(let sums, _) = work { return tell(sums, header, limits, at: now) }
    work = .adding(wake: now + limits.heartbeatInterval)
    return .send(Message(header, .heartbeat(.idle)))
  }

  /// Takes the sums over its samples, and tells them if they are waited for.
  mutating func measured(
    _ sums: SampleSums, _ header: Header, _ limits: ProtocolLimits, at now: Duration
  ) -> [ClientAction] {
    guard case .adding = work else { return [] }
    let message = tell(sums, header, limits, at: now)
    return header.epoch > 0 ? [message] : []
  }

  private mutating func tell(
    _ sums: SampleSums, _ header: Header, _ limits: ProtocolLimits, at now: Duration
  ) -> ClientAction {
    work = .telling(sums, wake: now + limits.offerTimeout)
    return .send(Message(header, .sums(sums)))
  }

  /// Says that there are no sums, if they are waited for.
  ///
  /// A broker that doesn't hear it asks again.
  mutating func unmeasured(
    _ reason: DeclineReason, _ detail: String, _ header: Header
  ) -> [ClientAction] {
    guard case .adding = work else { return [] }
    work = .rests
    return header.epoch > 0 ? [.send(Message(header, .decline(reason, detail: detail)))] : []
  }

  /// Takes in a refusal for good that may be one of the sums; nil if it isn't.
  mutating func refused(
    _ header: Header, _ reason: RefusalReason, _ retry: Int?, _ detail: String
  ) -> [ClientAction]? {
    guard header.round == 0, retry == nil, isUnderWay else { return nil }
    end()
    return [.refused(round: 0, reason, detail: detail)]
  }

  /// Takes the normalization that a welcome brings, if it brings one for such samples.
  mutating func take(_ made: FederatedNormalization?) -> [ClientAction] {
    guard let made, made.means.count == channels else { return [] }
    end()
    guard made != normalization else { return [] }
    normalization = made
    return [.normalize(made)]
  }

  /// The client's answer to an announcement under `header` that it can't follow before it knows the
  /// normalization: it says `join`, no more often than the broker announces to all; nil if it knows
  /// it.
  func lack(_ header: Header, _ join: Message<Uplink>) -> [ClientAction]? {
    guard channels != nil, normalization == nil else { return nil }
    return header.client == nil ? [.send(join)] : []
  }
}
