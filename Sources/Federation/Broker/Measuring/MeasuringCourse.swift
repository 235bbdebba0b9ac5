import Measures
import Wire

/// The way to one normalization for all clients, before the first round: their sums are asked for,
/// added up, and made into a normalization, which is kept before anybody is told of it.
package struct MeasuringCourse: Hashable, Sendable {
  /// The state of a course.
  private enum State: Hashable {
    /// There is nothing to measure, or nothing has been.
    case rests
    /// Sums come in.
    case open(SampleMeasuring)
    /// The sums of so many clients are made into a normalization, and it is kept.
    case awaitsNormalization(clients: Int)
  }

  private var state = State.rests
  /// The normalization that was made; nil before, and where the plan asks for none.
  private(set) var normalization: FederatedNormalization?

  /// A course that is done if the normalization is known from before a restart.
  init(_ normalization: FederatedNormalization?) { self.normalization = normalization }

  /// The measuring that is open; nil if none is.
  var open: SampleMeasuring? {
    guard case .open(let measuring) = state else { return nil }
    return measuring
  }

  /// True from the first question until the normalization is kept.
  var isUnderWay: Bool { state != .rests }

  /// The number of clients that it takes before the first round; 0 where nothing is to be measured.
  func needed(_ plan: BrokerPlan) -> Int {
    normalization == nil ? plan.measuring?.minimumClients ?? 0 : 0
  }

  /// The time at which measuring must end, once enough sums are here; nil before, and where none is
  /// under way.
  package var deadline: Duration? {
    guard let open, open.isEnough else { return nil }
    return open.deadline
  }

  /// True if there is no sense in waiting on: too few sums came for too long, or what `state` waits
  /// for can't be.
  func isHopeless(
    _ state: BrokerState, _ plan: BrokerPlan, _ members: Members, at now: Duration
  ) -> Bool {
    isOverdue(plan, at: now) || state.isHopeless(plan, members, at: now)
  }

  private func isOverdue(_ plan: BrokerPlan, at now: Duration) -> Bool {
    guard let open, !open.isEnough else { return false }
    return open.waitingSince + plan.rules.patience <= now
  }

  /// Begins to wait for sums anew, where they are waited for.
  mutating func waitAnew(since now: Duration) { change { $0.waitingSince = now } }

  /// The notice of the clients that are lacking to go on, to end the measuring or else as `state`
  /// waits for them; nothing where none are.
  func lack(
    _ state: BrokerState, _ plan: BrokerPlan, _ members: Members, at now: Duration
  ) -> [BrokerAction] {
    let shortage =
      isUnderWay ? shortage(plan, members, at: now) : state.shortage(plan, members, at: now)
    return shortage.map { [.notice(.waiting($0))] } ?? []
  }

  /// The shortage for which the run is given up, as `state` has it or for want of sums.
  func surrender(
    _ state: BrokerState, _ plan: BrokerPlan, _ members: Members, able: Int?, at now: Duration
  ) -> (shortage: Shortage, isOverdue: Bool)? {
    let surrender = state.surrender(plan, members, able: able, at: now)
    guard let surrender, let own = shortage(plan, members, at: now) else { return surrender }
    return (own, surrender.isOverdue || isOverdue(plan, at: now))
  }

  /// The clients that are lacking to end: nil while others are waited for before the deadline, and
  /// where enough are there.
  private func shortage(_ plan: BrokerPlan, _ members: Members, at now: Duration) -> Shortage? {
    guard let open, !open.isEnough, open.deadline <= now || open.unsettled.isEmpty else {
      return nil
    }
    var shortage = Shortage(
      able: open.reported, needed: max(1, needed(plan)), missing: [], patience: plan.rules.patience)
    for client in 0..<plan.clients {
      let progress = open.progress[client]
      if case .reported = progress { continue }
      if !members.presence.contains(client) {
        shortage.missing.append(client)
      } else if progress != .asked {
        shortage.unable.append(client)
      }
    }
    return shortage
  }

  /// Begins to measure, or ends it when it is time; nil once there is a normalization, or where the
  /// plan asks for none.
  mutating func proceed(
    _ plan: BrokerPlan, _ members: Members, at now: Duration
  ) -> [BrokerAction]? {
    guard let rules = plan.measuring, normalization == nil else { return nil }
    switch state {
    case .rests:
      let clients = members.presence.all.filter { members.isMeasurable($0, rules) }
      let measuring = SampleMeasuring(
        rules, clients: clients, opened: now, deadline: now + plan.rules.deadline)
      state = .open(measuring)
      return [.notice(.measuring(clients: clients.count))]
    case .open(let measuring):
      guard measuring.isOver(plan.limits, at: now, members) else { return [] }
      state = .awaitsNormalization(clients: measuring.reported)
      return [.normalize(measuring.result(at: now))]
    case .awaitsNormalization: return []
    }
  }

  /// Takes the normalization that was made and is kept, and tells all who are here of it.
  mutating func take(
    _ made: FederatedNormalization, _ plan: BrokerPlan, _ members: Members
  ) -> [BrokerAction] {
    guard case .awaitsNormalization(let clients) = state else { return [] }
    (state, normalization) = (.rests, made)
    return [.notice(.normalized(made, clients: clients))] + plan.welcome(members, by: made)
  }

  /// Changes the open measuring in place; nil if none is open.
  @discardableResult
  mutating func change<Answer>(_ change: (inout SampleMeasuring) -> Answer) -> Answer? {
    guard case .open(var open) = state else { return nil }
    state = .rests
    defer { state = .open(open) }
    return change(&open)
  }
}

/// Clients' messages about their sums.
extension MeasuringCourse {
  /// Answers a client's sums, also those that are no longer waited for, so that it needn't repeat
  /// them.
  mutating func answer(
    _ client: Int, _ sums: SampleSums, _ plan: BrokerPlan, _ members: Members
  ) -> [BrokerAction] {
    guard plan.measuring != nil else { return [.count("report that wasn't asked for")] }
    let noted = BrokerAction.send(
      .client(client), Message(plan.header(to: client), .noted(.sums)))
    guard open != nil else {
      // Before the first question a restarted broker hears them early: it will ask.
      guard isUnderWay || normalization != nil else { return [.count("early sums")] }
      return [.count("late sums"), noted]
    }
    let known = members[client]?.samples
    switch change({ $0.report(client, sums, known: known) }) {
    case .counts: return [noted]
    case .isRepeated: return [.count("repeated sums"), noted]
    case .isRefused(let reason, let detail): return Self.refuse(client, reason, detail, plan)
    case nil, .some(nil): return [.count("report that wasn't asked for")]
    }
  }

  /// Answers a client that can't report; nil if none is asked.
  mutating func decline(_ client: Int, _ message: Message<Uplink>) -> [BrokerAction]? {
    guard let open, message.header.round == 0, open.progress[client] != nil,
      case .decline(let reason, let detail) = message.body
    else { return nil }
    change { $0.settle(client, at: .declined(reason)) }
    return [
      .count("measuring declined: \(reason.name)"),
      .notice(.declined(client: client, reason, detail: detail)),
    ]
  }

  /// Refuses a client's message that can't be read; nil if it isn't asked.
  mutating func refuse(
    _ client: Int, _ header: Header, _ problem: String, _ plan: BrokerPlan
  ) -> [BrokerAction]? {
    guard let open, header.round == 0, open.progress[client] == .asked else { return nil }
    change { $0.settle(client, at: .refused(.malformed, detail: problem)) }
    return Self.refuse(client, .malformed, problem, plan)
  }

  private static func refuse(
    _ client: Int, _ reason: RefusalReason, _ detail: String, _ plan: BrokerPlan
  ) -> [BrokerAction] {
    [.count("sums refused")] + plan.refuse(client, reason, detail)
  }
}
