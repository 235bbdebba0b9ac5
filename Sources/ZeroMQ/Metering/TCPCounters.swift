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
  /// Whether the peer has ended its stream.
  package var isEnded: Bool

  /// The stream's bytes that were sent, each counted once.
  package var uniqueBytesSent: ByteCount { bytesSent - bytesRetransmitted }

  /// The counters of a connection, whose descriptor a ``Monitor`` or a ``Message`` told.
  ///
  /// Nil where the descriptor is closed or is no TCP socket. One closed and reused in the meantime shows another
  /// connection's counters.
  package init?(descriptor: CInt) { self.init(descriptor: descriptor, wasEnded: false) }

  /// The counters of a connection that was looked at before.
  ///
  /// - Parameters:
  ///   - descriptor: The connection's descriptor.
  ///   - wasEnded: Whether the peer was seen to have ended its stream, which can't be seen any more after a reset.
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
