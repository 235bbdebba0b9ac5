import Tensors

/// Labelled slices as they gather, then a data set.
struct SliceStack {
  private let input: Shape
  private let limit: Int
  private var pixels: [UInt8] = []
  private var labels: [UInt16] = []
  private var users: [Int32] = []

  /// A stack of slices of shape `input`, `[C, H, W]`, that takes at most `limit` bytes of pixels.
  init(input: Shape, limit: Int) {
    self.input = input
    self.limit = limit
  }

  /// Adds a slice: its channels one after the other, its mask and whose it is.
  mutating func append(_ channels: [[UInt8]], mask: [UInt16], user: Int, path: String)
    throws(DatasetError)
  {
    guard pixels.count + input.count <= limit else {
      throw .tooManySlices(path: path, limit: limit)
    }
    for channel in channels { pixels += channel }
    labels += mask
    users.append(Int32(user))
  }

  /// The slices as a data set.
  func dataset(
    name: String, classes: Int, normalization: Normalization, userNames: [String],
    regions: [LabelRegion]? = nil
  ) -> Dataset {
    Dataset(
      name: name, input: input, classes: classes, normalization: normalization,
      pixels: .bytes(pixels), labels: labels,
      labelsPerSample: input.dimensions[1] * input.dimensions[2], users: users,
      userNames: userNames, regions: regions)
  }
}
