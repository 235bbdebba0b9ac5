public import Measures

/// A client's link in both directions: what a topology says about it.
public struct DuplexProfile: Hashable, Sendable {
  /// From the broker to the client.
  public var down: LinkProfile
  /// From the client to the broker.
  public var up: LinkProfile

  /// A link of two directions, whose round trip becomes the sum of their delays.
  public init(down: LinkProfile, up: LinkProfile) {
    self.down = down
    self.up = up
    let roundTrip = down.delay + up.delay
    self.down.roundTrip = roundTrip
    self.up.roundTrip = roundTrip
  }

  /// A link of two rates, whose directions share the round trip evenly and have the same loss.
  public init(
    down: Bandwidth, up: Bandwidth, roundTrip: Duration, jitter: Duration = .zero,
    loss: GilbertElliott = .none
  ) {
    self.init(
      down: LinkProfile(rate: .constant(down), delay: roundTrip / 2, jitter: jitter, loss: loss),
      up: LinkProfile(rate: .constant(up), delay: roundTrip / 2, jitter: jitter, loss: loss))
  }

  /// The profile of one direction.
  public subscript(direction: Direction) -> LinkProfile {
    get { direction == .down ? down : up }
    set {
      switch direction {
      case .down: down = newValue
      case .up: up = newValue
      }
    }
  }

  /// Everything wrong with the values, with the direction it is in.
  public var problems: [String] {
    down.problems.map { "down: \($0)" } + up.problems.map { "up: \($0)" }
  }
}
