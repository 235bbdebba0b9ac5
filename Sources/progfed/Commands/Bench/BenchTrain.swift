import ArgumentParser
import Foundation
import Measures
import Models
import Neural

/// Measures local training.
struct BenchTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Measure local training: forward, loss, backward and SGD on synthetic images.",
    discussion: """
      The limit is what one core reaches, in the same run, in a direct convolution that suits it. The \
      ratio may be above 1: where the processor has AVX-512, some 3×3 convolutions are computed with \
      fewer products (Winograd), but counted with all.
      """)

  @Option(help: "The model; `progfed models` lists them.")
  var model: String = "convnet"

  @Option(help: "The stage, from 1 on; the last one if left out.")
  var stage: Int?

  @Option(help: "The samples in a step.")
  var batch: Int = 20

  @Option(
    help: """
      How many clients train at the same time, each on a thread of its own. With more than one, one \
      alone is measured before and after.
      """)
  var threads: Int = 1

  @Option(help: "How many steps of each client are measured.")
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
    let architecture = try Exit.reporting { try Zoo.architecture(named: model) }
    let stage = stage ?? architecture.stages
    guard (1...architecture.stages).contains(stage) else {
      throw ValidationError("--stage \(stage): \(model) has stages 1 to \(architecture.stages)")
    }
    try Exit.reporting {
      let measured = try measure(architecture, stage: stage)
      print(json ? try measured.json() : measured.text)
    }
  }

  private func measure(_ architecture: Architecture, stage: Int) throws -> Measured {
    var benchmark = TrainingBenchmark(architecture: architecture, stage: stage, batch: batch)
    var alone = threads > 1 ? try benchmark.run(steps: steps).imagesPerSecond : nil
    benchmark.threads = threads
    let result = try benchmark.run(steps: steps)
    if let before = alone {
      // A machine that others use too is slower at times: the better of two tries is compared with.
      benchmark.threads = 1
      alone = max(before, try benchmark.run(steps: steps).imagesPerSecond)
    }
    let limit = try ConvolutionLimit.gigaflopsPerSecond()
    let reached =
      Double(architecture.trainingFLOPs(stage: stage)) * result.imagesPerSecond / 1e9
    return Measured(
      model: model, stage: stage, batch: batch, threads: threads, steps: steps,
      imagesPerSecond: result.imagesPerSecond,
      imagesPerSecondAlone: alone, scaling: alone.map { result.imagesPerSecond / $0 },
      gigaflopsPerSecond: reached, limitGigaflopsPerSecond: limit,
      ratio: reached / (limit * Double(threads)),
      medianStepSeconds: result.medianStep.seconds,
      fastestStepSeconds: result.fastestStep.seconds,
      memoryPerThreadBytes: result.memoryPerThread.bytes, peakBytes: Self.peakBytes)
  }

  /// The most memory that the process has held so far.
  private static var peakBytes: Int {
    var usage = rusage()
    // SAFETY: the structure is a local variable.
    _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }
}

extension BenchTrain {
  /// The figures under the names of the JSON object.
  private struct Measured: Encodable {
    var model: String
    var stage: Int
    var batch: Int
    var threads: Int
    var steps: Int
    var imagesPerSecond: Double
    /// The speed of one client while no other trained; left out with one thread.
    var imagesPerSecondAlone: Double?
    /// The speed of all clients in that of one alone; left out with one thread.
    var scaling: Double?
    /// Multiplications and additions of convolutions and affine maps, in 10⁹ a second.
    var gigaflopsPerSecond: Double
    /// The figure of one core.
    var limitGigaflopsPerSecond: Double
    /// The speed in that of `threads` cores at the limit.
    var ratio: Double
    var medianStepSeconds: Double
    var fastestStepSeconds: Double
    var memoryPerThreadBytes: Int
    /// The whole process at its largest.
    var peakBytes: Int

    var text: String {
      let limit = limitGigaflopsPerSecond * Double(threads)
      let compared =
        if let scaling, let imagesPerSecondAlone {
          "\nscaling  \(scaling.fixed(2)) times one client's \(imagesPerSecondAlone.fixed(1)) images/s"
        } else {
          ""
        }
      return """
        \(model), stage \(stage), batch \(batch), threads \(threads)
        speed    \(imagesPerSecond.fixed(1)) images/s\(compared)
        step     median \((medianStepSeconds * 1e3).fixed(2)) ms, \
        fastest \((fastestStepSeconds * 1e3).fixed(2)) ms
        limit    \(gigaflopsPerSecond.fixed(1)) of \(limit.fixed(1)) GFLOP/s, ratio \(ratio.fixed(2))
        memory   \(ByteCount(memoryPerThreadBytes)) a thread, \
        the process at most \(ByteCount(peakBytes))
        """
    }

    func json() throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
