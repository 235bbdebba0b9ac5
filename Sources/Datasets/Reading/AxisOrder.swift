/// The order in which a volume's axes are taken, and which of them against their direction.
struct AxisOrder: Hashable, Sendable {
  /// Which axis each one of the result was.
  let axes: [Int]
  /// Whether each axis of the result runs against the one that it was.
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
