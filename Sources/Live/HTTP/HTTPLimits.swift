import Glibc

/// The limits of the live page's server, which hold whatever clients do.
package struct HTTPLimits: Sendable {
  /// The most connections at a time.
  package var connections = 64
  /// The most of them that listen to events.
  package var listeners = 32
  /// The time for a whole request, from the connection on.
  package var request = Duration.seconds(10)
  /// The time for an answer to be made.
  package var answer = Duration.seconds(60)
  /// The time that each answer and each event has to leave, beside ``slowest``.
  package var departure = Duration.seconds(10)
  /// The rate at which a client at least takes what it asked for, in bytes per second.
  package var slowest = 16 << 10
  /// The time that a new connection has to say something before it gives way to others.
  package var moment = Duration.milliseconds(100)
  /// The time for which a client that takes nothing keeps its place when all are taken.
  package var standstill = Duration.seconds(1)
  /// The time to let a client read the answer before the connection is forgotten.
  package var farewell = Duration.seconds(1)
  /// The time that answers and events have to leave once the server is told to stop.
  package var ending = Duration.milliseconds(800)

  /// The limits where descriptors are plenty.
  package init() {}

  /// The limits in this process, where connections take an eighth of the descriptors at most.
  package static var standard: Self {
    var limits = Self()
    var descriptors = rlimit()
    // SAFETY: the value lives during the call.
    if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors) == 0 {
      limits.connections = max(8, min(64, Int(min(descriptors.rlim_cur, 1 << 20)) / 8))
      limits.listeners = limits.connections / 2
    }
    return limits
  }

  /// The time in which so many bytes must have left.
  func time(for bytes: Int) -> Duration { departure + .seconds(bytes / slowest) }
}
