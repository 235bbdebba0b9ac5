package import Tensors

/// Labelled images: immutable, and cheap to hand from thread to thread.
///
/// Shapes: `C` channels, `H` rows, `W` columns. A sample has one label, or one per pixel where the
/// task is segmentation.
package struct Dataset: Sendable {
  /// The name, as a topology spells it: "fashion-mnist".
  package let name: String
  /// The shape of one image, `[C, H, W]`.
  package let input: Shape
  /// The number of classes; labels count from 0.
  package let classes: Int
  /// The number of labels of one sample: 1, or H · W.
  package let labelsPerSample: Int
  /// The normalization of intensities when a batch is filled.
  package let normalization: Normalization
  /// The raw intensities.
  package let pixels: Pixels
  /// The labels, sample after sample.
  package let labels: [UInt16]
  /// The user of each sample, where the data says so: an index into ``userNames``.
  package let users: [Int32]?
  /// The names of the users (writers, patients, sites).
  package let userNames: [String]
  /// The regions whose Dice coefficients are reported; none where images are labelled as a whole.
  package let regions: [LabelRegion]

  /// A data set of `labels.count / labelsPerSample` images.
  ///
  /// Readers check their files before they come here; what doesn't fit now is a programmer's error.
  package init(
    name: String, input: Shape, classes: Int, normalization: Normalization, pixels: Pixels,
    labels: [UInt16], labelsPerSample: Int = 1, users: [Int32]? = nil, userNames: [String] = [],
    regions: [LabelRegion]? = nil
  ) {
    precondition(input.dimensions.count == 3, "an input of \(input) isn't channels×rows×columns")
    let area = input.dimensions[1] * input.dimensions[2]
    precondition(
      labelsPerSample == 1 || labelsPerSample == area,
      "\(labelsPerSample) labels per sample are neither one per image nor one per pixel of \(input)"
    )
    precondition(
      labels.count.isMultiple(of: labelsPerSample)
        && pixels.count == labels.count / labelsPerSample * input.count,
      "\(pixels.count) intensities and \(labels.count) labels don't make whole samples of \(input)")
    precondition(
      normalization.means.count == input.dimensions[0],
      "a normalization of \(normalization.means.count) channels for \(input)")
    precondition(
      labels.allSatisfy { $0 < classes }, "a label isn't below the number of classes, \(classes)")
    if let users {
      precondition(
        users.count == labels.count / labelsPerSample
          && users.allSatisfy { userNames.indices.contains(Int($0)) },
        "\(users.count) owners among \(userNames.count) users don't fit \(labels.count) labels")
    }
    self.name = name
    self.input = input
    self.classes = classes
    self.normalization = normalization
    self.pixels = pixels
    self.labels = labels
    self.labelsPerSample = labelsPerSample
    self.users = users
    self.userNames = userNames
    let each = labelsPerSample > 1 ? LabelRegion.each(of: classes) : []
    self.regions = regions ?? each
    precondition(
      self.regions.allSatisfy { $0.classes.allSatisfy { (0..<classes).contains($0) } },
      "a region isn't made of the \(classes) classes")
  }

  /// The number of samples.
  package var count: Int { labels.count / labelsPerSample }

  /// True if each pixel has its own label.
  package var isSegmentation: Bool { labelsPerSample > 1 }

  /// The bytes of memory that intensities and labels take.
  package var bytes: Int { pixels.bytes + 2 * labels.count + 4 * (users?.count ?? 0) }
}

/// The intensities of all samples, one sample after the other, each `[C, H, W]`.
package enum Pixels: Sendable {
  /// Bytes: 0 is black, 255 the full intensity 1.
  case bytes([UInt8])
  /// Floating-point numbers, taken as they are.
  case floats([Float])

  /// The number of intensities.
  package var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): values.count
    }
  }

  /// The bytes of memory that the intensities take.
  package var bytes: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): 4 * values.count
    }
  }
}

/// A training set and a test set of the same shape and classes.
package struct DatasetSplit: Sendable {
  /// The samples that clients train on.
  package let train: Dataset
  /// The samples that nobody trains on.
  package let test: Dataset
  /// Remarks that people should read before the data is used, a sentence each.
  package let remarks: [String]

  /// A split into two sets of equal input shape and classes.
  package init(train: Dataset, test: Dataset, remarks: [String] = []) {
    precondition(
      train.input == test.input && train.classes == test.classes
        && train.isSegmentation == test.isSegmentation,
      "\(train.name): training samples \(train.input) of \(train.classes) classes, "
        + "test samples \(test.input) of \(test.classes)")
    self.train = train
    self.test = test
    self.remarks = remarks
  }
}
