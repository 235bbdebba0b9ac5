/// The sizes of a TCP segment on Ethernet, in bytes.
///
/// The payload is 1500 less IPv4 (20) and TCP with timestamps (32); Ethernet adds 14.
public enum TCPSegment {
  /// The most stream bytes of one segment.
  public static var payload: Int { 1448 }
  /// What each segment adds on the link.
  public static var overhead: Int { 66 }
  /// A full segment on the link: what a retransmission costs.
  public static var full: Int { payload + overhead }

  /// How many segments carry `bytes`; an empty message is carried by one.
  public static func count(_ bytes: Int) -> Int { max(1, (bytes + payload - 1) / payload) }
}
