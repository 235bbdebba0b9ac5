/// The normalization that was made of clients' sums before the first round, once for the whole run.
public struct MeasuredNormalization: Hashable, Sendable, Codable {
  /// The mean of each channel.
  public var means: [Float]
  /// The standard deviation of each channel, above zero.
  public var deviations: [Float]
  /// The number of clients whose sums it is made of.
  public var clients: Int
  /// The number of their samples.
  public var samples: Int

  /// A normalization with one mean and one deviation for each channel, of the sums of so many
  /// clients over so many samples.
  public init(means: [Float], deviations: [Float], clients: Int, samples: Int) {
    self.means = means
    self.deviations = deviations
    self.clients = clients
    self.samples = samples
  }

  /// Whose samples it is made of, for people.
  package var words: String {
    "normalized by the sums of \(clients) clients over \(samples) samples"
  }
}

extension RunStore {
  /// Keeps the normalization of the run; durable when it returns.
  ///
  /// - Throws: `damaged` where one is kept already: it never changes.
  public func keep(_ normalization: MeasuredNormalization) throws(LedgerError) {
    try write { try NormalizationTable(database: $0).insert(normalization) }
  }

  /// The normalization of the run; nil before it was made, and where the plan says it.
  public func normalization() throws(LedgerError) -> MeasuredNormalization? {
    try read { try NormalizationTable(database: $0).normalization() }
  }
}
