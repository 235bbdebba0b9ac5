import Measures
package import Wire

/// The progress of a client with its sums.
enum ReporterProgress: Hashable, Sendable {
  /// Its sums are waited for.
  case asked
  /// Its sums are here.
  case reported(SampleSums)
  /// Its sums were refused.
  case refused(RefusalReason, detail: String)
  /// It can't give any.
  case declined(DeclineReason)
  /// It said that it goes, or was excluded.
  case left
}

/// The sums over clients' training samples as they come in, before the first round.
///
/// Who joins meanwhile is asked as well. It ends when all that were asked are settled, or at the
/// deadline, but never with the sums of fewer clients than the rules want.
struct SampleMeasuring: Hashable, Sendable {
  /// The time of its beginning.
  let opened: Duration
  /// The time at which it ends, if there are enough sums by then.
  private(set) var deadline: Duration
  /// The time since which sums are waited for: its beginning, or the end of a pause.
  var waitingSince: Duration
  private let rules: MeasuringRules
  /// The progress of each client that was asked.
  private(set) var progress: [Int: ReporterProgress] = [:]
  /// The clients whose sums are waited for.
  private var waiting: Set<Int> = []
  /// The number of clients whose sums are here.
  private(set) var reported = 0

  /// A measuring that asks `clients`.
  init(_ rules: MeasuringRules, clients: [Int], opened: Duration, deadline: Duration) {
    self.rules = rules
    self.opened = opened
    self.deadline = deadline
    waitingSince = opened
    for client in clients { set(client, .asked) }
  }

  private mutating func set(_ client: Int, _ new: ReporterProgress) {
    if case .reported = progress[client] { reported -= 1 }
    if case .reported = new { reported += 1 }
    if new == .asked { waiting.insert(client) } else { waiting.remove(client) }
    progress[client] = new
  }

  /// The clients whose sums are waited for, in rising order.
  var unsettled: [Int] { waiting.sorted() }

  /// True if the sums of enough clients are here.
  var isEnough: Bool { reported >= max(1, rules.minimumClients) }

  /// Has it end at `time`, if there are enough sums by then; returns the time at which it was to
  /// end before.
  mutating func end(by time: Duration) -> Duration {
    defer { deadline = time }
    return deadline
  }

  /// True if there are enough sums, and no more are to be waited for.
  ///
  /// Who has fallen silent isn't waited for until the deadline.
  func isOver(_ limits: ProtocolLimits, at now: Duration, _ members: Members) -> Bool {
    guard isEnough else { return false }
    if deadline <= now || waiting.isEmpty { return true }
    let isOld = opened + limits.silence <= now
    return isOld && waiting.allSatisfy { members.isSilent($0, for: limits.silence, at: now) }
  }

  /// Asks a client that joined, for the first time or again; false if nothing is expected of it.
  mutating func ask(_ client: Int, _ members: Members) -> Bool {
    switch progress[client] {
    case .asked: return true
    case .reported, .refused: return false
    case .declined, .left, nil:
      guard members.isMeasurable(client, rules) else { return false }
      set(client, .asked)
      return true
    }
  }

  /// No longer waits for a client.
  mutating func settle(_ client: Int, at end: ReporterProgress) {
    if progress[client] == .asked { set(client, end) }
  }

  /// Leaves a client out, with the sums that it may have reported.
  mutating func exclude(_ client: Int) {
    if progress[client] != nil { set(client, .left) }
  }

  /// The consequence of a client's sums.
  enum SumsAnswer: Hashable {
    /// They count.
    case counts
    /// They are here already; the client is to know.
    case isRepeated
    /// They are refused.
    case isRefused(RefusalReason, detail: String)
  }

  /// Takes in the sums of a client that was asked, which has `known` samples as far as it said; nil
  /// if it wasn't asked.
  mutating func report(_ client: Int, _ sums: SampleSums, known: Int?) -> SumsAnswer? {
    switch progress[client] {
    case nil: return nil
    case .reported: return .isRepeated
    case .refused(let reason, let detail): return .isRefused(reason, detail: detail)
    case .asked, .declined, .left: break
    }
    if let problem = rules.problem(of: sums, known: known) {
      set(client, .refused(.malformed, detail: problem))
      return .isRefused(.malformed, detail: problem)
    }
    set(client, .reported(sums))
    return .counts
  }

  /// The sums that came in, in the order of the clients.
  func result(at now: Duration) -> MeasuringResult {
    let sums = progress.sorted { $0.key < $1.key }.compactMap { client, progress in
      if case .reported(let sums) = progress { (client: client, sums: sums) } else { nil }
    }
    return MeasuringResult(sums: sums, opened: opened, closed: now)
  }
}

/// The sums over clients' training samples, from which one normalization is made.
package struct MeasuringResult: Hashable, Sendable {
  /// The sums, in the order of the clients: that in which they are added.
  package var sums: [(client: Int, sums: SampleSums)]
  /// The time of the measuring's beginning.
  package var opened: Duration
  /// The time of its end.
  package var closed: Duration

  /// Sums of clients in rising order.
  package init(sums: [(client: Int, sums: SampleSums)], opened: Duration, closed: Duration) {
    self.sums = sums
    self.opened = opened
    self.closed = closed
  }

  /// The sums of all clients together, added in their order, so that no arrival changes a bit; nil
  /// where there are none.
  package var total: SampleSums? {
    guard var total = sums.first?.sums else { return nil }
    for (_, more) in sums.dropFirst() {
      total.samples += more.samples
      total.values += more.values
      for channel in total.sums.indices {
        total.sums[channel] += more.sums[channel]
        total.squares[channel] += more.squares[channel]
      }
    }
    return total
  }

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.opened == rhs.opened && lhs.closed == rhs.closed && lhs.sums.elementsEqual(rhs.sums, by: ==)
  }

  package func hash(into hasher: inout Hasher) {
    for (client, sums) in sums {
      hasher.combine(client)
      hasher.combine(sums)
    }
  }
}
