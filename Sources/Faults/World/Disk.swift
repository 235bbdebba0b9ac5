import Digests
import Wire

/// What survives the broker's crashes.
struct Disk {
  /// The clients whose updates counted, for each round that was committed, from round 1.
  var committed: [Set<Int>] = []
  /// The updates of the round after them that are durable, by client.
  var spool: [Int: Offer] = [:]

  /// The round that is open, or will be.
  var round: Int { committed.count + 1 }
}
