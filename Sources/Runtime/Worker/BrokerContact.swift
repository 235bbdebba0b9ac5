import Server
import ZeroMQ

/// A worker's contact with its broker: the address, the connections, and the last sign of life.
struct BrokerContact: ~Copyable {
  private let endpoints: Endpoints
  private var watch: ConnectionWatch
  /// The reason why the host's name has no address yet; nil where it has one, or that isn't known
  /// yet.
  private var unresolved: UnresolvedName?
  /// True if the sockets were told where to connect.
  private var isConnecting = false
  private var hasHeard = false
  private var lastHeard: Duration = .zero
  private var news = ContactNews()
  private var nextSilenceReport = Self.quiet

  /// The silence that is first told of, and after which it is told again.
  private static let quiet = Duration.seconds(30)

  /// A contact of which nothing is known yet.
  init(to endpoints: Endpoints, watch: consuming ConnectionWatch) {
    self.endpoints = endpoints
    self.watch = watch
  }

  /// Has the loop's poller watch the connections.
  func watch(with poller: inout Poller) { watch.watch(with: &poller) }

  /// The sockets begin to connect.
  mutating func begin(_ now: Duration) {
    unresolved = nil
    isConnecting = true
    // Within a process connections are made at once, and no monitor tells of them.
    if !endpoints.control.hasPrefix("inproc:") { watch.begin(now) }
  }

  /// The host's name has no address for now.
  mutating func note(_ error: UnresolvedName) { unresolved = error }

  /// A failed connection was looked into.
  mutating func note(_ code: CInt, of socket: BrokerSocket) { watch.note(code, of: socket) }

  /// Whoever listens was asked how it greets.
  mutating func note(mechanism: String?) { watch.note(mechanism: mechanism) }

  /// The broker said something.
  mutating func heard(_ now: Duration) {
    lastHeard = now
    hasHeard = true
  }

  /// True if all connections are made, and the broker has spoken.
  var isEstablished: Bool { watch.isComplete && hasHeard }

  /// The reason why there is no hope of a connection; nil while there is.
  mutating func refusal(_ now: Duration) throws(ZMQError) -> ConnectionRefusal? {
    try watch.drain(now)
  }

  /// The sockets that failed to connect and are to be probed now.
  mutating func toProbe(_ now: Duration) -> [BrokerSocket] { watch.toProbe(now) }

  /// The socket that is to be asked now how it greets.
  mutating func toGreet(_ now: Duration) -> BrokerSocket? { watch.toGreet(now) }

  /// The fault that keeps the worker from its broker, when that is to be said: when it shows, and
  /// while it lasts.
  mutating func faultToReport(_ now: Duration) -> ContactFault? {
    guard now >= ContactNews.patience, let fault = fault(now), news.isDue(fault, now) else {
      return nil
    }
    return fault
  }

  /// The length of a silence that no fault explains, when that is to be said.
  mutating func silenceToReport(_ now: Duration) -> Duration? {
    let silence = silence(now)
    if silence < Self.quiet {
      nextSilenceReport = Self.quiet
      return nil
    }
    guard silence >= nextSilenceReport else { return nil }
    nextSilenceReport += Self.quiet
    return fault(now) == nil ? silence : nil
  }

  /// The time since the broker was heard last, or since the beginning.
  func silence(_ now: Duration) -> Duration { now - lastHeard }

  /// The fault that keeps the worker from its broker, as far as it shows.
  private func fault(_ now: Duration) -> ContactFault? {
    if let unresolved { return .unresolved(unresolved) }
    guard isConnecting else { return endpoints.name.map { .resolving(host: $0) } }
    return watch.fault(at: endpoints, hasHeard: hasHeard, now)
  }
}
