import Federation

/// What survives the broker's crashes.
struct Disk {
  /// The clients whose updates counted, for each round that was committed, from round 1.
  var committed: [Set<Int>] = []
  /// The updates that counted, of whatever round they were trained for.
  var counted: Set<Update> = []
  /// How each client took part in the committed rounds.
  var history = ParticipationHistory()
  /// The updates for the round after them that are durable, by client.
  var spool: [Int: Submission] = [:]

  /// A client's update of a round.
  struct Update: Hashable {
    var client: Int
    var round: Int
  }

  /// Whether the client's update of a round counts, or will.
  func isSafe(_ client: Int, round: Int) -> Bool {
    counted.contains(Update(client: client, round: round)) || spool[client]?.round == round
  }

  /// The round that is open, or will be.
  var round: Int { committed.count + 1 }
}
