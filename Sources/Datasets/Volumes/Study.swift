import Foundation
import Measures

/// One patient's volumes of several modalities, voxel on voxel, with their label map.
struct Study {
  /// The user of the data set to whom it belongs.
  let user: Int
  /// The file of the label map, for messages.
  let path: String
  /// The extents along x, y and z.
  let extents: [Int]
  /// The voxels of each modality, standardized where the modality isn't 0.
  let channels: [[Float]]
  /// The class of each voxel.
  let labels: [UInt16]

  /// The remark to make once it is read; nil for none.
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

  /// The values less their mean over their deviation, both over what isn't 0; what is 0, outside of
  /// the head, stays 0.
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

/// A part of a mask that a Dice coefficient is reported of: the pixels of one class or of several.
package struct LabelRegion: Hashable, Sendable {
  /// Its name: "whole tumour".
  package let name: String
  /// The classes whose pixels belong to it.
  package let classes: Set<Int>

  /// A region of the given classes.
  package init(_ name: String, _ classes: Set<Int>) {
    self.name = name
    self.classes = classes
  }

  /// Each class but the background, 0, on its own.
  package static func each(of classes: Int) -> [LabelRegion] {
    (1..<max(classes, 1)).map { LabelRegion("class \($0)", [$0]) }
  }
}

/// The distortion of intensities by one site's scanner: a power law, a gain, an offset, a bias
/// across the image, and noise.
struct SiteDistortion {
  private let exponent: Float
  private let gain: Float
  private let offset: Float
  private let slopes: (down: Float, across: Float)
  private let noise: Float
  private let stream: RandomStream

  /// The distortion of site `site`, drawn from `stream`.
  init(site: Int, stream: RandomStream) {
    var draw = stream.stream("site", site)
    func between(_ lower: Double, _ upper: Double) -> Float {
      Float(lower + (upper - lower) * draw.uniform())
    }
    exponent = exp(between(-0.4, 0.4))
    gain = between(0.6, 1)
    offset = between(0, 0.1)
    slopes = (between(-0.25, 0.25), between(-0.25, 0.25))
    noise = between(0, 0.04)
    self.stream = stream.stream("noise", site)
  }

  /// The bytes of slice number `serial`, `image` holding intensities from 0 to 1.
  func distort(_ image: [Float], rows: Int, columns: Int, serial: Int) -> [UInt8] {
    var draw = stream.stream("slice", serial)
    return image.indices.map { index in
      let y = Float(index / columns) / Float(rows) - 0.5
      let x = Float(index % columns) / Float(columns) - 0.5
      let bias = 1 + slopes.down * y + slopes.across * x
      let level = gain * bias * pow(image[index], exponent) + offset
      let noisy = level + noise * Float(draw.normal())
      return UInt8(max(0, min(255, (255 * noisy).rounded())))
    }
  }
}
