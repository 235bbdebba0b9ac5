import Foundation
import Synchronization
package import ZeroMQ

/// The security of a tier's relay, on both of its sides.
package enum RelaySecurity: Sendable {
  /// Neither encryption nor authentication.
  case open
  /// CURVE ends here and begins anew: to the broker the relay is a worker with a key pair of its
  /// own, to its workers it is the broker, and decides which key may play which client.
  case curve(CurveKeyPair, broker: CurveKey, AccessControl)

  /// The option of the sockets that connect to the broker.
  var near: Security {
    switch self {
    case .open: .none
    case .curve(let pair, let broker, _): .curveClient(serverKey: broker, pair: pair)
    }
  }

  /// The option of the sockets to which workers connect.
  var far: Security {
    switch self {
    case .open: .none
    case .curve(let pair, _, _):
      .curveServer(secretKey: pair.secretKey, domain: AccessControl.domain)
    }
  }

  /// The access control that knows the workers; nil where nobody is asked.
  var accessControl: AccessControl? {
    switch self {
    case .open: nil
    case .curve(_, _, let accessControl): accessControl
    }
  }
}

/// The thread that lets workers of a relay in by their keys, of which a context has one.
final class RelayDoor: Sendable {
  private let stopping: Wakeup
  private let hasEnded = DispatchSemaphore(value: 0)

  /// Begins to answer; workers can connect from then on.
  init(_ control: AccessControl, in context: Context) throws(ZMQError) {
    let stopping = try Wakeup()
    self.stopping = stopping
    let isOpen = DispatchSemaphore(value: 0)
    let failure = Mutex<ZMQError?>(nil)
    let note: @Sendable (ZMQError) -> Void = { error in failure.withLock { $0 = error } }
    Thread.detachNewThread { [hasEnded] in
      do throws(ZMQError) {
        var authenticator = try Authenticator(in: context, control)
        isOpen.signal()
        var poller = Poller()
        let stop = poller.add(stopping)
        authenticator.watch(with: &poller)
        while true {
          _ = try poller.wait(atMost: nil)
          if poller.isReadable(stop) { break }
          try authenticator.serve()
        }
      } catch {
        note(error)
        isOpen.signal()
      }
      hasEnded.signal()
    }
    isOpen.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// Lets nobody in any more.
  func stop() {
    stopping.signal()
    hasEnded.wait()
    hasEnded.signal()
  }
}
