import CZeroMQ
import Glibc
package import Measures

/// A connection that libzmq has with a peer, by its descriptor, which a ``Monitor`` or a ``Message`` told.
///
/// The descriptor may have been closed and belong to another connection by now.
package enum PeerConnection {
  /// How many bytes of the stream libzmq has taken in; nil where the descriptor isn't a TCP connection's.
  package static func taken(_ descriptor: CInt) -> ByteCount? {
    guard let counters = TCPCounters(descriptor: descriptor) else { return nil }
    return counters.bytesReceived - ByteCount(max(0, Int(czmq_unread_bytes(descriptor))))
  }

  /// Ends a connection both ways, as if the peer had: libzmq notices and frees what it kept for it.
  ///
  /// A libzmq peer connects again after its pause. Does nothing where the descriptor isn't a socket's.
  package static func cut(_ descriptor: CInt) { Glibc.shutdown(descriptor, CInt(SHUT_RDWR)) }

  /// The descriptors that the process has open, connections or not.
  package static var descriptors: [CInt] {
    guard let directory = opendir("/proc/self/fd"),
      let offset = MemoryLayout<dirent>.offset(of: \.d_name)
    else { return [] }
    defer { closedir(directory) }
    var descriptors: [CInt] = []
    while let entry = readdir(directory) {
      let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
      if name[0] != CChar(bitPattern: UInt8(ascii: ".")) { descriptors.append(atoi(name)) }
    }
    return descriptors
  }

  /// The port on this side of a TCP connection; nil where the descriptor isn't a socket of TCP.
  package static func localPort(_ descriptor: CInt) -> Int? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
    }
    guard status == 0, [AF_INET, AF_INET6].contains(CInt(address.ss_family)) else { return nil }
    // Both families have the port at this place, its high byte first.
    return withUnsafeBytes(of: address) { Int($0[2]) << 8 | Int($0[3]) }
  }
}
