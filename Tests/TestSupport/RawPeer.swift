import Foundation
import Glibc

/// A peer that speaks ZMTP 3.1 as far as a test wants it to, over TCP and without libzmq.
package final class RawPeer: Sendable {
  private let descriptor: CInt

  /// Connects to a port of this machine; nil if nobody listens.
  package init?(to port: Int) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 5, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = loopback(port)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard connected else { return nil }
  }

  deinit { close(descriptor) }

  /// Greets without encryption as a socket of `kind`; false where the other side ended it.
  package func greet(as kind: String) -> Bool {
    let greeting: [UInt8] =
      [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1] + Array("NULL".utf8)
      + [UInt8](repeating: 0, count: 16 + 32)
    let metadata =
      [11] + Array("Socket-Type".utf8) + [0, 0, 0, UInt8(kind.utf8.count)] + Array(kind.utf8)
    let ready = [5] + Array("READY".utf8) + metadata
    return send(greeting + [4, UInt8(ready.count)] + ready) && receives(atLeast: 90)
  }

  /// Sends all bytes; false where the other side ended it.
  package func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// All that the other side sends until it ends the connection; nil if it is silent for five
  /// seconds first.
  package func receiveAll() -> [UInt8]? {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = recv(descriptor, &buffer, buffer.count, 0)
      if got < 0, errno == EAGAIN { return nil }
      if got <= 0 { return all }
      all += buffer.prefix(got)
    }
  }

  /// The answer to a request of HTTP, as text; empty if there is none.
  package static func answer(to request: String, port: Int) -> String {
    guard let peer = RawPeer(to: port), peer.send(Array(request.utf8)),
      let answer = peer.receiveAll()
    else { return "" }
    return String(decoding: answer, as: UTF8.self)
  }

  /// Waits for so many bytes; false where the other side ended it or is silent for five seconds.
  package func receives(atLeast count: Int) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1024)
    var total = 0
    while total < count {
      let got = recv(descriptor, &buffer, buffer.count, 0)
      if got <= 0 { return false }
      total += got
    }
    return true
  }
}
