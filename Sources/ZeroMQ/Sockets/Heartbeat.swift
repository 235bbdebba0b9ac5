/// The pings that find dead peers (RFC 37/ZMTP, "Heartbeating").
///
/// Only a complete frame answers one, so `timeout` must exceed the time of the largest frame plus the
/// send buffer at the slowest rate.
package struct Heartbeat: Hashable, Sendable {
  /// The time between pings.
  package var interval: Duration
  /// The silence after a ping that ends the connection.
  package var timeout: Duration
  /// The silence after which the peer should end the connection; sent in tenths of a second.
  package var timeToLive: Duration

  /// A ping each `interval`; the link is dead after `timeout` here and `timeToLive` there.
  package init(
    interval: Duration = .seconds(10), timeout: Duration = .seconds(60),
    timeToLive: Duration = .seconds(60)
  ) {
    precondition(interval > .zero, "a heartbeat every \(interval)")
    self.interval = interval
    self.timeout = timeout
    self.timeToLive = timeToLive
  }
}
