/// The distribution of samples and labels over the clients, in a few figures.
public struct PartitionSummary: Hashable, Sendable, Codable {
  /// The ends and the middle of some numbers.
  public struct Spread: Hashable, Sendable, Codable {
    /// The least.
    public var min: Int
    /// The middle one; of two, the mean.
    public var median: Double
    /// The mean.
    public var mean: Double
    /// The most.
    public var max: Int

    /// The spread of `values`, of which there is one at least.
    init(of values: [Int]) {
      precondition(!values.isEmpty, "a spread of nothing")
      let sorted = values.sorted()
      min = sorted[0]
      median = sorted.map(Double.init).quantile(0.5)
      mean = Double(sorted.reduce(0, +)) / Double(sorted.count)
      max = sorted[sorted.count - 1]
    }
  }

  /// The number of clients.
  public var clients: Int
  /// The number of training samples that they hold together.
  public var samples: Int
  /// The number of labels.
  public var labels: Int
  /// The spread of the number of samples that a client holds.
  public var size: Spread
  /// The spread of the number of different labels that a client holds.
  public var labelsPerClient: Spread
  /// The distance of the clients' mixes of labels from everybody's: 0 if equal, almost 1 if
  /// disjoint.
  ///
  /// The mean over the clients of half the sum of |p_c − q_c|, p_c being a client's share of label
  /// c and q_c that among all samples (the total variation distance). Clients without samples are
  /// left out.
  public var labelSkew: Double

  /// The figures of `labels`, one row of counts for each client; nil if there are no clients.
  public init?(of labels: [[Int]]) {
    guard let first = labels.first else { return nil }
    let sizes = labels.map { $0.reduce(0, +) }
    let total = sizes.reduce(0, +)
    clients = labels.count
    samples = total
    self.labels = first.count
    size = Spread(of: sizes)
    labelsPerClient = Spread(of: labels.map { counts in counts.count { $0 > 0 } })
    let shares = first.indices.map { label in
      Double(labels.reduce(0) { $0 + $1[label] }) / Double(max(1, total))
    }
    let distances = zip(labels, sizes).compactMap { counts, size -> Double? in
      guard size > 0 else { return nil }
      return zip(counts, shares).reduce(0) { $0 + abs(Double($1.0) / Double(size) - $1.1) } / 2
    }
    labelSkew = distances.reduce(0, +) / Double(max(1, distances.count))
  }
}
