import Glibc

/// One connection of the live page's server, from its acceptance to its end.
struct HTTPConnection {
  typealias Instant = ContinuousClock.Instant

  /// The step it is at.
  enum Phase {
    /// Its request arrives.
    case reading
    /// Its answer is made.
    case answering
    /// Its answer leaves, after which nothing more comes.
    case sending
    /// Pieces of its answer leave as they come to be.
    case streaming
    /// Its answer has left, and the client may still read it.
    case leaving
  }

  /// A result of reading or writing.
  enum Progress {
    /// More is to come.
    case going
    /// All has left.
    case done
    /// The client is gone.
    case gone
  }

  /// Its socket.
  let descriptor: CInt
  /// The step it is at.
  var phase = Phase.reading
  /// The time at which it is given up; nil for never.
  var deadline: Instant?
  /// The last time at which bytes moved.
  var moved: Instant
  /// The work on its answer.
  var task: Task<Void, Never>?
  /// The one who waits until a piece has left.
  var waiting: CheckedContinuation<Bool, Never>?
  private var reader = HTTPRequestReader()
  private var parts: [[UInt8]] = []
  private var sent = 0

  /// A connection that was taken at `now`.
  init(_ descriptor: CInt, at now: Instant, within time: Duration) {
    self.descriptor = descriptor
    moved = now
    deadline = now + time
  }

  /// True while bytes wait to leave.
  var hasBytes: Bool { !parts.isEmpty }

  /// The events of poll that it waits for; errors and the connection's end always come.
  var interest: Int16 {
    switch phase {
    case .reading, .leaving: Int16(POLLIN)
    case .answering: 0
    case .sending: Int16(POLLOUT)
    case .streaming: Int16(hasBytes ? POLLIN | POLLOUT : POLLIN)
    }
  }

  /// Goes on to another step, which is given up at `deadline`.
  mutating func enter(_ phase: Phase, until deadline: Instant?) {
    self.phase = phase
    self.deadline = deadline
  }

  /// Puts bytes behind those that wait to leave.
  mutating func put(_ bytes: [UInt8]) { if !bytes.isEmpty { parts.append(bytes) } }

  /// Reads what has arrived of the request; nil if the client is gone.
  mutating func readRequest(_ now: Instant) -> HTTPRequestReader.Outcome? {
    var buffer = [UInt8](repeating: 0, count: 4 << 10)
    let count = receive(&buffer)
    guard count > 0 else { return count < 0 ? .incomplete : nil }
    moved = now
    return reader.take(buffer.prefix(count))
  }

  /// Takes what nobody reads; false if the client is gone.
  func drain() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    return receive(&buffer) != 0
  }

  /// Sends what can leave without waiting.
  mutating func send(_ now: Instant) -> Progress {
    while let part = parts.first {
      let flags = CInt(MSG_NOSIGNAL)
      // SAFETY: the part lives during the call, and what is left of it is as long as that says.
      let count = unsafe part.withUnsafeBytes { bytes in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
        return unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, flags)
      }
      guard count >= 0 else {
        if errno == EINTR { continue }
        return errno == EAGAIN ? .going : .gone
      }
      moved = now
      sent += count
      guard sent == part.count else { continue }
      parts.removeFirst()
      sent = 0
    }
    return .done
  }

  /// Closes the socket and tells whoever waits for it.
  func end() {
    task?.cancel()
    waiting?.resume(returning: false)
    close(descriptor)
  }

  /// The number of bytes, 0 at the end, or -1 if none are there.
  private func receive(_ buffer: inout [UInt8]) -> Int {
    while true {
      // SAFETY: the buffer is as large as its count says.
      let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
      if count >= 0 { return count }
      if errno == EINTR { continue }
      return errno == EAGAIN ? -1 : 0
    }
  }
}
