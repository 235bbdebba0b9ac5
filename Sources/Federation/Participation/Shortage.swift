/// The clients that the next round lacks to begin.
package struct Shortage: Hashable, Sendable {
  /// The number of clients here that can take part, those at work on late updates among them.
  package var able: Int
  /// The number that it takes.
  package var needed: Int
  /// The clients that aren't here, in rising order.
  package var missing: [Int]
  /// The clients that are here, but lack samples, or memory for the round's stage, in rising order.
  package var unable: [Int]
  /// The time that the broker waits in all before it gives up.
  package var patience: Duration

  /// A shortage of the given parts.
  package init(
    able: Int, needed: Int, missing: [Int], unable: [Int] = [], patience: Duration
  ) {
    self.able = able
    self.needed = needed
    self.missing = missing
    self.unable = unable
    self.patience = patience
  }

  /// The shortage of a round that takes `needed` clients, of which `capable` are here and can take
  /// part, and `atWork` have an update for it or work on one.
  init(
    of members: Members, capable: PresentClients.Pool, atWork: Set<Int>, needed: Int,
    plan: BrokerPlan
  ) {
    self.init(able: atWork.count, needed: needed, missing: [], patience: plan.rules.patience)
    for client in 0..<plan.clients where !atWork.contains(client) {
      if !members.presence.contains(client) {
        missing.append(client)
      } else if capable.contains(client) {
        able += 1
      } else {
        unable.append(client)
      }
    }
  }

  /// The clients that are lacking, in words: "not here: 3, 10-19; without samples or memory for the
  /// stage: 7".
  package var names: String {
    let lists = [("not here", missing), ("without samples or memory for the stage", unable)]
    return lists.filter { !$0.1.isEmpty }.map { "\($0.0): \(Self.ranges($0.1))" }
      .joined(separator: "; ")
  }

  /// Clients in rising order as people write them, "0-4, 7"; beyond some ranges how many more there
  /// are.
  private static func ranges(_ clients: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for client in clients {
      if let last = ranges.last, last.upperBound + 1 == client {
        ranges[ranges.count - 1] = last.lowerBound...client
      } else {
        ranges.append(client...client)
      }
    }
    let named = ranges.prefix(12)
    let rest = clients.count - named.reduce(0) { $0 + $1.count }
    let texts = named.map { range in
      range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
    return texts.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
