public import Measures

/// A kind of device: what a topology says about a group of clients.
public struct DeviceProfile: Hashable, Sendable {
  /// How fast the typical one trains.
  public var speed: ComputeSpeed
  /// How the speeds differ: factors to `speed`.
  public var speedFactor: Distribution
  /// The memory for training, which caps the stage; without it any stage fits.
  public var memory: ByteCount?
  /// When one can take part.
  public var availability: AvailabilityProfile
  /// The probability of dropping out in the middle of a round.
  public var dropOut: Double
  /// When they join and leave.
  public var lifetime: Lifetime

  /// A device that, by default, is always there and has memory enough.
  public init(
    speed: ComputeSpeed, speedFactor: Distribution = .constant(1), memory: ByteCount? = nil,
    availability: AvailabilityProfile = .always, dropOut: Double = 0,
    lifetime: Lifetime = Lifetime()
  ) {
    self.speed = speed
    self.speedFactor = speedFactor
    self.memory = memory
    self.availability = availability
    self.dropOut = dropOut
    self.lifetime = lifetime
  }

  /// The deepest stage (from 0) whose training fits the memory, given what each stage needs; nil if not
  /// even the first does.
  public func deepestStage(memory needs: [ByteCount]) -> Int? {
    guard let memory else { return needs.indices.last }
    return needs.lastIndex { $0 <= memory }
  }

  /// Everything wrong with the values, one sentence each, for whoever wrote them.
  public var problems: [String] {
    var problems = availability.problems
    switch speed {
    case .samplesPerSecond(let rate), .flopsPerSecond(let rate):
      if !(rate > 0 && rate.isFinite) { problems.append("a speed of \(rate) isn't positive") }
    }
    if let memory, memory.bytes <= 0 {
      problems.append("a memory of \(memory.bytes) bytes isn't positive")
    }
    if !(0...1).contains(dropOut) {
      problems.append("a drop-out probability of \(dropOut) is not in 0…1")
    }
    if let leaves = lifetime.leaves, leaves <= lifetime.joins {
      problems.append("leaving isn't after joining")
    }
    return problems
  }
}
