package import Tensors

/// The cut of volumes into 2-D slices for a network: the third axis is sliced, rows run along y,
/// columns along x.
package struct SliceGeometry: Hashable, Sendable {
  /// The rows of a slice, H; taken from the centre, or padded with nothing where the volume has
  /// fewer.
  package let rows: Int
  /// The columns of a slice, W.
  package let columns: Int
  /// The number of voxels along x and along y that become one pixel: their mean.
  package let step: Int
  /// The distance between the slices that are used; 1 for all.
  package let every: Int

  /// A geometry of the given size.
  package init(rows: Int, columns: Int, step: Int = 1, every: Int = 1) {
    precondition(
      rows > 0 && columns > 0 && step > 0 && every > 0,
      "slices of \(rows)×\(columns), step \(step), every \(every)")
    self.rows = rows
    self.columns = columns
    self.step = step
    self.every = every
  }

  /// The whole head of the ICBM 152 average brain at half its resolution.
  package static let icbm152 = SliceGeometry(rows: 112, columns: 96, step: 2)
  /// The middle of a BraTS volume at half its resolution, every fourth slice.
  package static let brats = SliceGeometry(rows: 96, columns: 96, step: 2, every: 4)

  /// The shape of a slice of `channels` volumes, `[C, H, W]`.
  package func input(channels: Int) -> Shape { [channels, rows, columns] }

  /// The pixels of the plane of `width` × `height` voxels that begins at `start` of `values`;
  /// `filling` beyond it.
  func image(_ values: [Float], from start: Int, width: Int, height: Int, filling: Float = 0)
    -> [Float]
  {
    map(width: width, height: height, filling: filling) { x, y in
      var sum: Float = 0
      for row in y..<y + step {
        for column in x..<x + step { sum += values[start + row * width + column] }
      }
      return sum / Float(step * step)
    }
  }

  /// The labels of a plane; the voxel in the middle of each pixel speaks for it.
  func mask(_ labels: [UInt16], from start: Int, width: Int, height: Int) -> [UInt16] {
    map(width: width, height: height, filling: 0) { x, y in
      labels[start + (y + step / 2) * width + x + step / 2]
    }
  }

  /// The values that `pixel` makes of the first voxel (x, y) of each pixel inside the plane.
  private func map<Value>(
    width: Int, height: Int, filling: Value, _ pixel: (_ x: Int, _ y: Int) -> Value
  ) -> [Value] {
    let (across, down) = (width / step, height / step)
    let (left, top) = (Self.margin(across, columns), Self.margin(down, rows))
    var result = Array(repeating: filling, count: rows * columns)
    for row in max(0, -top)..<max(max(0, -top), min(rows, down - top)) {
      for column in max(0, -left)..<max(max(0, -left), min(columns, across - left)) {
        result[row * columns + column] = pixel((column + left) * step, (row + top) * step)
      }
    }
    return result
  }

  /// The voxels cut off before the centre; negative where some are added.
  private static func margin(_ extent: Int, _ output: Int) -> Int {
    extent >= output ? (extent - output) / 2 : -((output - extent) / 2)
  }
}

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
