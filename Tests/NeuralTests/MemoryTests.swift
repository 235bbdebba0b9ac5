import Foundation
import Measures
import Models
import Neural
import Tensors
import Testing

@Suite struct `The memory of a training` {
  /// In a process of its own, as the most that this one has held is not of the training alone.
  @Test func `of the full ResNet-18 with batches of 20 stays under 400 MB`() async {
    await #expect(processExitsWith: .success) {
      let architecture = try Zoo.architecture(named: "resnet18")
      let network = architecture.network(stage: 4)
      let trainer = try Trainer(network: network, batch: 20)
      var parameters = architecture.initialize(stage: 4, random: RandomStream(seed: 1))
      let inputs = [Float](repeating: 0.5, count: 20 * network.input.count)
      var source = BatchesSource(batches: [(inputs, [Int32](repeating: 1, count: 20))])
      _ = try trainer.train(
        &parameters, source: &source, settings: TrainingSettings(learningRate: 0.01),
        random: RandomStream(seed: 1))
      // Not getrusage(2), whose peak begins with what the process held that made this one.
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
      let kibibytes = line.split(separator: " ").compactMap { Int($0) }.first
      guard let peak = kibibytes.map({ $0 * 1024 }) else { preconditionFailure("no VmHWM") }
      precondition(peak < 400_000_000, "\(peak) bytes at most")
    }
  }

  @Test func `that was given back leaves the next training its bits`() throws {
    let architecture = try Zoo.architecture(named: "convnet")
    let network = architecture.network(stage: 3)
    let start = architecture.initialize(stage: 3, random: RandomStream(seed: 1))
    let batches = (0..<10).map { step in
      let inputs = (0..<2 * network.input.count).map { Float(($0 * (step + 3)) % 17) / 17 }
      return (inputs, [Int32(step % 10), Int32((step + 5) % 10)])
    }
    func train(_ trainer: Trainer, _ parameters: inout [ParameterVector]) throws {
      var source = BatchesSource(batches: batches)
      let outcome = try trainer.train(
        &parameters, source: &source, settings: TrainingSettings(learningRate: 0.05),
        random: RandomStream(seed: 1))
      #expect(outcome.steps == 10)
    }
    let kept = try Trainer(network: network, batch: 2)
    var (again, fresh) = (start, start)
    for _ in 0..<2 {
      try train(kept, &again)
      try train(try Trainer(network: network, batch: 2), &fresh)
      #expect(again == fresh)
    }
    #expect(again != start)
  }
}
