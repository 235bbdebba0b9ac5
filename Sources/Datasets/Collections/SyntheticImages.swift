import Foundation
import Measures
package import Tensors

/// Images that are made, not read: of any shape, learnable, the same for the same seed.
///
/// A class is a smooth random pattern under noise. For segmentation, each image shows a disc per
/// class but the background, each class of its own brightness.
package struct SyntheticImages: ImageCollection, Hashable {
  /// The shape of one image, `[C, H, W]`.
  package var input: Shape
  /// The number of classes, at most 65,536; each has the same number of images, give or take one.
  package var classes: Int
  /// The number of training images.
  package var trainCount: Int
  /// The number of test images.
  package var testCount: Int
  /// True if each pixel has its own label.
  package var isSegmentation: Bool
  /// The seed of all random choices.
  package var seed: UInt64

  /// Images of the given shape.
  package init(
    input: Shape = [1, 28, 28], classes: Int = 10, trainCount: Int = 6000, testCount: Int = 1000,
    isSegmentation: Bool = false, seed: UInt64 = 0
  ) {
    precondition(input.dimensions.count == 3, "images of \(input) aren't channels×rows×columns")
    precondition((1...65_536).contains(classes), "\(classes) classes")
    precondition(trainCount >= 0 && testCount >= 0, "\(trainCount) and \(testCount) samples")
    self.input = input
    self.classes = classes
    self.trainCount = trainCount
    self.testCount = testCount
    self.isSegmentation = isSegmentation
    self.seed = seed
  }

  /// The name, "synthetic".
  package var name: String { "synthetic" }
  /// Around middle grey.
  package var normalization: Normalization {
    let channels = input.dimensions[0]
    return Normalization(
      means: Array(repeating: 0.5, count: channels),
      deviations: Array(repeating: 0.25, count: channels))
  }

  /// Makes both splits; there is no path.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    for count in [trainCount, testCount] {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: input.count)
      guard !overflow, bytes <= limit else {
        let size = overflow ? "more bytes than can be counted" : "\(bytes) bytes"
        throw .unsupported(
          path: "data.synthetic",
          reason: "\(count) images of \(input) take \(size), and at most \(limit) are made; "
            + "ask for fewer or smaller ones")
      }
    }
    return DatasetSplit(
      train: isSegmentation ? discs("train", trainCount) : patterns("train", trainCount),
      test: isSegmentation ? discs("test", testCount) : patterns("test", testCount))
  }

  private func dataset(_ pixels: [UInt8], _ labels: [UInt16]) -> Dataset {
    Dataset(
      name: name, input: input, classes: classes, normalization: normalization,
      pixels: .bytes(pixels), labels: labels,
      labelsPerSample: isSegmentation ? input.dimensions[1] * input.dimensions[2] : 1)
  }

  private func patterns(_ split: String, _ count: Int) -> Dataset {
    let templates = (0..<classes).map(template)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * input.count)
    for sample in 0..<count {
      let template = templates[sample % classes]
      var noise = ByteNoise(stream: stream.stream(split, sample))
      for level in template { pixels.append(Self.byte(level + noise.next())) }
    }
    return dataset(pixels, (0..<count).map { UInt16($0 % classes) })
  }

  /// A class' pattern: three random waves per channel around middle grey.
  private func template(of label: Int) -> [Int32] {
    let (height, width) = (input.dimensions[1], input.dimensions[2])
    var draw = stream.stream("template", label)
    var levels: [Int32] = []
    levels.reserveCapacity(input.count)
    for _ in 0..<input.dimensions[0] {
      let waves = (0..<3).map { _ in
        (
          down: 3 * draw.uniform(), across: 3 * draw.uniform(), phase: 2 * .pi * draw.uniform(),
          level: 20 + 20 * draw.uniform()
        )
      }
      for row in 0..<height {
        for column in 0..<width {
          let y = 2 * .pi * Double(row) / Double(height)
          let x = 2 * .pi * Double(column) / Double(width)
          let level = waves.reduce(128.0) { sum, wave in
            sum + wave.level * cos(wave.down * y + wave.across * x + wave.phase)
          }
          levels.append(Int32(level.rounded()))
        }
      }
    }
    return levels
  }

  private func discs(_ split: String, _ count: Int) -> Dataset {
    let (channels, height, width) = (input.dimensions[0], input.dimensions[1], input.dimensions[2])
    var pixels: [UInt8] = []
    var labels: [UInt16] = []
    pixels.reserveCapacity(count * input.count)
    labels.reserveCapacity(count * height * width)
    for sample in 0..<count {
      var draw = stream.stream(split, sample)
      var mask = [UInt16](repeating: 0, count: height * width)
      for label in 1..<max(classes, 1) {
        let radius = Double(min(height, width)) * (0.08 + 0.12 * draw.uniform())
        let (y, x) = (draw.uniform() * Double(height), draw.uniform() * Double(width))
        for row in 0..<height {
          for column in 0..<width
          where hypot(Double(row) + 0.5 - y, Double(column) + 0.5 - x) < radius {
            mask[row * width + column] = UInt16(label)
          }
        }
      }
      var noise = ByteNoise(stream: draw)
      for _ in 0..<channels {
        for label in mask {
          pixels.append(Self.byte(40 + 180 * Int32(label) / Int32(classes) + noise.next()))
        }
      }
      labels += mask
    }
    return dataset(pixels, labels)
  }

  private var stream: RandomStream { RandomStream(seed: seed).stream("dataset.synthetic") }

  private static func byte(_ level: Int32) -> UInt8 { UInt8(max(0, min(255, level))) }
}

/// Noise from −32 to 31, each value equally likely.
struct ByteNoise {
  private var stream: RandomStream
  private var bits: UInt64 = 0
  private var left = 0

  /// Noise drawn from `stream`, eight values to each 64 bits.
  init(stream: RandomStream) { self.stream = stream }

  /// The next value.
  mutating func next() -> Int32 {
    if left == 0 {
      bits = stream.next()
      left = 8
    }
    defer {
      bits >>= 8
      left -= 1
    }
    return Int32(bits & 63) - 32
  }
}
