import Federation
import Foundation
import LocalTraining
import Measures
import Wire
import ZeroMQ

/// A worker's way to its broker: its sockets, the watch over their connections, and the clock that
/// its machines go by.
///
/// One connection serves the fetching of the plan and the work by it. Made and used on one thread.
final class WorkerConnection {
  let settings: WorkerSettings
  let inbox: Inbox<WorkerEvent>
  let report: @Sendable (WorkerReport) -> Void
  let sockets: WorkerSockets

  /// The number of messages of the broker's address that could not be read.
  var unreadable = 0

  /// The time between the last subscription and the end of the connections.
  private static let leaveTaking = Duration.milliseconds(50)

  private var contact: BrokerContact
  private var poller = Poller()
  private let tokens: WorkerSockets.Tokens
  private var clock = WakingClock()
  /// Cancelled when the connection is given up, for the thread that looks names up.
  private let isOver = Cancellation()

  /// Opens the sockets of a worker, and connects them once the broker's address is known.
  init(
    _ settings: WorkerSettings, in context: Context, inbox: Inbox<WorkerEvent>,
    report: @escaping @Sendable (WorkerReport) -> Void
  ) throws(ZMQError) {
    self.settings = settings
    self.inbox = inbox
    self.report = report
    sockets = try WorkerSockets(settings, in: context)
    contact = BrokerContact(
      to: settings.endpoints,
      watch: try sockets.monitors(isEncrypted: settings.security.isEncrypted))
    tokens = sockets.watch(with: &poller)
    _ = poller.add(inbox.wakeup)
    contact.watch(with: &poller)
    // Asked here, as libzmq's only thread for all traffic would wait for the name server.
    if let name = settings.endpoints.name { lookUp(name) } else { try connect() }
  }

  deinit { isOver.cancel() }

  /// The time since the connection was begun, but for that in which the process stood still.
  var now: Duration { clock.read() }

  /// True if all connections are made, and the broker has spoken.
  var isEstablished: Bool { contact.isEstablished }

  /// Waits until something comes or `wake` has, and hands on what came.
  ///
  /// - Parameters:
  ///   - wake: The time of the next tick; nil where there is none.
  ///   - isCalm: Whether nothing else is to be looked at before long.
  ///   - events: Takes what came from other threads.
  ///   - messages: Takes what the broker published.
  /// - Returns: The reason why there is nothing more to wait for; nil while there is none.
  /// - Throws: `ZMQError`, and what the closures throw.
  func wait(
    until wake: Duration?, isCalm: Bool = true, events: (WorkerEvent) throws -> Void,
    messages: (ZeroMQ.Message) throws -> Void
  ) throws -> WorkerEnd? {
    try sockets.flush(tokens, &poller)
    let limit: Duration = isCalm && contact.isEstablished ? .seconds(5) : .milliseconds(200)
    let left = (wake ?? now + .seconds(5)) - now
    _ = try clock.wait(atMost: max(.zero, min(left, limit))) { most throws(ZMQError) in
      try poller.wait(atMost: most)
    }
    if let refusal = try contact.refusal(now) { return .turnedAway(refusal) }
    for event in inbox.drain() where try !take(event) { try events(event) }
    try sockets.receive(tokens, poller) { message in
      contact.heard(now)
      guard let message else { return unreadable += 1 }
      try messages(message)
    }
    reportContact()
    if let silence = contact.silenceToReport(now) { report(.silence(silence)) }
    return contact.silence(now) < settings.patience ? nil : .abandoned
  }

  /// Sends what waits, and says what couldn't be read.
  ///
  /// Who takes leave of a broker whose run is over takes back its subscriptions first and stays
  /// connected for a moment: what the broker published before it knew still leaves its sockets, as
  /// it has booked it.
  func close(takingLeave takesLeave: Bool) throws {
    try sockets.flush()
    if takesLeave {
      try sockets.listenNoMore()
      let end = now + Self.leaveTaking
      while now < end, try wait(until: end, events: { _ in }, messages: { _ in }) == nil {}
    }
    if unreadable > 0 { report(.unreadable(messages: unreadable)) }
    unreadable = 0
  }

  /// Takes in what reached the loop from other threads, if it concerns the connection.
  private func take(_ event: WorkerEvent) throws(ZMQError) -> Bool {
    switch event {
    case .resolved(let isIPv6):
      // Addresses of IPv6 are taken only where there are no others.
      if isIPv6 { try sockets.admitIPv6() }
      try connect()
    case .unresolved(let error): contact.note(error)
    case .probed(let socket, let code): contact.note(code, of: socket)
    case .greeted(let mechanism): contact.note(mechanism: mechanism)
    case .read, .isUnchanged, .ended, .evaluated, .measured, .made, .stop: return false
    }
    return true
  }

  /// Looks a host's name up on a thread of its own, again and again until it has an address.
  private func lookUp(_ name: String) {
    Thread.detachNewThread { [inbox, isOver] in
      var pause = 1.0
      while !isOver.isCancelled {
        do throws(UnresolvedName) {
          let addresses = try HostAddress.all(of: name)
          _ = inbox.push(.resolved(isIPv6: addresses.allSatisfy(\.isIPv6)))
          return
        } catch {
          _ = inbox.push(.unresolved(error))
        }
        Thread.sleep(forTimeInterval: pause)
        pause = min(30, 2 * pause)
      }
    }
  }

  /// Connects to the broker's address.
  private func connect() throws(ZMQError) {
    contact.begin(now)
    try sockets.connect(to: settings.endpoints)
  }

  /// Looks into failed connections, and says what keeps this worker from its broker, when it shows
  /// and while it lasts.
  private func reportContact() {
    let now = now
    for socket in contact.toProbe(now) {
      let endpoint = settings.endpoints[socket]
      Thread.detachNewThread { [inbox] in
        _ = inbox.push(.probed(socket, ConnectionProbe.code(of: endpoint)))
      }
    }
    if let socket = contact.toGreet(now) {
      let endpoint = settings.endpoints[socket]
      Thread.detachNewThread { [inbox] in
        _ = inbox.push(.greeted(mechanism: ConnectionProbe.mechanism(of: endpoint)))
      }
    }
    if let fault = contact.faultToReport(now) { report(.noContact(fault)) }
  }
}
