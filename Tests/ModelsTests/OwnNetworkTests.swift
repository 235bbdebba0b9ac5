import Foundation
import Measures
import Models
import Neural
import Tensors
import Testing

/// Three blocks for small images: each halves the image and doubles the channels.
func mine(input: Shape, classes: Int) throws -> Architecture {
  func convolution(_ name: String, _ channels: Int, stride: Int = 1) -> Layer {
    .convolution(
      ConvolutionLayer(
        name, outputs: channels, window: 3, stride: stride, padding: 1, bias: false))
  }
  func norm(_ name: String) -> Layer {
    .normalization(NormalizationLayer(name, .group(groups: 4)))
  }
  let blocks = (1...3).map { stage in
    let channels = 8 << stage
    return Block(
      "block\(stage)",
      [
        convolution("conv1", channels, stride: 2), norm("norm1"), .relu,
        // What comes in is added to what two more layers make of it.
        .residual(body: [convolution("conv2", channels), norm("norm2")], shortcut: []), .relu,
      ])
  }
  // A head for each stage; all but the last are thrown away when their stage ends.
  let heads = (1...3).map { stage in
    Block("head\(stage)", [.globalAveragePooling, .linear(LinearLayer("fc", outputs: classes))])
  }
  return try Architecture(
    name: "mine", input: input, classes: classes, blocks: blocks, heads: heads)
}

@Suite struct `A network of one's own` {
  @Test func `is what the article shows`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let article = try String(
      contentsOf: root.appending(path: "Sources/Models/Models.docc/YourOwnNetwork.md"),
      encoding: .utf8)
    let code = article.components(separatedBy: "```swift\n")[1].components(separatedBy: "```")[0]
    let function = try #require(code.components(separatedBy: "import Tensors\n\n").last)
    let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    #expect(function.count > 500 && source.contains(function))
  }

  @Test func `learns in each stage`() throws {
    let architecture = try mine(input: [3, 16, 16], classes: 4)
    #expect(architecture.stages == 3)
    let inputs = (0..<8 * 3 * 16 * 16).map { (index: Int) -> Float in Float(index * 37 % 101) / 50 }
    for stage in 1...3 {
      let random = RandomStream(seed: 3)
      var parameters = architecture.initialize(stage: stage, random: random)
      #expect(parameters.map(\.layout.name) == (1...stage).map { "block\($0)" } + ["head\(stage)"])
      let trainer = try Trainer(network: architecture.network(stage: stage), batch: 8)
      var losses: [Double] = []
      for _ in 0..<12 {
        var batch = OneBatch(inputs: inputs, labels: [0, 1, 2, 3, 0, 1, 2, 3])
        let outcome = try trainer.train(
          &parameters, source: &batch, settings: TrainingSettings(learningRate: 0.1),
          random: random)
        losses.append(outcome.meanLoss)
      }
      #expect(losses[11] < 0.97 * losses[0])
    }
  }

  /// The same samples, once.
  private struct OneBatch: BatchSource {
    let inputs: [Float]
    let labels: [Int32]
    var isOver = false

    init(inputs: [Float], labels: [Int32]) {
      self.inputs = inputs
      self.labels = labels
    }

    mutating func fill(_ batch: inout Batch) {
      batch.count = isOver ? 0 : labels.count
      isOver = true
      batch.inputs.replaceSubrange(inputs.indices, with: inputs)
      batch.labels.replaceSubrange(labels.indices, with: labels)
    }
  }
}
