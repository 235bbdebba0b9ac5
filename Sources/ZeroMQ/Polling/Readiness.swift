import CZeroMQ

/// What a socket or descriptor is ready for, or is watched for.
package struct Readiness: OptionSet, Hashable, Sendable {
  /// The set as bits.
  package let rawValue: UInt8

  /// The set with the given bits.
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A message, or a byte, can be received.
  ///
  /// A socket with a ``ZAPHandler`` says so also after a peer was let in, when there is nothing to receive yet.
  package static let readable = Readiness(rawValue: 1)
  /// A message, or a byte, can be sent.
  package static let writable = Readiness(rawValue: 2)
  /// The descriptor failed; never said of a ZeroMQ socket.
  package static let failed = Readiness(rawValue: 4)

  init(pollEvents: CShort) {
    var ready: Readiness = []
    if pollEvents & CShort(ZMQ_POLLIN) != 0 { ready.insert(.readable) }
    if pollEvents & CShort(ZMQ_POLLOUT) != 0 { ready.insert(.writable) }
    if pollEvents & CShort(ZMQ_POLLERR) != 0 { ready.insert(.failed) }
    self = ready
  }

  var pollEvents: CShort {
    var events: CInt = 0
    if contains(.readable) { events |= ZMQ_POLLIN }
    if contains(.writable) { events |= ZMQ_POLLOUT }
    if contains(.failed) { events |= ZMQ_POLLERR }
    return CShort(events)
  }
}
