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

  /// Whether both directions have a living connection.
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
