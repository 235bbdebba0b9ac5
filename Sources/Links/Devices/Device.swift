public import Measures

/// One client's device: a kind of device with this client's chance.
public struct Device: Sendable {
  /// The kind.
  public let profile: DeviceProfile
  /// The speed of this device as a multiple of its kind's.
  public let speedFactor: Double
  /// The times when it can take part, its joining and leaving not counted.
  public let availability: Availability

  private let random: RandomStream

  /// The device of a client (from 0) in the run whose root stream is `run`.
  public init(_ profile: DeviceProfile, client: Int, run: RandomStream) {
    let problems = profile.problems
    precondition(problems.isEmpty, problems.joined(separator: "; "))
    self.profile = profile
    random = run.stream("device", client)
    var speed = random.stream("speed")
    speedFactor = profile.speedFactor.sample(using: &speed)
    availability = Availability(profile.availability, client: client, run: run)
  }

  /// True if it belongs to the fleet and can take part.
  public func isAvailable(at time: Duration) -> Bool {
    profile.lifetime.contains(time) && availability.isAvailable(at: time)
  }

  /// The first time after `time` at which `isAvailable` changes; nil if it never does.
  public func nextChange(after time: Duration) -> Duration? {
    let lifetime = profile.lifetime
    guard lifetime.contains(time) else {
      guard let joins = lifetime.nextChange(after: time) else { return nil }
      return availability.isAvailable(at: joins) ? joins : nextChange(after: joins)
    }
    let change = availability.nextChange(after: time)
    guard let leaves = lifetime.leaves, change.map({ leaves <= $0 }) ?? true else { return change }
    return availability.isAvailable(at: time) ? leaves : nil
  }

  /// The time in which it trains samples of a sub-model; see `ComputeSpeed.time`.
  public func trainingTime(
    forSamples samples: Int, flopsPerSample: Double, fullFlopsPerSample: Double
  ) -> Duration {
    profile.speed.time(
      forSamples: samples, flopsPerSample: flopsPerSample, fullFlopsPerSample: fullFlopsPerSample,
      factor: speedFactor)
  }

  /// The deepest stage (from 0) whose training fits its memory, given what each stage needs; nil if
  /// not even the first does.
  public func deepestStage(memory needs: [ByteCount]) -> Int? {
    profile.deepestStage(memory: needs)
  }

  /// The share of its work of a round (from 0) after which it drops out, in 0..<1; nil where it
  /// doesn't.
  public func dropOut(inRound round: Int) -> Double? {
    guard profile.dropOut > 0 else { return nil }
    var chance = random.stream("drop-out", round)
    return chance.uniform() < profile.dropOut ? chance.uniform() : nil
  }
}
