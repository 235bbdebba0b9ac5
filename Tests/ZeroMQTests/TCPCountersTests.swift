import Glibc
import Measures
import Testing
import ZeroMQ

/// The kernel's counters of connections that end in different ways.
@Suite struct TCPCountersTests {
  /// Both ends of a connection over loopback.
  private struct Ends: ~Copyable {
    let near: CInt
    var far: CInt

    init() throws {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(listener) }
      far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      let client = far
      let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(listener, $0, length) == 0 && listen(listener, 1) == 0
            && getsockname(listener, $0, &length) == 0 && connect(client, $0, length) == 0
        }
      }
      near = accept(listener, nil, nil)
      try #require(isConnected && near >= 0)
    }

    deinit {
      close(near)
      if far >= 0 { close(far) }
    }

    func send(_ bytes: Int) {
      let sent = [UInt8](repeating: 1, count: bytes)
      #expect(write(far, sent, bytes) == bytes)
    }

    func finish() { shutdown(far, Int32(SHUT_WR)) }

    mutating func reset() {
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(far, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
      close(far)
      far = -1
    }
  }

  @Test func `the end of a stream is no byte of it`() throws {
    let ends = try Ends()
    ends.send(100)
    #expect(TCPCounters(descriptor: ends.near)?.bytesReceived == ByteCount(100))
    ends.finish()
    let counters = try #require(TCPCounters(descriptor: ends.near))
    #expect(counters.isEnded && counters.bytesReceived == ByteCount(100))
  }

  @Test func `nor is a reset, after an end or without one`() throws {
    for finishes in [false, true] {
      var ends = try Ends()
      ends.send(100)
      if finishes { ends.finish() }
      ends.reset()
      let counters = try #require(TCPCounters(descriptor: ends.near))
      #expect(counters.isEnded == finishes && counters.bytesReceived == ByteCount(100))
      // The kernel tells once what it was.
      let again = try #require(TCPCounters(descriptor: ends.near, wasEnded: counters.isEnded))
      #expect(again.bytesReceived == ByteCount(100))
    }
  }
}
