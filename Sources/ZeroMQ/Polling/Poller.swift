import CZeroMQ
import Glibc

/// The sockets and descriptors that one loop waits for (zmq_poll(3)).
///
/// Belongs to the thread of its sockets; a socket that was closed in the meantime is passed over.
/// The cost of a wait grows with the number of entries: keep it under a few hundred.
package struct Poller: ~Copyable {
  /// Stands for one entry.
  package struct Token: Hashable, Sendable {
    let slot: Int
    let serial: Int
  }

  private var items: [zmq_pollitem_t] = []
  private var handles: [SocketHandle?] = []
  private var serials: [Int] = []
  private var vacant: [Int] = []
  private var nextSerial = 0

  /// A poller that waits for nothing yet.
  package init() {}

  /// Watches a socket.
  package mutating func add(
    _ socket: borrowing Socket, for wanted: Readiness = .readable
  ) -> Token {
    insert(
      zmq_pollitem_t(socket: socket.pointer, fd: -1, events: wanted.pollEvents, revents: 0),
      socket.handle)
  }

  /// Watches a monitor for events.
  package mutating func add(_ monitor: borrowing Monitor) -> Token { add(monitor.socket) }

  /// Watches a ZAP handler for requests.
  package mutating func add(_ handler: borrowing ZAPHandler) -> Token { add(handler.socket) }

  /// Watches for a signal of another thread; keep the wakeup for as long as the poller.
  package mutating func add(_ wakeup: Wakeup) -> Token { add(descriptor: wakeup.descriptor) }

  /// Watches a descriptor, which is to be removed before it is closed.
  package mutating func add(
    descriptor: CInt, for wanted: Readiness = .readable
  ) -> Token {
    precondition(descriptor >= 0, "descriptor \(descriptor)")
    return insert(
      zmq_pollitem_t(socket: nil, fd: descriptor, events: wanted.pollEvents, revents: 0), nil)
  }

  /// Watches an entry for something else from now on; for nothing, to pause it.
  package mutating func watch(_ token: Token, for wanted: Readiness) {
    items[slot(of: token)].events = wanted.pollEvents
  }

  /// Stops watching an entry.
  package mutating func remove(_ token: Token) {
    let slot = slot(of: token)
    clear(slot)
    serials[slot] = -1
    vacant.append(slot)
  }

  /// Waits until an entry is ready; the result is how many are, 0 when `limit` passed or a signal
  /// came.
  ///
  /// Waits without end where `limit` is nil.
  package mutating func wait(atMost limit: Duration?) throws(ZMQError) -> Int {
    for slot in items.indices {
      items[slot].revents = 0
      if items[slot].socket != nil, handles[slot]?.pointer == nil { clear(slot) }
    }
    return try items.withUnsafeMutableBufferPointer { (items) throws(ZMQError) -> Int in
      var none = zmq_pollitem_t()
      guard let first = items.baseAddress else { return try poll(&none, count: 0, atMost: limit) }
      return try poll(first, count: items.count, atMost: limit)
    }
  }

  /// The readiness of an entry when the last wait ended.
  package func readiness(of token: Token) -> Readiness {
    Readiness(pollEvents: items[slot(of: token)].revents)
  }

  /// True if an entry had something to receive when the last wait ended.
  package func isReadable(_ token: Token) -> Bool { readiness(of: token).contains(.readable) }

  private mutating func insert(_ item: zmq_pollitem_t, _ handle: SocketHandle?) -> Token {
    defer { nextSerial += 1 }
    if let slot = vacant.popLast() {
      (items[slot], handles[slot], serials[slot]) = (item, handle, nextSerial)
      return Token(slot: slot, serial: nextSerial)
    }
    items.append(item)
    handles.append(handle)
    serials.append(nextSerial)
    return Token(slot: items.count - 1, serial: nextSerial)
  }

  /// Makes an entry one that poll(2) ignores.
  private mutating func clear(_ slot: Int) {
    items[slot] = zmq_pollitem_t(socket: nil, fd: -1, events: 0, revents: 0)
    handles[slot] = nil
  }

  private func slot(of token: Token) -> Int {
    precondition(
      token.slot < serials.count && serials[token.slot] == token.serial,
      "entry \(token.serial) isn't in this poller")
    return token.slot
  }
}

/// Waits until one of `count` items is ready; the result is how many are, 0 after `limit` or a
/// signal.
func poll(
  _ items: UnsafeMutablePointer<zmq_pollitem_t>, count: Int, atMost limit: Duration?
) throws(ZMQError) -> Int {
  let milliseconds = limit.map { Int($0.wholeMilliseconds) } ?? -1
  let ready = zmq_poll(items, CInt(count), milliseconds)
  if ready >= 0 { return Int(ready) }
  let code = zmq_errno()
  // A signal ends the wait, so that the loop can look at what its handler left.
  if code == EINTR { return 0 }
  throw ZMQError(.init(rawValue: code), attempt: "poll \(count) sockets")
}

/// The directions in which a socket or descriptor is ready, or is watched.
package struct Readiness: OptionSet, Hashable, Sendable {
  /// The set as bits.
  package let rawValue: UInt8

  /// The set with the given bits.
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A message, or a byte, can be received.
  ///
  /// A socket with a ``ZAPHandler`` says so also after a peer was let in, when there is nothing to
  /// receive yet.
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

extension Duration {
  /// Milliseconds as libzmq takes them: rounded up, so that a short wait doesn't become a spin, and
  /// within 0…2³¹ − 1.
  package var wholeMilliseconds: CInt {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < 2_147_483 else { return .max }
    return CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
