import CZeroMQ
package import Measures

/// What the kernel counted on a TCP connection (tcp(7), TCP_INFO).
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

  /// The stream's bytes that were sent, each counted once.
  package var uniqueBytesSent: ByteCount { bytesSent - bytesRetransmitted }

  /// The counters of a connection, whose descriptor a ``Monitor`` or a ``Message`` told.
  ///
  /// Nil where the descriptor is closed or is no TCP socket. One closed and reused in the meantime shows another
  /// connection's counters.
  package init?(descriptor: CInt) {
    var counters = czmq_tcp_counters()
    guard czmq_tcp_counters_read(descriptor, &counters) == 0 else { return nil }
    bytesSent = ByteCount(Int(counters.bytes_sent))
    bytesRetransmitted = ByteCount(Int(counters.bytes_retrans))
    bytesReceived = ByteCount(Int(counters.bytes_received))
    bytesAcknowledged = ByteCount(Int(counters.bytes_acked))
    bytesUnsent = ByteCount(Int(counters.notsent_bytes))
    segmentsOut = Int(counters.segs_out)
    segmentsIn = Int(counters.segs_in)
    roundTrip = .microseconds(Int(counters.rtt_microseconds))
  }
}
