import Measures
import Progressive
import Wire

/// The standing orders of whoever runs the broker.
package struct BrokerControl: Hashable, Sendable {
  /// True if no round opens.
  package private(set) var isPaused = false
  /// True if the run stops when the open round is over.
  package private(set) var isDraining = false
  /// The clients that are excluded.
  package private(set) var evicted: Set<Int>
  /// The clients that were excluded or let in, and may not have heard of it.
  private var untold: Set<Int> = []

  /// No orders, but that some clients are excluded.
  package init(evicted: Set<Int> = []) { self.evicted = evicted }

  /// The refusal of an excluded client, which may ask again now and then, until it is let in.
  static func refusal(of client: Int, _ worker: UInt64?, _ plan: BrokerPlan) -> [BrokerAction] {
    [.count(RefusalReason.evicted.name), refusal(of: client, worker, plan)]
  }

  private static func refusal(
    of client: Int, _ worker: UInt64?, _ plan: BrokerPlan
  ) -> BrokerAction {
    let refusal = Downlink.refuse(
      .evicted, retry: plan.retry * 10, detail: "whoever runs the broker has excluded this client")
    return .send(.client(client), Message(plan.header(to: client, worker: worker), refusal))
  }

  /// Notes that a client asks to join, and so knows where it stands once it is answered.
  mutating func heard(_ client: Int) { untold.remove(client) }

  /// Says to clients that they are out or may join, with each announcement until they ask, as that
  /// may get lost; an order is announced at once.
  func reminders(_ members: Members, _ plan: BrokerPlan) -> [BrokerAction] {
    untold.sorted().filter { members.isListening($0) }.map { client in
      evicted.contains(client)
        ? Self.refusal(of: client, nil, plan) : plan.askToJoin(client)
    }
  }

  /// The consequences of an order.
  package struct Outcome {
    /// The answer to whoever gave it.
    package var answer: ControlAnswer
    /// The actions that follow.
    package var actions: [BrokerAction] = []
    /// True if the run ends now, to go on another time.
    package var endsRun = false
  }

  /// Follows an order, or says why not.
  mutating func obey(
    _ order: ControlOrder, _ state: inout BrokerState, _ evaluation: inout EvaluationCourse,
    _ measuring: inout MeasuringCourse, _ members: inout Members, _ models: RoundModels,
    _ plan: BrokerPlan, at now: Duration
  ) -> Outcome {
    var outcome =
      switch order {
      case .pause: Outcome(answer: pause(state))
      case .resume: Outcome(answer: resume(&state, &measuring, now))
      case .drain: drain(state)
      case .evict(let client): evict(client, &state, &measuring, &members, models, plan)
      case .readmit(let clients): readmit(clients)
      case .deadline(let time):
        Outcome(
          answer: Self.end(&state, &evaluation, &measuring, members, plan, within: time, now))
      }
    if outcome.answer.ok { outcome.actions.append(.count("control: \(order.word)")) }
    return outcome
  }

  private mutating func pause(_ state: BrokerState) -> ControlAnswer {
    if let reason = reasonAgainst(state) { return .refused(reason) }
    guard !isPaused else { return .refused("the run is paused already") }
    isPaused = true
    guard let round = state.phase?.round else {
      return .done("no round opens until the run is resumed")
    }
    return .done(
      "round \(round) goes on to its end; no round opens after it until the run is resumed")
  }

  private mutating func resume(
    _ state: inout BrokerState, _ measuring: inout MeasuringCourse, _ now: Duration
  ) -> ControlAnswer {
    guard isPaused else { return .refused("the run isn't paused") }
    isPaused = false
    // Nobody was waited for meanwhile.
    state.waitAnew(since: now)
    measuring.waitAnew(since: now)
    return .done("rounds open again")
  }

  private mutating func drain(_ state: BrokerState) -> Outcome {
    if let reason = reasonAgainst(state) { return Outcome(answer: .refused(reason)) }
    (isPaused, isDraining) = (false, true)
    switch state.kind {
    case .open:
      let round = state.phase?.round ?? 0
      return Outcome(
        answer: .done("round \(round) goes on to its end; then the run stops, and --resume goes on")
      )
    case .preparing:
      return Outcome(
        answer: .done("the run stops once its last round is kept, and --resume goes on"))
    case .gathering, .waiting, .farewell, .ended:
      return Outcome(
        answer: .done("no round is open: the run stops now, and --resume goes on"), endsRun: true)
    }
  }

  private mutating func evict(
    _ client: Int, _ state: inout BrokerState, _ measuring: inout MeasuringCourse,
    _ members: inout Members, _ models: RoundModels, _ plan: BrokerPlan
  ) -> Outcome {
    guard (0..<plan.clients).contains(client) else {
      return Outcome(
        answer: .refused(
          "there is no client \(client): the topology has clients 0 to \(plan.clients - 1)"))
    }
    guard evicted.insert(client).inserted else {
      return Outcome(answer: .refused("client \(client) is excluded already"))
    }
    measuring.change { $0.exclude(client) }
    guard let member = members[client] else {
      return Outcome(
        answer: .done("client \(client) isn't here; it is refused from now on"))
    }
    let actions = state.changeWork(of: client, plan, models, members) { $0.evict(client) }
    members.forbid(client, member.worker)
    untold.insert(client)
    let worker = member.place?.description ?? "worker \(String(member.worker, radix: 16))"
    return Outcome(
      answer: .done(
        "client \(client) of \(worker) is excluded; of its work in this round nothing counts "
          + "but an update that had arrived whole"),
      actions: actions + [.count(RefusalReason.evicted.name)])
  }

  private mutating func readmit(_ clients: [Int]) -> Outcome {
    let back = evicted.intersection(clients).sorted()
    guard !back.isEmpty else {
      return Outcome(answer: .refused("none of these clients is excluded"))
    }
    evicted.subtract(back)
    untold.formUnion(back)
    let names = back.map(String.init).joined(separator: ", ")
    return Outcome(answer: .done("let in again when a worker asks: client \(names)"))
  }

  /// Sets the end of what is waited for now: the open round, the open evaluation, clients' sums, or
  /// the coming of the whole fleet; says what that was, or why there is no end to set.
  private static func end(
    _ state: inout BrokerState, _ evaluation: inout EvaluationCourse,
    _ measuring: inout MeasuringCourse, _ members: Members, _ plan: BrokerPlan,
    within time: Duration, _ now: Duration
  ) -> ControlAnswer {
    let deadline = now + max(.zero, time)
    let new = Self.seconds(deadline - now)
    func done(_ what: String, before: Duration) -> ControlAnswer {
      let old = before > now ? "before, it was \(Self.seconds(before - now))" : "it was over before"
      return .done("\(what) ends in \(new) at the latest; \(old)")
    }
    switch state {
    case .open:
      let round = state.phase?.round ?? 0
      let before = state.changeRound { $0.end(by: deadline) }
      return done("round \(round)", before: before ?? deadline)
    case .preparing:
      guard let round = evaluation.open?.phase.round,
        let before = evaluation.change({ $0.end(by: deadline) })
      else { return .refused("no round is open: the next model is being made") }
      return done("the evaluation of round \(round)'s model", before: before)
    case .gathering where measuring.isUnderWay:
      guard let before = measuring.change({ $0.end(by: deadline) }), let open = measuring.open
      else { return .refused("no round is open: the normalization is being made") }
      let answer = done("the measuring of clients' samples", before: before)
      guard !open.isEnough else { return answer }
      return .done(
        "\(answer.text); but not without the sums of \(max(1, measuring.needed(plan))) clients, of "
          + "which \(open.reported) are here (evaluation.minimum.clients)")
    case .gathering(var gathering):
      let before = gathering.end(plan)
      gathering.ordered = deadline
      state = .gathering(gathering)
      let answer = done("the wait for all \(plan.clients) clients", before: before)
      guard !gathering.isThrough else { return answer }
      return .done("\(answer.text); then the next round takes \(plan.clientsNeeded) of them")
    case .waiting:
      let here = state.shortage(plan, members, at: now)
      return .refused(
        "no round is open: the next one waits for clients"
          + (here.map { ", \($0.able) of \($0.needed) needed are here" } ?? "")
          + "; participation.patience bounds that, and stop ends the run now")
    case .farewell, .ended: return .refused("the run is ending")
    }
  }

  private static func seconds(_ time: Duration) -> String { "\(time.seconds.fixed(1)) s" }

  /// The reason for which it makes no sense to hold rounds back; nil where it may.
  private func reasonAgainst(_ state: BrokerState) -> String? {
    switch state.kind {
    case .farewell, .ended: "the run is ending"
    default: isDraining ? "the run is draining already" : nil
    }
  }
}

extension BrokerState {
  /// Begins to wait for clients anew, where they are waited for.
  fileprivate mutating func waitAnew(since now: Duration) {
    switch self {
    case .gathering(let gathering): self = .gathering(gathering.waiting(since: now))
    case .waiting(let pending):
      self = .waiting(
        PendingRound(prepared: pending.prepared, since: now, backlog: pending.backlog))
    case .preparing, .open, .farewell, .ended: break
    }
  }
}
