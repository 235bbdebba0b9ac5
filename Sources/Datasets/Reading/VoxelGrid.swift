/// The places of a volume's voxels in space: a map from voxel indices to millimetres, x to the
/// right, y to the front, z up.
///
/// Where a file says neither by sform nor by qform, only the distances of its voxels are known, and
/// its axes are taken as they are stored.
struct VoxelGrid: Hashable, Sendable {
  /// The extents along the stored axes.
  let extents: [Int]
  /// The rows of the map, `[3, 4]`, the last column being the place of the first voxel.
  let affine: [[Double]]
  /// True if the file says where its axes lead.
  let isOriented: Bool

  /// A grid with voxels at these distances, in directions that aren't known.
  init(extents: [Int], spacing: [Double]) {
    self.extents = extents
    affine = (0..<3).map { row in (0..<4).map { $0 == row ? spacing[row] : 0 } }
    isOriented = false
  }

  /// A grid with the map `affine`; nil if that isn't one between spaces.
  init?(extents: [Int], affine: [[Double]]) {
    guard affine.allSatisfy({ $0.allSatisfy { $0.isFinite && abs($0) < 1e9 } }),
      Self.inverse(affine) != nil
    else { return nil }
    self.extents = extents
    self.affine = affine
    isOriented = true
  }

  /// The order of axes in which x leads to the right, y to the front and z up, as nearly as whole
  /// axes can.
  ///
  /// Each stored axis in turn goes to the direction nearest to it that is left, as in nibabel's
  /// `io_orientation`.
  var canonicalOrder: AxisOrder {
    guard isOriented else { return .stored }
    var (axes, flips) = ([0, 1, 2], [false, false, false])
    var left = Set(0..<3)
    for axis in 0..<3 {
      let column = (0..<3).map { affine[$0][axis] }
      guard let nearest = left.sorted().max(by: { abs(column[$0]) < abs(column[$1]) }) else {
        break
      }
      left.remove(nearest)
      axes[nearest] = axis
      flips[nearest] = column[nearest] < 0
    }
    return AxisOrder(axes: axes, flips: flips)
  }

  /// The order of axes in which this grid's voxels lie on those of `other`, as stored; nil if there
  /// is none.
  ///
  /// Distances may differ by a hundredth, and corners be off by a quarter of a voxel: files write
  /// them rounded.
  func order(in other: VoxelGrid) -> AxisOrder? {
    guard let inverse = Self.inverse(other.affine) else { return nil }
    // The map from voxel indices here to those there, row by row.
    let map = (0..<3).map { row in
      (0..<4).map { column in
        (0..<3).reduce(0.0) { sum, index in
          let offset = column == 3 ? other.affine[index][3] : 0
          return sum + inverse[row][index] * (affine[index][column] - offset)
        }
      }
    }
    let axes = (0..<3).map { row in
      (0..<3).max { abs(map[row][$0]) < abs(map[row][$1]) } ?? row
    }
    let flips = (0..<3).map { map[$0][axes[$0]] < 0 }
    let order = AxisOrder(axes: axes, flips: flips)
    guard Set(axes).count == 3, order.extents(of: extents) == other.extents else { return nil }
    for row in 0..<3 {
      // Along an axis of one voxel, nothing depends on its distance to a next one.
      for column in 0..<3 where extents[column] > 1 {
        let expected = column != axes[row] ? 0 : flips[row] ? -1.0 : 1
        guard abs(map[row][column] - expected) <= 0.01 else { return nil }
      }
    }
    for corner in 0..<8 {
      let place = (0..<3).map { corner >> $0 & 1 == 0 ? 0 : Double(extents[$0] - 1) }
      for row in 0..<3 {
        let found = (0..<3).reduce(map[row][3]) { $0 + map[row][$1] * place[$1] }
        let along = place[axes[row]]
        let expected = flips[row] ? Double(extents[axes[row]] - 1) - along : along
        guard abs(found - expected) <= 0.25 else { return nil }
      }
    }
    return order
  }

  /// The inverse of the map's part without the last column; nil if it flattens space.
  private static func inverse(_ affine: [[Double]]) -> [[Double]]? {
    func minor(_ row: Int, _ column: Int) -> Double {
      let (rows, columns) = ([0, 1, 2].filter { $0 != row }, [0, 1, 2].filter { $0 != column })
      return affine[rows[0]][columns[0]] * affine[rows[1]][columns[1]]
        - affine[rows[0]][columns[1]] * affine[rows[1]][columns[0]]
    }
    func sign(_ row: Int, _ column: Int) -> Double { (row + column).isMultiple(of: 2) ? 1 : -1 }
    let determinant = (0..<3).reduce(0.0) { $0 + sign(0, $1) * affine[0][$1] * minor(0, $1) }
    let volume = (0..<3).reduce(1.0) { product, column in
      product * (0..<3).reduce(0.0) { $0 + affine[$1][column] * affine[$1][column] }.squareRoot()
    }
    guard abs(determinant) > 1e-6 * volume else { return nil }
    return (0..<3).map { row in
      (0..<3).map { sign(row, $0) * minor($0, row) / determinant }
    }
  }
}

extension VoxelGrid: CustomStringConvertible {
  /// The extents and the map, for messages.
  var description: String {
    let size = extents.map(String.init).joined(separator: "×")
    func list(_ values: [Double]) -> String {
      "[" + values.map(Self.brief).joined(separator: ", ") + "]"
    }
    guard isOriented else {
      let spacing = (0..<3).map { Self.brief(affine[$0][$0]) }.joined(separator: "×")
      return "\(size) voxels of \(spacing) mm, without sform or qform"
    }
    return "\(size) voxels, affine [\(affine.map(list).joined(separator: ", "))]"
  }

  /// The number to four decimals, without needless ones.
  private static func brief(_ value: Double) -> String {
    let rounded = (value * 1e4).rounded() / 1e4
    guard let whole = Int(exactly: rounded) else { return "\(rounded)" }
    return "\(whole)"
  }
}

/// The order in which a volume's axes are taken, and which of them against their direction.
struct AxisOrder: Hashable, Sendable {
  /// The former axis of each axis of the result.
  let axes: [Int]
  /// True if each axis of the result runs against the one that it was.
  let flips: [Bool]

  /// The axes as they are stored.
  static let stored = AxisOrder(axes: [0, 1, 2], flips: [false, false, false])

  /// The order that `next` makes of the axes in this one.
  func followed(by next: AxisOrder) -> AxisOrder {
    AxisOrder(
      axes: next.axes.map { axes[$0] },
      flips: (0..<3).map { next.flips[$0] != flips[next.axes[$0]] })
  }

  /// The first three extents in this order; others stay.
  func extents(of stored: [Int]) -> [Int] { axes.map { stored[$0] } + stored.dropFirst(3) }

  /// Voxels stored in `extents`, the first axis varying fastest, in this order.
  func applied<Value>(to values: [Value], extents: [Int]) -> [Value] {
    guard self != .stored else { return values }
    let strides = [1, extents[0], extents[0] * extents[1]]
    let volume = extents[0] * extents[1] * extents[2]
    let counts = axes.map { extents[$0] }
    let steps = (0..<3).map { flips[$0] ? -strides[axes[$0]] : strides[axes[$0]] }
    let first = (0..<3).reduce(0) { $0 + (flips[$1] ? strides[axes[$1]] * (counts[$1] - 1) : 0) }
    var result: [Value] = []
    result.reserveCapacity(values.count)
    for start in stride(from: 0, to: values.count, by: volume) {
      for z in 0..<counts[2] {
        for y in 0..<counts[1] {
          var place = start + first + z * steps[2] + y * steps[1]
          for _ in 0..<counts[0] {
            result.append(values[place])
            place += steps[0]
          }
        }
      }
    }
    return result
  }
}
