import Foundation
import Tensors

/// Samples and labels in two NumPy arrays: files, or entries of an archive.
struct ArrayPair: OwnSource {
  private let samples: NPYArray
  private let labels: NPYArray
  /// The shape of one sample as it will be kept, before it is fitted.
  private let stored: Shape
  private let isChannelsLast: Bool

  /// Samples along the first axis of `samples`, each with its label or labels.
  init(samples: NPYArray, labels: NPYArray, format: SampleFormat) throws(DatasetError) {
    guard let count = samples.extents.first, samples.each > 0, labels.extents.first == count else {
      throw .countMismatch(
        path: samples.path, count: samples.extents.first ?? 0, other: labels.path,
        otherCount: labels.extents.first ?? 0)
    }
    if case .text = samples.element {
      throw .unsupported(path: samples.path, reason: "samples are numbers, and these are text")
    }
    let sample = Array(samples.extents.dropFirst())
    let wanted = format.imageShape?.dimensions
    switch sample.count {
    case 1:
      (stored, isChannelsLast) = ([sample[0], 1, 1], false)
    case 2: (stored, isChannelsLast) = ([1, sample[0], sample[1]], false)
    case 3:
      let channels = wanted?[0]
      let isFirst = channels.map { $0 == sample[0] } ?? (sample[0] <= 4 || sample[2] > 4)
      let isLast = !isFirst && (channels.map { $0 == sample[2] } ?? true)
      isChannelsLast = isLast
      stored =
        isLast ? [sample[2], sample[0], sample[1]] : [sample[0], sample[1], sample[2]]
    default:
      throw .malformed(
        path: samples.path, at: "shape", reason: "\(samples.extents) isn't one of samples",
        remedy: "write [N, n], [N, H, W], [N, C, H, W] or [N, H, W, C]")
    }
    let inside = Array(labels.extents.dropFirst())
    guard inside.allSatisfy({ $0 == 1 }) || inside.filter({ $0 != 1 }) == stored.pixels else {
      throw .malformed(
        path: labels.path, at: "shape",
        reason: "\(labels.extents) has neither one label per sample nor one per pixel of \(stored)",
        remedy: "write [N] or [N, H, W]")
    }
    (self.samples, self.labels) = (samples, labels)
  }

  var keys: [String] { (0..<samples.count).map(String.init) }
  var isSegmentation: Bool { labels.each > 1 }

  func input() -> Shape? {
    guard samples.count > 0 else { return nil }
    return samples.extents.count == 2 ? [stored.dimensions[0]] : stored
  }

  func labelNames() throws(DatasetError) -> [String] {
    var names: Set<String> = []
    for sample in keys.indices {
      for place in labels.places(of: sample) { names.insert(try label(at: place, of: sample)) }
    }
    guard let numbers = Self.numbers(names) else { return names.sorted(by: ClassNames.precede) }
    guard let largest = numbers.max(), largest < 1 << 16, numbers.allSatisfy({ $0 >= 0 }) else {
      return names.sorted(by: ClassNames.precede)
    }
    return ClassNames.numbered(largest + 1)
  }

  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError) {
    let values = try samples.reading(index).intensities(
      of: index, isChannelsLast: isChannelsLast)
    var numbers: [UInt16] = []
    // Neighbours mostly have the same label, which is looked up once.
    var last: (bits: UInt64, number: UInt16)?
    for place in labels.places(of: index) {
      let bits = labels.bits(at: place)
      if let last, last.bits == bits, bits != nil {
        numbers.append(last.number)
        continue
      }
      let number = try stack.names.number(
        of: label(at: place, of: index), path: labels.path, at: "sample \(index), counted from 0")
      numbers.append(number)
      last = bits.map { ($0, number) }
    }
    let fit = ArrayFit(stored: stored, input: stack.input, fit: stack.fit)
    let shaped = try fit.intensities(values, path: samples.path)
    if isSegmentation {
      numbers = LabelFit.resized(
        numbers, rows: stored.dimensions[1], columns: stored.dimensions[2], to: stack.input)
    }
    try stack.append(shaped, labels: numbers, path: samples.path)
  }

  private func label(at place: Int, of sample: Int) throws(DatasetError) -> String {
    guard let label = labels.label(at: place) else {
      throw .malformed(
        path: labels.path, at: "sample \(sample), counted from 0",
        reason: "the label isn't a whole number or text", remedy: "save labels as integers or text")
    }
    return label
  }

  private static func numbers(_ names: Set<String>) -> [Int]? {
    let numbers = names.compactMap { Int($0) }
    return numbers.count == names.count ? numbers : nil
  }
}

extension Shape {
  /// The rows and columns of a shape `[C, H, W]`, without those of 1.
  fileprivate var pixels: [Int] { dimensions.dropFirst().filter { $0 != 1 } }
}

/// The way of an array's sample into the shape that a network sees.
struct ArrayFit {
  /// The shape of the sample, `[C, H, W]`.
  let stored: Shape
  /// The wanted shape, `[C, H, W]`.
  let input: Shape
  /// The treatment of other rows and columns.
  let fit: SampleFormat.Fit

  /// The intensities in shape; the number of channels must be the wanted one.
  func intensities(_ values: Intensities, path: String) throws(DatasetError) -> Intensities {
    guard stored != input else { return values }
    guard stored.dimensions[0] == input.dimensions[0], fit == .resize else {
      throw .wrongSize(path: path, found: stored, wanted: input)
    }
    switch values {
    case .bytes(let bytes):
      return .bytes(resized(bytes.map { Double($0) }).map { UInt8($0.rounded()) })
    case .words(let words):
      return .words(resized(words.map { Double($0) }).map { UInt16($0.rounded()) })
    case .floats(let floats): return .floats(resized(floats.map { Double($0) }).map { Float($0) })
    }
  }

  private func resized(_ values: [Double]) -> [Double] {
    let (rows, columns) = (stored.dimensions[1], stored.dimensions[2])
    let down = AxisWeights(from: rows, to: input.dimensions[1])
    let across = AxisWeights(from: columns, to: input.dimensions[2])
    let area = rows * columns
    return (0..<stored.dimensions[0]).flatMap { channel in
      across.alongRows(
        of: down.alongColumns(
          of: Array(values[channel * area..<(channel + 1) * area]), columns: columns),
        columns: columns)
    }
  }
}
