import ArgumentParser
import Foundation
import Measures
import Models
import Neural

/// Measures local training.
struct BenchTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Measure local training: forward, loss, backward and SGD on synthetic images.")

  @Option(help: "The model; `progfed models` lists them.")
  var model: String = "convnet"

  @Option(help: "The stage, from 1 on; the last one if left out.")
  var stage: Int?

  @Option(help: "The samples in a step.")
  var batch: Int = 20

  @Option(help: "How many clients train at the same time, each on a thread of its own.")
  var threads: Int = 1

  @Option(help: "How many steps are measured.")
  var steps: Int = 20

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value, limit) in [
      ("batch", batch, 10_000), ("threads", threads, 1024), ("steps", steps, 1_000_000),
    ] where !(1...limit).contains(value) {
      throw ValidationError("--\(name) \(value): give a number from 1 to \(limit)")
    }
  }

  func run() throws {
    try Exit.reporting {
      let architecture = try Zoo.architecture(named: model)
      let stage = stage ?? architecture.stages
      guard (1...architecture.stages).contains(stage) else {
        throw ValidationError("--stage \(stage): \(model) has stages 1 to \(architecture.stages)")
      }
      let benchmark = TrainingBenchmark(
        architecture: architecture, stage: stage, batch: batch, threads: threads)
      let result = try benchmark.run(steps: steps)
      let measured = Measured(
        model: model, stage: stage, batch: batch, threads: threads, steps: steps,
        imagesPerSecond: result.imagesPerSecond,
        gigaflopsPerSecond: Double(architecture.trainingFLOPs(stage: stage))
          * result.imagesPerSecond / 1e9,
        medianStepSeconds: result.medianStep.seconds,
        fastestStepSeconds: result.fastestStep.seconds,
        memoryPerThreadBytes: result.memoryPerThread.bytes)
      print(json ? try measured.json() : measured.text)
    }
  }
}

extension BenchTrain {
  /// What was measured, under the names of the JSON object.
  private struct Measured: Encodable {
    var model: String
    var stage: Int
    var batch: Int
    var threads: Int
    var steps: Int
    var imagesPerSecond: Double
    /// Multiplications and additions of convolutions and affine maps, in 10⁹ a second.
    var gigaflopsPerSecond: Double
    var medianStepSeconds: Double
    var fastestStepSeconds: Double
    var memoryPerThreadBytes: Int

    var text: String {
      """
      \(model), stage \(stage), batch \(batch), threads \(threads): \(imagesPerSecond.fixed(1)) images/s, \
      \(gigaflopsPerSecond.fixed(1)) GFLOP/s, \(ByteCount(memoryPerThreadBytes)) a thread
      """
    }

    func json() throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
