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
}
