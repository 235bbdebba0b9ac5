package import Datasets
package import Federation
package import Topology

/// The samples of one client: those that it trains on, and those that it never trains on.
package struct ClientSamples: Sendable {
  /// The samples that it trains on.
  package let training: SampleChoice
  /// The samples that it holds out to evaluate with; empty where it has none.
  package let heldOut: SampleChoice
  /// Remarks that people should read before its own samples are used, a sentence each.
  package let remarks: [String]
  private let telling: SampleTelling

  /// Samples of both kinds.
  package init(
    training: SampleChoice, heldOut: SampleChoice, remarks: [String] = [],
    told telling: SampleTelling = SampleTelling()
  ) {
    self.training = training
    self.heldOut = heldOut
    self.remarks = remarks
    self.telling = telling
  }

  /// The same samples with another normalization.
  func normalized(by normalization: Normalization) -> ClientSamples {
    ClientSamples(
      training: training.normalized(by: normalization),
      heldOut: heldOut.normalized(by: normalization), remarks: remarks, told: telling)
  }

  /// The numbers of both.
  package var counts: SampleCounts {
    SampleCounts(training: training.count, heldOut: heldOut.count)
  }

  /// The numbers of both as a broker is told.
  package var told: SampleCounts {
    SampleCounts(
      training: training.count.told(by: telling.unit),
      heldOut: heldOut.count.told(by: telling.unit),
      labels: telling.labels ? training.labelCounts.map { $0.told(by: telling.unit) } : [])
  }
}

/// Some samples of a data set, by their places in it.
package struct SampleChoice: Sendable {
  /// The data set.
  package let dataset: Dataset
  /// The places of the chosen samples, in the order in which they were dealt.
  package let indices: [Int]

  /// The samples of `dataset` at `indices`.
  package init(_ dataset: Dataset, _ indices: [Int]) {
    self.dataset = dataset
    self.indices = indices
  }

  /// All samples of `dataset`.
  package init(all dataset: Dataset) { self.init(dataset, Array(0..<dataset.count)) }

  /// The number of samples of each class.
  package var labelCounts: [Int] {
    var counts = Array(repeating: 0, count: dataset.classes)
    for index in indices { counts[Int(dataset.labels[index])] += 1 }
    return counts
  }

  /// The same samples with another normalization.
  func normalized(by normalization: Normalization) -> SampleChoice {
    SampleChoice(dataset.normalized(by: normalization), indices)
  }

  /// The number of samples.
  package var count: Int { indices.count }
  /// True if there are none.
  package var isEmpty: Bool { indices.isEmpty }
}
