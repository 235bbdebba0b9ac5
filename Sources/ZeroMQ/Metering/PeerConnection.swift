import CZeroMQ
import Glibc
package import Measures

/// A connection that libzmq has with a peer, by its descriptor, which a ``Monitor`` or a
/// ``Message`` told.
///
/// The descriptor may have been closed and belong to another connection by now.
package enum PeerConnection {
  /// The bytes of the stream that libzmq has taken in; nil where the descriptor isn't a TCP
  /// connection's.
  package static func taken(_ descriptor: CInt) -> ByteCount? {
    guard let counters = TCPCounters(descriptor: descriptor) else { return nil }
    return counters.bytesReceived - ByteCount(max(0, Int(czmq_unread_bytes(descriptor))))
  }

  /// Ends a connection both ways, as if the peer had: libzmq notices and frees what it kept for it.
  ///
  /// A libzmq peer connects again after its pause. Does nothing where the descriptor isn't a
  /// socket's.
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

/// The kernel's counts on a TCP connection (tcp(7), TCP_INFO).
package struct TCPCounters: Hashable, Sendable {
  /// Bytes handed to the network, retransmissions included.
  package var bytesSent: ByteCount
  /// Bytes sent again.
  package var bytesRetransmitted: ByteCount
  /// Bytes received in order, the stream's end not counted.
  package var bytesReceived: ByteCount
  /// Sent bytes that the peer acknowledged; the opening and the closing count for one each.
  package var bytesAcknowledged: ByteCount
  /// Bytes that wait in the kernel to be sent.
  package var bytesUnsent: ByteCount
  /// Segments sent.
  package var segmentsOut: Int
  /// Segments received.
  package var segmentsIn: Int
  /// The smoothed round-trip time.
  package var roundTrip: Duration
  /// True if the peer has ended its stream.
  package var isEnded: Bool

  /// The stream's bytes that were sent, each counted once.
  package var uniqueBytesSent: ByteCount { bytesSent - bytesRetransmitted }

  /// The counters of a connection, whose descriptor a ``Monitor`` or a ``Message`` told.
  ///
  /// Nil where the descriptor is closed or is no TCP socket. One closed and reused in the meantime
  /// shows another connection's counters.
  package init?(descriptor: CInt) { self.init(descriptor: descriptor, wasEnded: false) }

  /// The counters of a connection that was looked at before.
  ///
  /// - Parameters:
  ///   - descriptor: The connection's descriptor.
  ///   - wasEnded: True if the peer was seen to have ended its stream, which a reset hides.
  package init?(descriptor: CInt, wasEnded: Bool) {
    var counters = czmq_tcp_counters()
    guard czmq_tcp_counters_read(descriptor, &counters) == 0 else { return nil }
    bytesSent = ByteCount(Int(counters.bytes_sent))
    bytesRetransmitted = ByteCount(Int(counters.bytes_retrans))
    isEnded = counters.has_fin != 0 || (counters.is_closed != 0 && wasEnded)
    bytesReceived = ByteCount(max(0, Int(counters.bytes_received) - (isEnded ? 1 : 0)))
    bytesAcknowledged = ByteCount(Int(counters.bytes_acked))
    bytesUnsent = ByteCount(Int(counters.notsent_bytes))
    segmentsOut = Int(counters.segs_out)
    segmentsIn = Int(counters.segs_in)
    roundTrip = .microseconds(Int(counters.rtt_microseconds))
  }
}
