import Glibc
import Server
import ZeroMQ

/// The monitors of a worker's three sockets: tells why connections don't come about.
struct ConnectionWatch: ~Copyable {
  /// So many handshakes have to fail, and none succeed, before they are put down to the broker's
  /// key.
  static let hopeless = 6

  /// The state of a connection, and since when.
  private enum Phase {
    case connecting(since: Duration)
    /// Connecting failed; why is known once that was looked into.
    case failed(code: CInt?)
    case connected(since: Duration)
    /// The handshake failed.
    case broken
    case greeted(since: Duration)
  }

  private var control: Monitor
  private var bulk: Monitor
  private var updates: Monitor
  private let isEncrypted: Bool
  private var broken = 0
  private var succeeded = 0
  private var phases: [BrokerSocket: Phase] = [:]
  /// The time at which each failure was looked into last.
  private var probed: [BrokerSocket: Duration] = [:]
  /// The socket whose handshake failed last.
  private var failing: BrokerSocket?
  /// The time at which the broker was asked last how it greets.
  private var asked: Duration?
  /// The reason why no handshake can succeed, once the broker said how it greets.
  private var mismatch: ConnectionRefusal?

  /// Takes over the three monitors.
  init(
    control: consuming Monitor, bulk: consuming Monitor, updates: consuming Monitor,
    isEncrypted: Bool
  ) {
    self.control = control
    self.bulk = bulk
    self.updates = updates
    self.isEncrypted = isEncrypted
  }

  /// Has the loop's poller watch all three.
  func watch(with poller: inout Poller) {
    _ = poller.add(control)
    _ = poller.add(bulk)
    _ = poller.add(updates)
  }

  /// The sockets have begun to connect.
  mutating func begin(_ now: Duration) {
    for socket in BrokerSocket.allCases { phases[socket] = .connecting(since: now) }
  }

  /// The reason why there is no hope of a connection; nil while there is.
  ///
  /// Must be called often: a monitor that isn't drained stops the I/O thread.
  mutating func drain(_ now: Duration) throws(ZMQError) -> ConnectionRefusal? {
    var refusal: ConnectionRefusal?
    while let event = try control.next() { refusal = note(event.kind, .control, now) ?? refusal }
    while let event = try bulk.next() { refusal = note(event.kind, .bulk, now) ?? refusal }
    while let event = try updates.next() { refusal = note(event.kind, .updates, now) ?? refusal }
    return refusal ?? mismatch
  }

  private mutating func note(
    _ event: MonitorEvent.Kind, _ socket: BrokerSocket, _ now: Duration
  ) -> ConnectionRefusal? {
    switch event {
    case .connected: phases[socket] = .connected(since: now)
    case .closed: phases[socket] = .failed(code: nil)
    case .disconnected:
      if case .broken? = phases[socket] { break }
      phases[socket] = .connecting(since: now)
    case .handshakeSucceeded:
      phases[socket] = .greeted(since: now)
      succeeded += 1
    // libzmq doesn't try again after 400; the other answers are for later.
    case .authenticationFailed(let status): return status == 400 ? .unknownKey : nil
    case .protocolFailed(let code) where HandshakeFault(code) == .otherMechanism:
      return isEncrypted ? .encryptionUnknown : .encryptionExpected
    case .protocolFailed, .handshakeFailed:
      phases[socket] = .broken
      broken += 1
      failing = socket
      return isEncrypted && succeeded == 0 && broken >= Self.hopeless ? .wrongBrokerKey : nil
    case .accepted, .retryScheduled, .listening, .other: break
    }
    return nil
  }

  /// True if all connections are made.
  var isComplete: Bool {
    phases.values.allSatisfy { if case .greeted = $0 { true } else { false } }
  }

  /// The sockets that failed to connect, of which it isn't known why, or wasn't asked for a while.
  mutating func toProbe(_ now: Duration) -> [BrokerSocket] {
    BrokerSocket.allCases.filter { socket in
      guard case .failed(code: nil)? = phases[socket],
        probed[socket].map({ now - $0 > .seconds(5) }) ?? true
      else { return false }
      probed[socket] = now
      return true
    }
  }

  /// The socket that is to be asked how it greets, as handshakes fail and why isn't known.
  ///
  /// Both sides hang up where the other's mechanism isn't theirs. If the broker is first, its
  /// greeting has mostly not been sent to its end.
  mutating func toGreet(_ now: Duration) -> BrokerSocket? {
    guard succeeded == 0, let failing, asked.map({ now - $0 > .seconds(2) }) ?? true else {
      return nil
    }
    asked = now
    return failing
  }

  /// Takes in how whoever listens greets; nil where nobody does.
  mutating func note(mechanism: String?) {
    guard succeeded == 0, let mechanism else { return }
    switch (mechanism, isEncrypted) {
    case ("CURVE", false): mismatch = .encryptionExpected
    case ("NULL", true): mismatch = .encryptionUnknown
    default: break
    }
  }

  /// Takes in what a probe of a socket's endpoint came to.
  mutating func note(_ code: CInt, of socket: BrokerSocket) {
    guard case .failed? = phases[socket] else { return }
    phases[socket] = .failed(code: code)
  }

  /// The fault that keeps the worker from its broker.
  ///
  /// - Parameters:
  ///   - endpoints: The endpoints of the broker's sockets.
  ///   - hasHeard: True if the broker ever said anything.
  ///   - now: The present.
  /// - Returns: Nil while there is nothing to say.
  func fault(at endpoints: Endpoints, hasHeard: Bool, _ now: Duration) -> ContactFault? {
    func places(where isMeant: (Phase) -> Bool) -> String? {
      let sockets = BrokerSocket.allCases.filter { phases[$0].map(isMeant) ?? false }
      return sockets.isEmpty ? nil : endpoints.names(of: sockets)
    }
    func isLate(_ since: Duration) -> Bool { now - since >= ContactNews.patience }
    let refused = places { phase in
      guard case .failed(let code) = phase else { return false }
      return [nil, 0, ECONNREFUSED, ENOENT].contains(code)
    }
    if let refused { return .refused(places: refused) }
    for socket in BrokerSocket.allCases {
      guard case .failed(let code?)? = phases[socket] else { continue }
      let places = places { phase in
        guard case .failed(let other) = phase else { return false }
        return other == code
      }
      if code == ETIMEDOUT { return .silent(places: places ?? "") }
      return .unreachable(places: places ?? "", code: code)
    }
    let silent = places { phase in
      if case .connecting(let since) = phase { isLate(since) } else { false }
    }
    if let silent { return .silent(places: silent) }
    let foreign = places { phase in if case .broken = phase { true } else { false } }
    if let foreign { return .foreign(places: foreign) }
    let mute = places { phase in
      switch phase {
      case .connected(let since): isLate(since)
      // A broker speaks every second; its sockets greet also while it doesn't.
      case .greeted(let since): !hasHeard && isComplete && isLate(since)
      case .connecting, .failed, .broken: false
      }
    }
    return mute.map { .mute(places: $0) }
  }
}
