import Wire

/// The clients that the broker turns down for now, so that those of one moment are told in one
/// line.
struct TurnedDownClients {
  /// Some clients that were turned down for the same reason.
  struct Group {
    var clients: ClientRange
    var reason: RefusalReason
    var detail: String
  }

  private struct Cause: Hashable {
    var reason: RefusalReason
    var detail: String
  }

  /// The wait for others that are turned down at the same time.
  private static let window = Duration.milliseconds(200)
  /// The time after which a repeated refusal is told again.
  private static let pause = Duration.seconds(60)

  private var waiting: [Cause: Set<Int>] = [:]
  private var since = Duration.zero
  /// The time at which each client's cause was told.
  private var told: [Int: (cause: Cause, at: Duration)] = [:]

  /// True if nothing is to be told.
  var isEmpty: Bool { waiting.isEmpty }

  /// The broker turned a client down.
  mutating func note(_ client: Int, _ reason: RefusalReason, _ detail: String, _ now: Duration) {
    let cause = Cause(reason: reason, detail: detail)
    if let last = told[client], last.cause == cause, now - last.at < Self.pause { return }
    if waiting.isEmpty { since = now }
    waiting[cause, default: []].insert(client)
  }

  /// The refusals that are to be told now.
  mutating func due(_ now: Duration) -> [Group] {
    guard !waiting.isEmpty, now - since >= Self.window else { return [] }
    defer { waiting = [:] }
    return waiting.sorted { ($0.value.min() ?? 0) < ($1.value.min() ?? 0) }.map { cause, clients in
      for client in clients { told[client] = (cause, now) }
      return Group(
        clients: ClientRange(of: clients), reason: cause.reason, detail: cause.detail)
    }
  }
}
