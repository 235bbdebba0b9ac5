import Dispatch
import Foundation
import Measures
import ZeroMQ

/// Cuts subscribers that send more than anybody needs, from a thread of its own.
///
/// ZeroMQ takes in subscriptions within any call on a socket and returns only when none is left: a
/// peer that sends them without a pause keeps the loop's thread there while memory grows. So this
/// looks from outside at what the kernel counts on the connections of the two publishing ports.
final class SubscriptionWatch: Sendable {
  private let ports: Set<Int>
  private let limits: ConnectionLimits
  private let onCut: @Sendable () -> Void
  private let end = DispatchSemaphore(value: 0)

  /// A watch on TCP endpoints; others aren't watched, as they can't be reached from outside the
  /// machine.
  ///
  /// - Parameters:
  ///   - endpoints: The endpoints of the publishing sockets.
  ///   - limits: The limits of a subscriber.
  ///   - onCut: Called for each connection that was cut, on the watch's thread.
  init(_ endpoints: [String], limits: ConnectionLimits, onCut: @escaping @Sendable () -> Void) {
    ports = Set(
      endpoints.filter { $0.hasPrefix("tcp://") }
        .compactMap { $0.split(separator: ":").last.flatMap { Int($0) } })
    self.limits = limits
    self.onCut = onCut
  }

  /// Watches until ``stop()``.
  func start() {
    guard !ports.isEmpty else { return }
    Thread.detachNewThread { [self] in watch() }
  }

  /// Ends the watch.
  func stop() { end.signal() }

  private func watch() {
    var meter = SubscriptionMeter(limits)
    let clock = ContinuousClock()
    let start = clock.now
    var pause = Duration.milliseconds(20)
    while end.wait(timeout: .now() + pause.seconds) == .timedOut {
      let began = clock.now
      var readings: [CInt: Int] = [:]
      for descriptor in PeerConnection.descriptors where isWatched(descriptor) {
        readings[descriptor] = PeerConnection.taken(descriptor)?.bytes
      }
      for verdict in meter.take(readings, began - start) where isWatched(verdict.descriptor) {
        PeerConnection.cut(verdict.descriptor)
        if verdict.isNew { onCut() }
      }
      // Often, since a fast peer sends much in little time; less often the longer it takes.
      pause = min(.milliseconds(500), max(.milliseconds(20), (clock.now - began) * 20))
    }
  }

  private func isWatched(_ descriptor: CInt) -> Bool {
    PeerConnection.localPort(descriptor).map(ports.contains) ?? false
  }
}
