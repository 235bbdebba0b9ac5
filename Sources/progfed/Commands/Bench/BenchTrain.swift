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
      print("\(result.imagesPerSecond.fixed(1)) images/s")
    }
  }
}
