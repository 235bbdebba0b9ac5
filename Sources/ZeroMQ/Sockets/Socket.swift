import CZeroMQ
package import ZMTP

/// One end of a messaging pattern, owned by the thread that made it and closed when it goes out of
/// scope.
///
/// No call waits unless its name says so; what would have had to wait is nil or false, not an
/// error. All calls throw `.contextTerminated` after ``Context/shutdown()``.
package struct Socket: ~Copyable {
  /// The pattern.
  package let kind: SocketKind
  let pointer: UnsafeMutableRawPointer
  let handle: SocketHandle  // shared with pollers and monitors, which notice when it is closed

  /// A socket that is neither bound nor connected; options hold for all of its later connections.
  ///
  /// - Throws: `.tooManyOpenFiles` when the context or the process is full, `.invalidArgument` for
  ///   an option that libzmq refuses.
  package init(
    _ kind: SocketKind, in context: Context, options: SocketOptions = SocketOptions()
  ) throws(ZMQError) {
    let handle = try SocketHandle(kind, in: context)
    guard let pointer = handle.pointer else {
      throw ZMQError(.notASocket, attempt: "open a \(kind.rawValue) socket")
    }
    try options.apply(to: pointer, of: kind)
    self.kind = kind
    self.pointer = pointer
    self.handle = handle
  }

  deinit { handle.close() }

  /// Has later connections take addresses of IPv6 beside those of IPv4.
  package func admitIPv6() throws(ZMQError) { try setOption(ZMQ_IPV6, 1, of: pointer, "IPv6") }

  /// Accepts connections at `endpoint`; the result is the endpoint in force, with the port that
  /// `:*` became.
  @discardableResult
  package func bind(to endpoint: String) throws(ZMQError) -> String {
    try check("bind to \(endpoint)") { zmq_bind(pointer, endpoint) }
    return try lastEndpoint()
  }

  /// Connects to `endpoint`, now or, except within the process, whenever the peer comes up.
  package func connect(to endpoint: String) throws(ZMQError) {
    try check("connect to \(endpoint)") { zmq_connect(pointer, endpoint) }
  }

  /// Ends the connection to `endpoint` and drops what was queued for it after the linger time.
  ///
  /// libzmq completes this in later calls on the socket: the peer sees it when this side next waits
  /// or receives.
  package func disconnect(from endpoint: String) throws(ZMQError) {
    try check("disconnect from \(endpoint)") { zmq_disconnect(pointer, endpoint) }
  }

  /// Accepts no more connections at `endpoint`, as ``bind(to:)`` returned it.
  package func unbind(from endpoint: String) throws(ZMQError) {
    try check("unbind from \(endpoint)") { zmq_unbind(pointer, endpoint) }
  }

  /// True if a call to receive or to send would not have to wait now.
  package func readiness() throws(ZMQError) -> Readiness {
    Readiness(pollEvents: CShort(truncatingIfNeeded: try integerOption(ZMQ_EVENTS)))
  }

  /// Waits until the socket is ready in one of the wanted ways; false when `limit` passed before.
  ///
  /// A signal may end the wait early, with false.
  package func wait(for wanted: Readiness, atMost limit: Duration) throws(ZMQError) -> Bool {
    var item = zmq_pollitem_t(socket: pointer, fd: -1, events: wanted.pollEvents, revents: 0)
    return try poll(&item, count: 1, atMost: limit) > 0
  }

  private func lastEndpoint() throws(ZMQError) -> String {
    var text = [CChar](repeating: 0, count: 512)
    var length = text.count
    try check("read the endpoint of a socket") {
      zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &text, &length)
    }
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func integerOption(_ option: CInt) throws(ZMQError) -> CInt {
    var value: CInt = 0
    var length = MemoryLayout<CInt>.size
    try check("read option \(option) of a socket") {
      zmq_getsockopt(pointer, option, &value, &length)
    }
    return value
  }
}

/// A socket's pointer, which pollers and monitors may hold on to after the socket was closed.
///
/// Confined to the thread that made it.
final class SocketHandle {
  /// The open socket; nil once closed.
  private(set) var pointer: UnsafeMutableRawPointer?
  let context: Context

  init(_ kind: SocketKind, in context: Context) throws(ZMQError) {
    guard let pointer = zmq_socket(context.handle, kind.number) else {
      throw ZMQError(.init(rawValue: zmq_errno()), attempt: "open a \(kind.rawValue) socket")
    }
    self.pointer = pointer
    self.context = context
    context.socketOpened()
  }

  deinit { close() }

  func close() {
    guard let open = pointer else { return }
    pointer = nil
    zmq_close(open)
    context.socketClosed()
  }
}

extension SocketKind {
  /// libzmq's number of the kind.
  var number: CInt {
    switch self {
    case .pair: ZMQ_PAIR
    case .publish: ZMQ_PUB
    case .subscribe: ZMQ_SUB
    case .request: ZMQ_REQ
    case .reply: ZMQ_REP
    case .dealer: ZMQ_DEALER
    case .router: ZMQ_ROUTER
    case .pull: ZMQ_PULL
    case .push: ZMQ_PUSH
    case .xpub: ZMQ_XPUB
    case .xsub: ZMQ_XSUB
    }
  }
}

/// Sets an option that is a C `int`.
func setOption(
  _ option: CInt, _ value: CInt, of socket: UnsafeMutableRawPointer,
  _ name: @autoclosure () -> String
) throws(ZMQError) {
  var value = value
  try check("set \(name()) to \(value)") {
    zmq_setsockopt(socket, option, &value, MemoryLayout<CInt>.size)
  }
}

/// Sets an option that is a 64-bit integer.
func setOption(
  _ option: CInt, wide value: Int64, of socket: UnsafeMutableRawPointer,
  _ name: @autoclosure () -> String
) throws(ZMQError) {
  var value = value
  try check("set \(name()) to \(value)") {
    zmq_setsockopt(socket, option, &value, MemoryLayout<Int64>.size)
  }
}

/// Sets an option that is a string of bytes; the bytes are not shown in errors.
func setOption(
  _ option: CInt, _ bytes: [UInt8], of socket: UnsafeMutableRawPointer,
  _ attempt: @autoclosure () -> String
) throws(ZMQError) {
  try check(attempt()) { zmq_setsockopt(socket, option, bytes, bytes.count) }
}
