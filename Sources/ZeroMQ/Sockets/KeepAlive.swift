/// The probes of an idle TCP connection (tcp(7), SO_KEEPALIVE).
package struct KeepAlive: Hashable, Sendable {
  /// The idle time before the first probe, in whole seconds.
  package var idle: Duration
  /// The time between probes, in whole seconds.
  package var interval: Duration
  /// The unanswered probes that end the connection.
  package var probes: Int

  /// Probes after `idle`, then each `interval`; `probes` unanswered ones end the connection.
  package init(
    idle: Duration = .seconds(60), interval: Duration = .seconds(15), probes: Int = 4
  ) {
    self.idle = idle
    self.interval = interval
    self.probes = probes
  }
}
