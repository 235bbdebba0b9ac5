import Measures
import Progressive
import Wire

/// The broker's announcements: their numbers, and the time of the next.
package struct Announcements: Hashable, Sendable {
  /// The time at which the next one is due.
  package var due: Duration
  /// The number of announcements so far.
  private var sequence: UInt64 = 0
  /// The time at which clients' connections and leaves were last looked at; nil before.
  private var inspected: Duration?

  /// No announcements yet; the first is due at once.
  package init(due: Duration) { self.due = due }

  /// The time that passed since connections and leaves were last looked at, once in an announce
  /// interval, when they are to be looked at: rounds that begin and end put announcements off, but
  /// not that; nil in between.
  ///
  /// It is no more than two intervals, and no less than nothing: a clock that jumps, or a process
  /// that stood still, takes no leave back.
  mutating func inspects(at now: Duration, every interval: Duration) -> Duration? {
    guard let inspected else {
      self.inspected = now
      return .zero
    }
    if now >= inspected, now - inspected < interval { return nil }
    self.inspected = now
    return min(max(.zero, now - inspected), interval * 2)
  }

  /// The announcement of the broker's state, with all steps to the model if `listing`, or if there
  /// is no choice; it says so if no round opens because of an order.
  mutating func next(
    of state: BrokerState, _ evaluation: HoldOutEvaluation?, _ measuring: SampleMeasuring?,
    _ plan: BrokerPlan, counted: [Int: CountedUpdate], at now: Duration, listing: Bool = false,
    isPaused: Bool = false
  ) -> Message<Downlink> {
    sequence += 1
    var announce = Announce(
      sequence: sequence, state: .waiting, warmUp: false, remaining: 0, learningRate: 0,
      selected: [], segments: [], updateCodec: plan.updateCodec)
    switch state {
    case .gathering, .waiting:
      if isPaused { announce.state = .paused }
      if let measuring {
        announce.state = .measuring
        announce.remaining = max(0, Int((measuring.deadline - now).seconds * 1000))
        announce.selected = measuring.unsettled
      }
    case .farewell, .ended: break
    case .preparing:
      announce.state = .closing
      if let evaluation {
        return next(of: evaluation, announce, plan, at: now, listing: listing)
      }
    case .open(let round):
      announce.state = .open
      announce.warmUp = round.phase.warmUp
      announce.remaining = max(0, Int((round.deadline - now).seconds * 1000))
      announce.learningRate = round.learningRate
      announce.newBlockRate = Float(round.phase.newBlockRate)
      announce.updateCodec = plan.updateCodec(in: round.phase)
      announce.selected = round.unsettled
      if !round.depths.isEmpty {
        let asked = Set(announce.selected)
        announce.depths = round.depths.filter { asked.contains($0.key) }
      }
      announce.base = round.model.base
      if listing || round.model.isListed {
        announce.segments = round.model.segments
        announce.shallowHeads = round.model.shallowHeads
      }
      // Who misses it the first time asks, and hears it in its mailbox.
      if plan.clientsRemember, listing || (round.model.isListed && round.opened == now) {
        announce.counted = announce.selected.reduce(into: [:]) { $0[$1] = counted[$1] }
      }
    }
    return Message(plan.header(in: state.phase), .announce(announce))
  }

  /// The announcement of an evaluation, made of `draft`.
  private func next(
    of evaluation: HoldOutEvaluation, _ draft: Announce, _ plan: BrokerPlan, at now: Duration,
    listing: Bool
  ) -> Message<Downlink> {
    var announce = draft
    announce.state = .evaluating
    announce.remaining = max(0, Int((evaluation.deadline - now).seconds * 1000))
    announce.selected = evaluation.unsettled
    announce.base = evaluation.model.base
    if listing || evaluation.model.isListed {
      announce.segments = evaluation.model.segments
      announce.shallowHeads = evaluation.model.shallowHeads
    }
    return Message(plan.header(in: evaluation.phase), .announce(announce))
  }
}
