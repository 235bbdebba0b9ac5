/// What a test writes into a NIfTI-1 file; each part can be wrong.
package struct NIfTIBytes {
  package var extents: [Int]
  package var voxels: [[UInt8]]
  package var type = 2
  package var bits = 8
  package var isBigEndian = false
  package var slope: Float = 1
  package var intercept: Float = 0
  package var offset: Float = 352
  package var mark = "n+1\0"
  package var headerSize = 348
  /// The distances of voxels, pixdim[1 …].
  package var spacing: [Float] = []
  /// The rows of the sform; none where it is nil.
  package var sform: [[Float]]?
  /// The qform's quaternion b, c, d, then its offset; none where it is nil.
  package var qform: [Float]?
  /// The sign of the third axis in the qform, pixdim[0].
  package var qfac: Float = 1

  /// Voxels of one byte each.
  package init(_ extents: [Int], _ voxels: [UInt8]) {
    self.extents = extents
    self.voxels = voxels.map { [$0] }
  }

  /// Voxels of several bytes, least significant first.
  package init<Value: FixedWidthInteger>(_ extents: [Int], _ voxels: [Value], type: Int) {
    self.extents = extents
    self.type = type
    bits = Value.bitWidth
    self.voxels = voxels.map { value in
      (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value(8 * $0)) }
    }
  }

  /// The whole file.
  package var bytes: [UInt8] { header + body }

  /// The file of a pair that has no voxels.
  package var pairHeader: [UInt8] {
    var copy = self
    (copy.mark, copy.offset) = ("ni1\0", 0)
    return Array(copy.header.prefix(348))
  }

  /// The voxels alone, the other file of a pair.
  package var body: [UInt8] { voxels.flatMap { isBigEndian ? $0.reversed() : $0 } }

  private var header: [UInt8] {
    var header = [UInt8](repeating: 0, count: 352)
    func put(_ value: UInt64, _ offset: Int, _ width: Int) {
      for index in 0..<width {
        let shift = 8 * (isBigEndian ? width - 1 - index : index)
        header[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(shift))
      }
    }
    put(UInt64(headerSize), 0, 4)
    put(UInt64(extents.count), 40, 2)
    for (axis, extent) in extents.enumerated() {
      put(UInt64(bitPattern: Int64(extent)), 42 + 2 * axis, 2)
    }
    put(UInt64(type), 70, 2)
    put(UInt64(bits), 72, 2)
    put(UInt64(offset.bitPattern), 108, 4)
    put(UInt64(slope.bitPattern), 112, 4)
    put(UInt64(intercept.bitPattern), 116, 4)
    func put(_ values: [Float], _ offset: Int) {
      for (index, value) in values.enumerated() {
        put(UInt64(value.bitPattern), offset + 4 * index, 4)
      }
    }
    put([qfac] + spacing, 76)
    if let qform {
      put(1, 252, 2)
      put(qform, 256)
    }
    if let sform {
      put(2, 254, 2)
      for (row, values) in sform.enumerated() { put(values, 280 + 16 * row) }
    }
    header.replaceSubrange(344..<348, with: mark.utf8)
    let padding = (352...10_000).contains(offset) ? Int(offset) - 352 : 0
    return header + Array(repeating: 7, count: padding)
  }
}
