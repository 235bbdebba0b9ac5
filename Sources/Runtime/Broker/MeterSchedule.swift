/// When the two meters are to be compared: after the last round of each stage, once what was sent has left.
struct MeterSchedule {
  /// How long to wait for queues to run dry; mostly they have after a few milliseconds.
  private static let patience = Duration.seconds(2)
  /// The pause between two looks, each of which asks the kernel about all connections.
  private static let pause = Duration.milliseconds(50)

  /// The round after which a reading is due; nil where none is.
  private(set) var round: Int?
  private var deadline = Duration.zero
  private var nextLook = Duration.zero

  /// A reading after `round` becomes due.
  mutating func request(after round: Int, at now: Duration) {
    self.round = round
    deadline = now + Self.patience
    nextLook = now
  }

  /// When to look next; nil where no reading is due.
  var wakeTime: Duration? { round == nil ? nil : nextLook }

  /// Whether to look now.
  func isDue(at now: Duration) -> Bool { round != nil && nextLook <= now }

  /// What to do with a reading: keep it if the meters agree, or if they have had time enough.
  mutating func keeps(agreeing agrees: Bool, at now: Duration) -> Bool {
    guard agrees || now >= deadline else {
      nextLook = now + Self.pause
      return false
    }
    round = nil
    return true
  }
}
