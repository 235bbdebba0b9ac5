public import Measures

/// The two meters side by side: what the ledger booked on the broker's connections, and what the
/// kernel counted.
public struct MeterSummary: Hashable, Sendable, Codable {
  /// Both meters' counts of one direction.
  public struct Counts: Hashable, Sendable, Codable {
    /// The bytes that the ledger booked.
    public var ledger: ByteCount
    /// The bytes that the kernel counted, each once.
    public var kernel: ByteCount
    /// The bytes that the kernel sent again, beside those.
    public var retransmitted: ByteCount

    /// The ledger's count less the kernel's.
    public var difference: Int { ledger.bytes - kernel.bytes }

    static var zero: Self { Counts(ledger: .zero, kernel: .zero, retransmitted: .zero) }
  }

  /// Both directions up to the end of a stage.
  public struct Stage: Hashable, Sendable, Codable {
    /// The stage, counted from 1.
    public var stage: Int
    /// From the broker to the clients.
    public var down: Counts
    /// From the clients to the broker.
    public var up: Counts
  }

  /// The number of the broker's connections, those that ended included.
  public var connections: Int
  /// The number of connections that the kernel could not be asked about.
  public var unmetered: Int
  /// The number of connections without a complete handshake; their bytes are in neither meter.
  public var rejected: Int
  /// From the broker to the clients, over the whole run.
  public var down: Counts
  /// From the clients to the broker, over the whole run.
  public var up: Counts
  /// The same as it stood at the end of each stage.
  public var stages: [Stage]
}

extension MeterSummary.Counts {
  private enum CodingKeys: String, CodingKey {
    case ledger, kernel, retransmitted, difference
  }

  /// Reads the counts; the difference follows from them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    ledger = try container.decode(ByteCount.self, forKey: .ledger)
    kernel = try container.decode(ByteCount.self, forKey: .kernel)
    retransmitted = try container.decode(ByteCount.self, forKey: .retransmitted)
  }

  /// Writes the counts and their difference.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(ledger, forKey: .ledger)
    try container.encode(kernel, forKey: .kernel)
    try container.encode(retransmitted, forKey: .retransmitted)
    try container.encode(difference, forKey: .difference)
  }
}
