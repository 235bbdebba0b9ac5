import Foundation
import TestSupport
import Testing

/// What `bench train` prints, as far as it is looked at.
private struct TrainFigures: Decodable {
  var model: String
  var stage: Int
  var threads: Int
  var imagesPerSecond: Double
  var imagesPerSecondAlone: Double?
  var scaling: Double?
  var gigaflopsPerSecond: Double
  var limitGigaflopsPerSecond: Double
  var ratio: Double
  var memoryPerThreadBytes: Int
  var peakBytes: Int
}

/// What `bench data` prints.
private struct DataFigures: Decodable {
  var images: Int
  var imagesPerSecond: Double
  var limitImagesPerSecond: Double
  var ratio: Double
  var threads: Int
  var parallelImagesPerSecond: Double
  var decodedBytes: Int
  var addedBytes: Int
}

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct BenchTests {
  @Test(arguments: [1, 2])
  func `training is measured beside a limit and beside one client`(threads: Int) throws {
    let bench = try Command([
      "bench", "train", "--model", "convnet", "--stage", "2", "--batch", "4", "--steps", "3",
      "--threads", "\(threads)", "--json",
    ])
    #expect(bench.status(within: 120) == 0, "\(bench.standardError)")
    let figures = try JSONDecoder().decode(
      TrainFigures.self, from: Data(bench.standardOutput.utf8))
    #expect(figures.model == "convnet" && figures.stage == 2 && figures.threads == threads)
    #expect(figures.imagesPerSecond > 0 && figures.limitGigaflopsPerSecond > 0)
    let limit = figures.limitGigaflopsPerSecond * Double(threads)
    #expect(abs(figures.ratio * limit - figures.gigaflopsPerSecond) < 1e-6 * limit)
    #expect(figures.memoryPerThreadBytes > 0)
    #expect(figures.peakBytes > threads * figures.memoryPerThreadBytes)
    #expect((figures.scaling == nil) == (threads == 1))
    guard let scaling = figures.scaling, let alone = figures.imagesPerSecondAlone else { return }
    #expect(abs(scaling * alone - figures.imagesPerSecond) < 1e-6 * figures.imagesPerSecond)
  }

  @Test func `training as text names speed, limit and memory`() throws {
    let bench = try Command([
      "bench", "train", "--model", "convnet", "--stage", "1", "--batch", "2", "--steps", "2",
    ])
    #expect(bench.status(within: 120) == 0, "\(bench.standardError)")
    for word in ["images/s", "GFLOP/s, ratio", "a thread", "the process at most"] {
      #expect(bench.standardOutput.contains(word), "\(bench.standardOutput)")
    }
    let wrong = try Command(["bench", "train", "--model", "convnet", "--stage", "4"])
    #expect(wrong.status(within: 20) == 64 && wrong.standardError.contains("stages 1 to 3"))
  }

  @Test(arguments: ["png", "jpeg"])
  func `reading pictures is measured beside reading their files`(kind: String) throws {
    let bench = try Command([
      "bench", "data", "--count", "300", "--kind", kind, "--threads", "2", "--json",
    ])
    #expect(bench.status(within: 120) == 0, "\(bench.standardError)")
    let figures = try JSONDecoder().decode(DataFigures.self, from: Data(bench.standardOutput.utf8))
    #expect(figures.images == 300 && figures.threads == 2 && figures.decodedBytes == 300 * 784)
    #expect(figures.addedBytes < figures.decodedBytes + 32 << 20, "\(figures.addedBytes) bytes")
    #expect(figures.imagesPerSecond > 0 && figures.parallelImagesPerSecond > 0)
    let limit = figures.limitImagesPerSecond
    #expect(abs(figures.ratio * limit - figures.imagesPerSecond) < 1e-6 * limit)
  }
}
