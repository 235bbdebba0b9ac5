/// Where in a link's random stream the values for each purpose lie: far apart, so that none depends on
/// how many were drawn for another.
enum LinkChance {
  /// Value i: what happens to the segment i when it is sent for the first time.
  static var segments: UInt64 { 0 }
  /// Value i: what happens to the retransmission i.
  static var repairs: UInt64 { 1 << 62 }
  /// Value i: the chain's state when the repair that begins with retransmission i comes.
  static var states: UInt64 { 2 << 62 }
  /// Value i: the jitter of message i.
  static var jitters: UInt64 { 3 << 62 }
}
