import Datasets
import Foundation
import Measures
import Runtime

/// The speed of reading pictures from folders of classes.
package struct DataBenchmark: Sendable {
  /// The kinds of files that are made.
  package enum Kind: String, Sendable, CaseIterable {
    case png, jpeg
  }

  /// The figures.
  package struct Result: Sendable, Encodable {
    /// The number of pictures read.
    package var images: Int
    /// The pictures read and decoded in a second, on one core.
    package var imagesPerSecond: Double
    /// The files read in a second without being decoded.
    package var limitImagesPerSecond: Double
    /// The part of the limit that is reached.
    package var ratio: Double
    /// The number of threads of the second measurement.
    package var threads: Int
    /// The pictures read and decoded in a second, on all of these threads.
    package var parallelImagesPerSecond: Double
    /// The bytes of memory that the decoded samples take, which is all that stays.
    package var decodedBytes: Int
    /// The most bytes that were resident beyond those before the reading on all threads.
    package var addedBytes: Int
  }

  /// The number of pictures to be made.
  package var count: Int
  /// The rows and columns of each.
  package var side: Int
  /// The channels of each.
  package var channels: Int
  /// The kind of files.
  package var kind: Kind
  /// The threads of the second measurement.
  package var threads: Int

  /// A benchmark of pictures of the given number, size and kind.
  package init(count: Int, side: Int, channels: Int, kind: Kind, threads: Int) {
    self.count = count
    self.side = side
    self.channels = channels
    self.kind = kind
    self.threads = threads
  }

  /// Reads the pictures below `path`, or some that are made for it.
  ///
  /// - Returns: The speed, and that of the files alone.
  /// - Throws: `DatasetError`, which names a file that isn't a picture; errors of writing.
  package func measure(path: String?, clock: ContinuousClock) throws -> Result {
    guard let path else {
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "progfed-bench-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      try write(to: folder)
      return try measure(folder.path, clock)
    }
    return try measure(path, clock)
  }

  private func measure(_ path: String, _ clock: ContinuousClock) throws -> Result {
    // Once before the clock runs, so that the files lie in memory for all.
    let files = try OwnSamples.fileSizes(below: path).count
    let limit = try clock.measure { _ = try OwnSamples.fileSizes(below: path) }
    var (images, bytes) = (0, 0)
    func time(_ threads: Int) throws -> Double {
      let time = try clock.measure {
        let split = try OwnSamples.read(
          path: path, format: try OwnSamples.format(of: path, as: SampleFormat(fit: .resize)),
          holdOut: .none, seed: 1, work: SampleWork(threads: threads))
        images = split.train.count + split.test.count
        bytes = split.train.pixels.bytes + split.test.pixels.bytes
      }
      return time.seconds
    }
    let alone = Double(try time(1))
    (images, bytes) = (0, 0)
    ResidentMemory.trim()
    let before = ProcessMemory.resident
    ProcessMemory.forgetPeak()
    let together = try time(threads)
    let added = ProcessMemory.peak - before
    let (speed, fastest) = (Double(images) / alone, Double(files) / limit.seconds)
    return Result(
      images: images, imagesPerSecond: speed, limitImagesPerSecond: fastest,
      ratio: speed / fastest, threads: threads,
      parallelImagesPerSecond: Double(images) / together, decodedBytes: bytes,
      addedBytes: max(0, added))
  }

  /// Writes pictures with shapes and noise, which pack about as handwriting does.
  private func write(to folder: URL) throws {
    var stream = RandomStream(seed: 1)
    for number in 0..<count {
      let place = folder.appending(path: String(number % 10))
      if number < 10 {
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      }
      let (top, left) = (Int(stream.next() % UInt64(side)), Int(stream.next() % UInt64(side)))
      let pixels = (0..<side * side).flatMap { pixel in
        let isInside = pixel / side >= top && pixel % side >= left
        let value = isInside ? UInt8(128 + stream.next() % 128) : 0
        return Array(repeating: value, count: channels)
      }
      let file = place.appending(path: "\(number).\(kind.rawValue)")
      let bytes =
        switch kind {
        case .png:
          try PNGWriter.encode(
            pixels, rows: side, columns: side, channels: channels, path: file.path)
        case .jpeg:
          try JPEGWriter.encode(
            pixels, rows: side, columns: side, channels: channels, path: file.path)
        }
      try PlainFile.write(bytes, to: file.path)
    }
  }
}
