import Measures
import Wire

/// The broker's deliveries of its plan: requests that wait for their mailbox, and how much each
/// client was sent.
///
/// There is at most one entry for each client of the fleet, whatever is asked for. A client gets so
/// many copies of the plan within a time, and is then asked to wait, ever longer if that happens
/// again: with a few bytes nobody has megabytes sent, be it to another worker that listens to the
/// same mailbox, and nobody who doesn't read fills the broker's queue.
package struct PlanDelivery: Hashable, Sendable {
  /// The most copies of the plan that are sent to one client within `period`.
  package static let copies = 4
  /// The time after which a client may have as many again, at first.
  package static let period = Duration.seconds(10)
  /// The longest that this time becomes.
  package static let longestPeriod = Duration.seconds(600)

  /// A request for parts of the plan.
  package struct Request: Hashable, Sendable {
    /// The worker that asks.
    package var worker: UInt64
    /// The parts; none for the whole.
    package var ranges: [Range<Int>]
  }

  /// The bytes that a client was sent within a time.
  private struct Account: Hashable {
    var since: Duration
    var period = PlanDelivery.period
    var bytes = 0
    /// True if it asked for more than it may have.
    var isExceeded = false

    init(since: Duration) { self.since = since }

    /// Begins anew once its time is over.
    mutating func renew(at now: Duration) {
      guard now - since >= period else { return }
      let next = isExceeded ? min(period * 2, PlanDelivery.longestPeriod) : PlanDelivery.period
      self = Account(since: now)
      period = next
    }
  }

  private var knocking: [Int: Request] = [:]
  private var accounts: [Int: Account] = [:]
  /// The workers that were sent the plan last, by client, and haven't joined yet.
  private var readers: [Int: UInt64] = [:]

  /// Nothing sent yet.
  package init() {}

  /// The parts of a plan of `count` bytes that are sent to a worker that asks for `ranges`.
  ///
  /// Those that lie beyond it are of another plan, which the worker had from an earlier broker: it
  /// gets the whole.
  static func parts(_ ranges: [Range<Int>], of count: Int) -> [Range<Int>] {
    guard !ranges.isEmpty, ranges.allSatisfy({ $0.upperBound <= count }) else {
      return [0..<count]
    }
    return Array(ranges.prefix(ProtocolLimits.rangesPerMessage))
  }

  /// Answers what a client says of the plan; nil where it says something else.
  mutating func answer(
    _ message: Message<Uplink>, of client: Int, _ plan: BrokerPlan, _ members: Members,
    at now: Duration
  ) -> [BrokerAction]? {
    switch message.body {
    case .planWant(let worker, let ranges):
      answer(
        Request(worker: worker, ranges: ranges), of: client, plan,
        isListening: members.isListening(client), at: now)
    case .decline(_, let detail) where message.header.run == 0: turnedDown(by: client, detail)
    default: nil
    }
  }

  /// Answers a client's request for `plan`'s text.
  private mutating func answer(
    _ request: Request, of client: Int, _ plan: BrokerPlan, isListening: Bool, at now: Duration
  ) -> [BrokerAction] {
    let worker = request.worker
    guard (0..<plan.clients).contains(client) else {
      let detail = "the topology has clients 0 to \(plan.clients - 1)"
      return plan.refuse(client, .wrongClient, detail, worker: worker)
    }
    guard let text = plan.text else {
      let detail = "this broker doesn't hand out its plan"
      return plan.refuse(client, .wrongPlan, detail, worker: worker)
    }
    guard isListening else {
      knocking[client] = request
      return []
    }
    let parts = Self.parts(request.ranges, of: text.count)
    var account = accounts[client] ?? Account(since: now)
    account.renew(at: now)
    defer { accounts[client] = account }
    account.bytes += parts.reduce(0) { $0 + $1.count }
    guard account.bytes <= Self.copies * text.count else {
      account.isExceeded = true
      return Self.refusal(
        plan.header(to: client, worker: worker), retry: account.since + account.period - now)
    }
    readers[client] = worker
    return [.sendPlan(client: client, worker: worker, text, ranges: parts)]
  }

  /// Answers the request that waited for somebody to listen to its client's mailbox, if one did.
  mutating func answerAwaited(
    of client: Int, _ plan: BrokerPlan, at now: Duration
  ) -> [BrokerAction] {
    guard let request = knocking.removeValue(forKey: client) else { return [] }
    return answer(request, of: client, plan, isListening: true, at: now)
  }

  /// Tells people that a worker which was sent the plan can't follow it.
  private mutating func turnedDown(by client: Int, _ detail: String) -> [BrokerAction] {
    guard readers.removeValue(forKey: client) != nil else {
      return [.count("message of a stranger")]
    }
    return [
      .count("plan not followed"),
      .notice(.declined(client: client, .failed, detail: detail)),
    ]
  }

  /// Forgets that a client that joins was sent the plan.
  mutating func joined(_ client: Int) { readers[client] = nil }

  /// The answer to who asks too often; people aren't told, so that it doesn't fill the log either.
  private static func refusal(_ header: Header, retry: Duration) -> [BrokerAction] {
    let refusal = Downlink.refuse(
      .overloaded, retry: max(1, Int(retry.seconds * 1000)),
      detail: "the plan was sent often enough for now")
    return [
      .count("plan asked for too often"),
      .send(.client(header.client ?? 0), Message(header, refusal)),
    ]
  }
}
