/// The moments at which the two meters are compared: after the last round of each stage, once all
/// that was sent has left.
package struct MeterSchedule {
  /// The longest wait for queues to run dry; mostly they have after a few milliseconds.
  private static let patience = Duration.seconds(2)
  /// The pause between two looks, each of which asks the kernel about all connections.
  private static let pause = Duration.milliseconds(50)
  /// The looks before it is given up, so that a process that hardly gets to run has more time.
  private static let fewestLooks = 40

  /// The round after which a reading is due; nil where none is.
  package private(set) var round: Int?
  private var deadline = Duration.zero
  private var nextLook = Duration.zero
  private var looks = 0

  /// A schedule on which nothing is due.
  package init() {}

  /// A reading after `round` becomes due.
  package mutating func request(after round: Int, at now: Duration) {
    self.round = round
    deadline = now + Self.patience
    nextLook = now
    looks = 0
  }

  /// The moment of the next look; nil where no reading is due.
  package var wakeTime: Duration? { round == nil ? nil : nextLook }

  /// True if it is time to look.
  package func isDue(at now: Duration) -> Bool { round != nil && nextLook <= now }

  /// True if a reading is to be kept: the meters agree, or they have had time enough.
  package mutating func keeps(agreeing agrees: Bool, at now: Duration) -> Bool {
    guard agrees || now >= deadline && looks >= Self.fewestLooks else {
      looks += 1
      nextLook = now + Self.pause
      return false
    }
    round = nil
    return true
  }
}
