public import Measures

/// When one client can take part: any time can be asked for, in any order, with the same answers.
public struct Availability: Sendable {
  /// The kind.
  public let profile: AvailabilityProfile

  private let random: RandomStream
  private let nights: Nights?

  /// That of a client (from 0) in the run whose root stream is `run`.
  public init(_ profile: AvailabilityProfile, client: Int, run: RandomStream) {
    self.profile = profile
    random = run.stream("availability", client)
    if case .diurnal(let diurnal) = profile {
      nights = Nights(diurnal, random)
    } else {
      nights = nil
    }
  }

  /// Whether it can take part.
  public func isAvailable(at time: Duration) -> Bool { isOn(at: VirtualTime(time)) }

  /// Whether it is plugged in: at night where there are nights, else while it can take part.
  public func isCharging(at time: Duration) -> Bool {
    nights?.contains(VirtualTime(time)) ?? isAvailable(at: time)
  }

  /// The first time after `time` at which `isAvailable` changes; nil if it never does.
  public func nextChange(after time: Duration) -> Duration? {
    let start = VirtualTime(time)
    switch profile {
    case .always: return nil
    case .onOff(let process): return process.nextChange(after: start, random).duration
    case .trace(let trace): return trace.nextChange(after: start)?.duration
    case .diurnal(let diurnal):
      guard let nights else { return nil }
      let state = isOn(at: start)
      var change = start
      repeat {
        let edge = nights.nextEdge(after: change)
        // By night the turns of the day don't matter.
        let turn = nights.contains(change) ? nil : diurnal.day?.nextChange(after: change, random)
        change = min(edge, turn ?? edge)
      } while isOn(at: change) == state
      return change.duration
    }
  }

  private func isOn(at time: VirtualTime) -> Bool {
    switch profile {
    case .always: true
    case .onOff(let process): process.isOn(at: time, random)
    case .trace(let trace): trace.isOn(at: time)
    case .diurnal(let diurnal):
      nights?.contains(time) == true || diurnal.day?.isOn(at: time, random) == true
    }
  }
}
