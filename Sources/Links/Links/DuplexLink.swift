public import Measures

/// One client's link in both directions, which are cut, restored and stalled together.
public struct DuplexLink: Sendable {
  /// From the broker to the client.
  public var down: Link
  /// From the client to the broker.
  public var up: Link

  /// The link of a client (from 0) in the run whose root stream is `run`.
  public init(_ model: DuplexModel, client: Int, run: RandomStream) {
    down = Link(model.down, random: run.stream("link down", client))
    up = Link(model.up, random: run.stream("link up", client))
  }

  /// One direction.
  public subscript(direction: Direction) -> Link {
    get { direction == .down ? down : up }
    _modify {
      switch direction {
      case .down: yield &down
      case .up: yield &up
      }
    }
  }

  /// True if both directions have a living connection.
  public var isConnected: Bool { down.isConnected && up.isConnected }

  /// Ends the connection in both directions.
  public mutating func cut(_ disconnect: Disconnect, at time: Duration) {
    down.cut(disconnect, at: time)
    up.cut(disconnect, at: time)
  }

  /// Makes the way passable again; the connection stays dead until someone reconnects.
  public mutating func restore() {
    down.restore()
    up.restore()
  }

  /// Starts a new connection; false while the way is impassable.
  public mutating func reconnect(at time: Duration) -> Bool {
    guard down.isPathUp, up.isPathUp else { return false }
    return down.reconnect(at: time) && up.reconnect(at: time)
  }

  /// Lets nothing through until a time, without loss.
  public mutating func stall(at time: Duration, until end: Duration) {
    down.stall(at: time, until: end)
    up.stall(at: time, until: end)
  }

  /// From now on multiplies both rates with `factor`.
  public mutating func scaleRate(by factor: Double, at time: Duration) {
    down.scaleRate(by: factor, at: time)
    up.scaleRate(by: factor, at: time)
  }
}

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

/// A link's profile of both directions made ready: one for all clients with the same profile.
public struct DuplexModel: Sendable {
  /// From the broker to the client.
  public let down: LinkModel
  /// From the client to the broker.
  public let up: LinkModel

  /// Readies `profile`, whose `problems` must be empty.
  public init(_ profile: DuplexProfile) {
    down = LinkModel(profile.down)
    up = LinkModel(profile.up)
  }
}

/// The way bytes go on a client's link.
public enum Direction: String, CaseIterable, Hashable, Sendable {
  /// From the broker to the client.
  case down
  /// From the client to the broker.
  case up
}
