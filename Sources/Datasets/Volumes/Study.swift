/// One patient's volumes of several modalities, voxel on voxel, with their label map.
struct Study {
  /// Which of the data set's users it belongs to.
  let user: Int
  /// The file of the label map, for messages.
  let path: String
  /// The extents along x, y and z.
  let extents: [Int]
  /// The voxels of each modality, standardized where the modality isn't 0.
  let channels: [[Float]]
  /// The class of each voxel.
  let labels: [UInt16]

  /// What is to be said of it once it is read; nil for nothing.
  let remark: String?

  /// A study of three-dimensional `modalities` and the label map `map`, voxel on voxel.
  ///
  /// `classOf` gives the class that a label stands for, nil if it is none; `remedy` says what to do
  /// then.
  init(
    user: Int, modalities: [[Float]], map: NIfTIVolume, remedy: String, remark: String? = nil,
    classOf: (Int) -> UInt16?
  ) throws(DatasetError) {
    try map.checkSingle()
    var labels: [UInt16] = []
    labels.reserveCapacity(map.values.count)
    for (voxel, value) in map.values.enumerated() {
      guard let label = map.whole(value).flatMap(classOf) else {
        let place = map.storedPlace(of: voxel)
        throw .malformed(
          path: map.path, at: "voxel \(place.index), \(place.axes)",
          reason: "\(value) isn't a class", remedy: remedy)
      }
      labels.append(label)
    }
    self.user = user
    path = map.path
    extents = Array(map.extents.prefix(3))
    self.remark = remark
    self.labels = labels
    channels = modalities.map(Self.standardized)
  }

  /// The values less their mean over their deviation, both over what isn't 0; what is 0, outside of the head, stays 0.
  private static func standardized(_ values: [Float]) -> [Float] {
    var (count, sum, squares) = (0.0, 0.0, 0.0)
    for value in values where value != 0 {
      count += 1
      sum += Double(value)
      squares += Double(value) * Double(value)
    }
    guard count > 0 else { return values }
    let mean = sum / count
    let deviation = max(0, squares / count - mean * mean).squareRoot()
    guard deviation > 0 else { return values.map { _ in 0 } }
    return values.map { $0 == 0 ? 0 : Float((Double($0) - mean) / deviation) }
  }
}

extension Study {
  /// Adds the slices that show enough of the head to `stack` and returns how many those are.
  ///
  /// A byte stands for 1/32 of a standard deviation, 128 for the mean and for what lies outside.
  func slice(
    by geometry: SliceGeometry, into stack: inout SliceStack
  ) throws(DatasetError) -> Int {
    var count = 0
    let (width, height, depth) = (extents[0], extents[1], extents[2])
    for z in stride(from: 0, to: depth, by: geometry.every) {
      let start = z * width * height
      let shown = channels[0][start..<start + width * height].count { $0 != 0 }
      guard shown * 50 >= width * height else { continue }
      let images = channels.map { channel in
        geometry.image(channel, from: start, width: width, height: height).map {
          UInt8(max(0, min(255, ($0 * 32 + 128).rounded())))
        }
      }
      let mask = geometry.mask(labels, from: start, width: width, height: height)
      try stack.append(images, mask: mask, user: user, path: path)
      count += 1
    }
    return count
  }
}
