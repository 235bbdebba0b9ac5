package import Measures

/// The line that tells on a terminal how far a run is.
package struct ProgressLine: Hashable, Sendable {
  /// The stage at work, counted from 1.
  package var stage: Int
  /// The number of stages.
  package var stages: Int
  /// The last round that ended, counted from 1; 0 before.
  package var round: Int
  /// The number of rounds to be run; 0 if that is open.
  package var rounds: Int
  /// The last accuracy that was measured.
  package var accuracy: Double?
  /// The last mean Dice coefficient that was measured.
  package var dice: Double?
  /// The bytes that went down.
  package var down: ByteCount
  /// The bytes that went up.
  package var up: ByteCount
  /// The time that this process has been at work, on the wall's clock.
  package var elapsed: Duration
  /// The number of rounds that were there before this process went on with the run.
  package var resumed: Int

  /// A line of the given state.
  package init(
    stage: Int, stages: Int, round: Int, rounds: Int, accuracy: Double? = nil, dice: Double? = nil,
    down: ByteCount, up: ByteCount, elapsed: Duration, resumed: Int = 0
  ) {
    self.stage = stage
    self.stages = stages
    self.round = round
    self.rounds = rounds
    self.accuracy = accuracy
    self.dice = dice
    self.down = down
    self.up = up
    self.elapsed = elapsed
    self.resumed = resumed
  }

  /// The time that the other rounds will take if they go on as before; nil if there is nothing to
  /// go by.
  package var left: Duration? {
    guard round > resumed, rounds >= round else { return nil }
    return .seconds(elapsed.seconds * Double(rounds - round) / Double(round - resumed))
  }

  /// The line without line break, at most `width` wide: what is least missed goes first.
  package func text(width: Int) -> String {
    let share = rounds > 0 ? "round \(round)/\(rounds)" : "round \(round)"
    var parts: [(rank: Int, text: String)] = [
      (5, "stage \(stage)/\(stages)"), (6, share),
    ]
    if let accuracy { parts.append((4, "accuracy \(accuracy.percent())")) }
    if let dice { parts.append((4, "Dice \(dice.fixed(3))")) }
    parts += [(1, "down \(down)"), (2, "up \(up)")]
    if let left { parts.append((3, "\(left.brief) left")) }
    func joined() -> String { parts.map(\.text).joined(separator: "  ") }
    while joined().count > width, parts.count > 1,
      let least = parts.indices.min(by: { parts[$0].rank < parts[$1].rank })
    {
      parts.remove(at: least)
    }
    return String(joined().prefix(max(0, width)))
  }
}
