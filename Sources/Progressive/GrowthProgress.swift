/// The way that a run takes through its schedule: when each step began.
///
/// Where the steps are as planned it is known from the start; else it is found out round by round,
/// and the phases of rounds up to the next are known.
public struct GrowthProgress: Hashable, Sendable {
  /// The part of it that a checkpoint keeps.
  public struct Memory: Hashable, Sendable, Codable {
    /// The first rounds of the steps that have begun.
    var starts: [Int]
    /// The trigger's memory.
    var watch: GrowthWatch
    /// The blocks that rest, by round; nil where none ever do.
    var resting: [Int: [Int]]?
  }

  /// The planned steps.
  public let schedule: GrowthSchedule
  /// The part that a checkpoint keeps.
  public private(set) var memory: Memory

  /// The course of `schedule` at its beginning, or where a checkpoint left it.
  public init(_ schedule: GrowthSchedule, memory: Memory? = nil) {
    self.schedule = schedule
    let starts = schedule.trigger == .planned ? schedule.plannedStarts : schedule.starts(from: 1)
    self.memory = memory ?? Memory(starts: starts, watch: GrowthWatch())
  }

  /// The phase of `round`, which may be at most one beyond the last that was noted.
  public func phase(in round: Int) -> Phase {
    schedule.phase(in: round, starts: memory.starts)
      .resting(Set(memory.resting?[round] ?? []))
  }

  /// Has these blocks rest in `round`, whose phase is known.
  public mutating func rest(_ blocks: [Int], in round: Int) {
    guard schedule.resting > 0 else { return }
    memory.resting = memory.resting ?? [:]
    memory.resting?[round] = blocks.isEmpty ? nil : blocks
  }

  /// Takes in what a round came to, and begins the next step if it is time.
  ///
  /// - Parameters:
  ///   - round: The round that is over.
  ///   - quality: The evaluation after it, larger being better; nil if there was none.
  ///   - movement: The effective movement of the step's block over a window that ended with it; nil
  ///     else.
  public mutating func note(round: Int, quality: Double?, movement: Double?) {
    let phase = phase(in: round)
    guard schedule.trigger != .planned, phase.step < schedule.stages else { return }
    var isDue = phase.roundInStep >= schedule.rounds[phase.step - 1]
    switch schedule.trigger {
    case .planned: break
    case .plateau(let patience, let gain):
      guard let quality, !phase.warmUp else { break }
      let isLevel = memory.watch.isLevel(quality, patience: patience, gain: gain)
      isDue = isDue || isLevel && phase.roundInStep >= schedule.minimumRounds
    case .movement(_, let patience, let level, let slope):
      guard let movement, !phase.warmUp else { break }
      let isAtRest = memory.watch.isAtRest(
        movement, patience: patience, level: level, slope: slope)
      isDue = isDue || isAtRest && phase.roundInStep >= schedule.minimumRounds
    }
    guard isDue else { return }
    memory.starts += schedule.starts(from: round + 1, after: memory.starts.count)
    memory.watch = GrowthWatch()
  }
}
