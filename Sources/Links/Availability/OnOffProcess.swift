import Measures

/// Exponential turns of being there and being away: a continuous-time Markov chain of two states.
///
/// So that any time can be asked for without the past, the run is cut into epochs of 32 mean turns,
/// and each starts anew in the long-run distribution. The share of time is exact; mean lengths come
/// out a few percent shorter.
public struct OnOffProcess: Hashable, Sendable {
  /// The mean length of a turn of being there.
  public var meanOn: Duration
  /// The mean length of a turn of being away.
  public var meanOff: Duration

  /// Turns of these mean lengths.
  public init(meanOn: Duration, meanOff: Duration) {
    self.meanOn = meanOn
    self.meanOff = meanOff
  }

  /// The share of time being there.
  public var onShare: Double { meanOn / (meanOn + meanOff) }

  /// Everything wrong with the values, one sentence each, for whoever wrote them.
  public var problems: [String] {
    [("on", meanOn), ("off", meanOff)].compactMap { name, mean in
      (.milliseconds(1) ... .seconds(366 * 86_400)).contains(mean)
        ? nil : "a mean \(name) time of \(mean.seconds) s is not between 1 ms and a year"
    }
  }

  /// The state at a time and how long it lasts at least.
  private func turn(at time: VirtualTime, _ random: RandomStream) -> (isOn: Bool, end: VirtualTime)
  {
    let (on, off) = (VirtualTime(meanOn), VirtualTime(meanOff))
    let length = 32 * (on.nanoseconds + off.nanoseconds)
    let (meanOn, meanOff) = (on.seconds, off.seconds)
    let epoch = Int(max(0, time.nanoseconds) / length)
    let limit = Int64(epoch + 1) * length
    var chance = random.stream("turns", epoch)
    var isOn = chance.uniform() < meanOn / (meanOn + meanOff)
    var end = Int64(epoch) * length
    while true {
      let mean = isOn ? meanOn : meanOff
      end += max(1, VirtualTime(seconds: chance.exponential(mean: mean)).nanoseconds)
      if end > time.nanoseconds { return (isOn, VirtualTime(nanoseconds: min(end, limit))) }
      isOn.toggle()
    }
  }

  func isOn(at time: VirtualTime, _ random: RandomStream) -> Bool { turn(at: time, random).isOn }

  /// The first time after `time` at which the state changes.
  func nextChange(after time: VirtualTime, _ random: RandomStream) -> VirtualTime {
    let before = turn(at: time, random)
    var change = before.end
    // An epoch may begin in the state in which the last one ended.
    while true {
      let next = turn(at: change, random)
      if next.isOn != before.isOn { return change }
      change = next.end
    }
  }
}
