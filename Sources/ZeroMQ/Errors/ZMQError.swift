import CZeroMQ
import Glibc

/// A refusal by libzmq or the kernel.
package struct ZMQError: Error, Hashable, Sendable {
  /// Why, as an error number.
  package var code: Code
  /// The attempt, with the endpoint or option concerned: "bind to tcp://*:5555".
  package var attempt: String

  /// `attempt` failed with `code`.
  package init(_ code: Code, attempt: String) {
    self.code = code
    self.attempt = attempt
  }

  /// True if the context was shut down, which ends a loop in good order.
  package var isTermination: Bool { code == .contextTerminated }
}

extension ZMQError: CustomStringConvertible {
  /// The attempt that failed, the reason, and the remedy where one is known.
  package var description: String {
    let reason = String(cString: zmq_strerror(code.rawValue))
    guard let remedy = code.remedy else { return "Could not \(attempt): \(reason)." }
    return "Could not \(attempt): \(reason). \(remedy)"
  }
}

extension ZMQError {
  /// An error number of errno(3) or of libzmq; unknown numbers are kept.
  package struct Code: RawRepresentable, Hashable, Sendable {
    /// The number, as `zmq_errno` gives it.
    package var rawValue: CInt

    /// The code of the given number.
    package init(rawValue: CInt) { self.rawValue = rawValue }

    /// The context was shut down (ETERM).
    package static let contextTerminated = Code(rawValue: ETERM)
    /// The socket is not in the state for this: REQ and REP must alternate (EFSM).
    package static let wrongState = Code(rawValue: EFSM)
    /// No I/O thread is left to serve the connection (EMTHREAD).
    package static let noIOThread = Code(rawValue: EMTHREAD)
    /// Another socket is bound to the endpoint (EADDRINUSE).
    package static let addressInUse = Code(rawValue: EADDRINUSE)
    /// No interface of this machine has the address (EADDRNOTAVAIL).
    package static let addressNotAvailable = Code(rawValue: EADDRNOTAVAIL)
    /// The interface or host name does not exist (ENODEV).
    package static let noDevice = Code(rawValue: ENODEV)
    /// No peer has that routing id (EHOSTUNREACH).
    package static let hostUnreachable = Code(rawValue: EHOSTUNREACH)
    /// An endpoint, option or value that libzmq does not accept (EINVAL).
    package static let invalidArgument = Code(rawValue: EINVAL)
    /// The transport is unknown or not in this build of libzmq (EPROTONOSUPPORT).
    package static let protocolNotSupported = Code(rawValue: EPROTONOSUPPORT)
    /// The kind of socket cannot do that (ENOTSUP).
    package static let notSupported = Code(rawValue: ENOTSUP)
    /// The socket is closed (ENOTSOCK).
    package static let notASocket = Code(rawValue: ENOTSOCK)
    /// No such endpoint is bound or connected (ENOENT).
    package static let noSuchEndpoint = Code(rawValue: ENOENT)
    /// The path of the endpoint is longer than a socket's may be (ENAMETOOLONG).
    package static let nameTooLong = Code(rawValue: ENAMETOOLONG)
    /// Nobody is bound to the in-process endpoint (ECONNREFUSED).
    package static let connectionRefused = Code(rawValue: ECONNREFUSED)
    /// The process, or the context, has no descriptor or socket left (EMFILE).
    package static let tooManyOpenFiles = Code(rawValue: EMFILE)
    /// The user may not use the address or path (EACCES).
    package static let permissionDenied = Code(rawValue: EACCES)
    /// Memory ran out (ENOMEM).
    package static let outOfMemory = Code(rawValue: ENOMEM)

    /// The remedy, as a sentence.
    var remedy: String? {
      switch self {
      case .addressInUse: "Stop the other process or choose another port or path."
      case .addressNotAvailable, .noDevice:
        "Use an address of this machine, or * for all of its interfaces."
      case .tooManyOpenFiles:
        "Raise the limit of open files (ulimit -n)."
      case .noSuchEndpoint: "Make the path's folder first, or choose a path in one that is there."
      case .nameTooLong: "Choose a shorter path: that of an ipc:// socket has 107 bytes at most."
      case .outOfMemory: "Free some memory, or play fewer clients."
      case .hostUnreachable, .connectionRefused: "Check that the peer runs there."
      case .permissionDenied: "Choose a port above 1023 or a path that this user may write."
      case .invalidArgument: "An endpoint reads tcp://HOST:PORT, ipc://PATH or inproc://NAME."
      case .protocolNotSupported: "Use tcp://, ipc:// or inproc://."
      default: nil
      }
    }
  }
}

/// The result of a call to libzmq that fails with -1, repeated while signals interrupt it.
@discardableResult
@inline(__always)
func check(
  _ attempt: @autoclosure () -> String, _ call: () -> CInt
) throws(ZMQError) -> CInt {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = zmq_errno()  // before anything that could change errno
    if code != EINTR { throw ZMQError(.init(rawValue: code), attempt: attempt()) }
  }
}

/// The result of a call that must not wait, or nil where it would have had to.
@inline(__always)
func checkWithoutWaiting(
  _ attempt: @autoclosure () -> String, _ call: () -> CInt
) throws(ZMQError) -> CInt? {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = zmq_errno()
    if code == EAGAIN { return nil }
    if code != EINTR { throw ZMQError(.init(rawValue: code), attempt: attempt()) }
  }
}
