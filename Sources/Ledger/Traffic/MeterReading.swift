public import Measures

/// The ledger's and the kernel's counts on the broker's connections since the last reading.
///
/// Two independent meters: the ledger adds up the frames that were handed to sockets, by ZMTP's
/// formulas; the kernel's TCP_INFO counts the bytes of each stream. Their difference is what waited
/// in queues at the moment of reading (and comes back with the other sign in a later one), or was
/// dropped.
public struct MeterReading: Hashable, Sendable {
  /// One direction of one of the broker's sockets.
  public struct Line: Hashable, Sendable {
    /// The socket: "control", "bulk" or "updates".
    public var socket: String
    /// The direction.
    public var direction: Direction
    /// The bytes that the ledger booked.
    public var ledger: ByteCount
    /// The bytes of the streams as the kernel counted them, each once.
    public var kernel: ByteCount
    /// The bytes that the kernel sent again, beside those.
    public var retransmitted: ByteCount

    /// A line of the given counts.
    public init(
      socket: String, direction: Direction, ledger: ByteCount, kernel: ByteCount,
      retransmitted: ByteCount = .zero
    ) {
      self.socket = socket
      self.direction = direction
      self.ledger = ledger
      self.kernel = kernel
      self.retransmitted = retransmitted
    }
  }

  /// The number of connections so far, those that ended included.
  public var connections: Int
  /// The number of connections that ended before the kernel was asked, or were too many to be
  /// watched.
  public var unmetered: Int
  /// The number of connections without a complete handshake; their bytes are in neither meter.
  public var rejected: Int
  /// The counts of each socket and direction.
  public var lines: [Line]

  /// A reading of the given parts.
  public init(connections: Int, unmetered: Int = 0, rejected: Int = 0, lines: [Line]) {
    self.connections = connections
    self.unmetered = unmetered
    self.rejected = rejected
    self.lines = lines
  }

  /// True if both meters say the same on each line.
  public var agrees: Bool { lines.allSatisfy { $0.ledger == $0.kernel } }
}
