import Foundation
import Glibc

/// A tcp socket that never waits: a listener, or one end of a connection; closed with its last
/// owner.
package final class StreamSocket: Sendable {
  /// The file descriptor, for poll(2).
  package let descriptor: CInt

  private init(_ descriptor: CInt) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Listens at an address, at any free port if its port is 0.
  ///
  /// - Throws: ``RelayError`` if the address isn't this machine's or is in use.
  package static func listening(at address: StreamAddress) throws -> StreamSocket {
    let socket = try make()
    var yes: CInt = 1
    // SAFETY: the option's value and the address live during the calls, and their sizes are their
    // own.
    unsafe setsockopt(
      socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    let isBound = unsafe address.calling { unsafe bind(socket.descriptor, $0, $1) } == 0
    guard isBound, listen(socket.descriptor, 128) == 0 else {
      throw RelayError.cannotListen("\(address)", reason: reason(errno))
    }
    return socket
  }

  /// Begins a connection; it is there, or has failed, once it is writable.
  package static func connecting(to address: StreamAddress) throws -> StreamSocket {
    let socket = try make()
    let isDone = unsafe address.calling { unsafe connect(socket.descriptor, $0, $1) } == 0
    guard isDone || errno == EINPROGRESS else {
      throw RelayError.cannotConnect("\(address)", reason: reason(errno))
    }
    return socket
  }

  private static func make() throws -> StreamSocket {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, kind | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw RelayError.noSockets(reason: reason(errno)) }
    var yes: CInt = 1
    // SAFETY: the option's value lives during the call, and its size is its own.
    unsafe setsockopt(
      descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    return StreamSocket(descriptor)
  }

  /// The port that it is bound to.
  package var port: Int {
    var place = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: the address is as large as `size` says, and lives during the call.
    unsafe withUnsafeMutablePointer(to: &place) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = unsafe getsockname(descriptor, $0, &size)
      }
    }
    return Int(UInt16(bigEndian: place.sin_port))
  }

  /// The next connection that somebody made; nil if there is none.
  package func accepted() -> StreamSocket? {
    let descriptor = accept(descriptor, nil, nil)
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var yes: CInt = 1
    // SAFETY: the option's value lives during the call, and its size is its own.
    unsafe setsockopt(
      descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    return StreamSocket(descriptor)
  }

  /// The result of reading or writing.
  package enum Progress {
    /// So many bytes went.
    case bytes(Int)
    /// Nothing goes now.
    case later
    /// The other end has closed, or the connection is broken.
    case ended
  }

  /// Reads at most as many bytes as `buffer` has.
  package func read(into buffer: inout [UInt8]) -> Progress {
    // SAFETY: the buffer is as large as its count says.
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
    }
    if count > 0 { return .bytes(count) }
    return count < 0 && Self.isTransient(errno) ? .later : .ended
  }

  /// Writes as much as goes of `bytes` from `start` on.
  package func write(_ bytes: [UInt8], from start: Int) -> Progress {
    // SAFETY: what is left of the bytes lies within them.
    let count = unsafe bytes.withUnsafeBytes { buffer in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
      return unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, CInt(MSG_NOSIGNAL))
    }
    if count >= 0 { return .bytes(count) }
    return Self.isTransient(errno) ? .later : .ended
  }

  /// Nothing more will be written.
  func finishWriting() { shutdown(descriptor, CInt(SHUT_WR)) }

  /// Has the other end see a reset instead of an orderly end when this one is closed.
  func resetWhenClosed() {
    var atOnce = linger(l_onoff: 1, l_linger: 0)
    // SAFETY: the option's value lives during the call, and its size is its own.
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
  }

  private static func isTransient(_ code: CInt) -> Bool {
    code == EAGAIN || code == EINTR || code == EINPROGRESS || code == ENOTCONN
  }

  private static func reason(_ code: CInt) -> String {
    POSIXErrorCode(rawValue: code).map { POSIXError($0).localizedDescription } ?? "error \(code)"
  }
}
