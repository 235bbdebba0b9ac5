import Dispatch
import Foundation
import Measures
import Server
import Synchronization
import ZMTP
package import ZeroMQ

/// One relay of a tier: stands for the broker before a part of its workers, so that it has fewer
/// connections.
///
/// XSUB and XPUB pass broadcasts down and subscriptions up, PUSH and PULL pass updates up. A
/// message crosses the broker's connection to a relay once, however many of the relay's workers
/// listen, and messages keep their bytes, so that the broker books them by client as ever.
package final class RelayTier: Sendable {
  /// The address to which its workers connect.
  package let endpoints: Endpoints
  private let door: RelayDoor?
  private let ways: [Way]

  /// Connects to a broker, or to another relay, and binds for workers.
  ///
  /// - Parameters:
  ///   - broker: Whom to stand for.
  ///   - place: The address to listen at.
  ///   - security: The keys of both sides.
  ///   - sampleUnit: The number whose multiples clients tell of their samples.
  ///   - context: The context of the sockets; with keys one of its own, as each has one list of
  ///     those who may come in.
  ///   - report: Told why messages aren't passed on: each objection the first time, and again when
  ///     it has come up ten, a hundred … times.
  /// - Throws: `ZMQError` for addresses that can't be bound or connected, ``UnresolvedName`` for a
  ///   broker's name that has none.
  package init(
    to broker: Endpoints, at place: Endpoints, security: RelaySecurity = .open,
    sampleUnit: Int = 1, in context: Context,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    var isIPv6 = broker.isIPv6 || place.isIPv6
    if let name = broker.name, try HostAddress.all(of: name).allSatisfy(\.isIPv6) { isIPv6 = true }
    // Before anything is bound: without it ZeroMQ would refuse the first connections.
    door = try security.accessControl.map { try RelayDoor($0, in: context) }
    let setting = Way.Setting(
      security: security, sampleUnit: sampleUnit, isIPv6: isIPv6, report: report)
    func way(
      _ front: SocketKind, _ back: SocketKind, _ socket: BrokerSocket
    ) throws(ZMQError) -> Way {
      try Way(front, to: broker[socket], back, at: place[socket], setting, in: context)
    }
    let control = try way(.xsub, .xpub, .control)
    let bulk = try way(.xsub, .xpub, .bulk)
    let updates = try way(.push, .pull, .updates)
    ways = [control, bulk, updates]
    endpoints = Endpoints(
      control: try control.endpoint(), bulk: try bulk.endpoint(), updates: try updates.endpoint())
  }

  deinit { stop() }

  /// Closes its sockets, after what they have taken is passed on.
  package func stop() {
    for way in ways { way.stop() }
    door?.stop()
  }
}

/// Two sockets and the thread that passes messages on between them.
private final class Way: Sendable {
  /// The settings that the ways of a relay have in common.
  struct Setting: Sendable {
    var security: RelaySecurity
    var sampleUnit: Int
    var isIPv6: Bool
    var report: @Sendable (String) -> Void
  }

  private let stopping: Wakeup
  private let isBound = DispatchSemaphore(value: 0)
  private let hasEnded = DispatchSemaphore(value: 0)
  private let bound = Mutex<Result<String, ZMQError>?>(nil)

  init(
    _ front: SocketKind, to target: String, _ back: SocketKind, at place: String,
    _ setting: Setting, in context: Context
  ) throws(ZMQError) {
    stopping = try Wakeup()
    Thread.detachNewThread { [self] in
      do throws(ZMQError) {
        try run(front, to: target, back, at: place, setting, in: context)
      } catch {
        let error = error
        bound.withLock { $0 = $0 ?? .failure(error) }
      }
      isBound.signal()
      hasEnded.signal()
    }
  }

  private func run(
    _ front: SocketKind, to target: String, _ back: SocketKind, at place: String,
    _ setting: Setting, in context: Context
  ) throws(ZMQError) {
    var options = SocketOptions()
    // Pings would go unseen by the broker's books; the protocol has signs of life of its own.
    options.heartbeat = nil
    options.linger = .seconds(2)
    // The first subscription and the last cancellation: the broker sees one listener, this relay.
    options.subscriptionNotices = .changes
    // A publisher drops beyond it; a PULL's and PUSH's bytes wait in the workers instead.
    options.sendHighWaterMark = front == .push ? 64 : 100_000
    options.receiveHighWaterMark = front == .push ? 4 : 100_000
    options.maximumFrame = ByteCount(16 << 20)
    options.isIPv6 = setting.isIPv6
    options.security = setting.security.near
    let near = try Socket(front, in: context, options: options)
    options.security = setting.security.far
    let far = try Socket(back, in: context, options: options)
    let endpoint = try far.bind(to: place)
    try near.connect(to: target)
    bound.withLock { $0 = .success(endpoint) }
    isBound.signal()
    var forwarder = Forwarder(
      limits: ReceiveLimits(frames: 8, size: ByteCount(64 << 20)))
    var admission = RelayAdmission(
      front == .push ? setting.security.accessControl : nil, sampleUnit: setting.sampleUnit,
      report: setting.report)
    try forwarder.run(between: near, and: far, until: stopping) {
      admission.admits($0)
    } drops: {
      admission.dropped($0)
    }
  }

  /// The address to which it is bound, as soon as it is.
  func endpoint() throws(ZMQError) -> String {
    isBound.wait()
    isBound.signal()
    guard let bound = bound.withLock({ $0 }) else { return "" }
    return try bound.get()
  }

  func stop() {
    stopping.signal()
    hasEnded.wait()
    hasEnded.signal()
  }
}
