import Measures
import Neural
import Tensors
import Testing

@Suite struct `Masks` {
  private func network(_ classes: Int = 3) throws -> Network {
    try Network(
      input: [1, 4, 4], classes: classes,
      blocks: [
        Block("block1", [.convolution(ConvolutionLayer("c", outputs: 8, window: 3, padding: 1))]),
        Block("head1", [.relu, .convolution(ConvolutionLayer("m", outputs: classes, window: 1))]),
      ], objective: .pixels(.crossEntropyAndDice))
  }

  @Test func `are scored pixel by pixel, whatever the batch size`() throws {
    let network = try network()
    var key: UInt64 = 3
    let parameters = network.layouts.map { ParameterVector(filling: $0, key: &key) }
    let inputs = fill(key: 9, count: 5 * 16, bound: 2)
    let labels = (0..<5 * 16).map { Int32($0 * 5 % 3) }
    let trainer = try Trainer(network: network, batch: 2)
    var logits = ArraySource(inputs: inputs, labels: labels)
    let values = try trainer.predictions(parameters, source: &logits)
    var confusion = Array(repeating: 0, count: 9)
    for sample in 0..<5 {
      for pixel in 0..<16 {
        let scores = (0..<3).map { values[(sample * 3 + $0) * 16 + pixel] }
        let guess = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        confusion[Int(labels[sample * 16 + pixel]) * 3 + guess] += 1
      }
    }
    for batch in [1, 2, 5] {
      var source = ArraySource(inputs: inputs, labels: labels)
      let evaluation = try trainer.evaluate(parameters, source: &source, batch: batch)
      #expect(evaluation.samples == 5 && evaluation.labels == 80)
      #expect(evaluation.confusion == confusion && evaluation.classes.isEmpty)
      #expect(evaluation.correct == confusion[0] + confusion[4] + confusion[8])
    }
  }

  @Test func `have the Dice coefficient of any region`() {
    var evaluation = Evaluation()
    #expect(evaluation.dice(of: [1]) == nil)
    // Rows are what is right: 10 pixels of background, 6 of class 1, 4 of class 2.
    evaluation.confusion = [8, 1, 1, 0, 3, 3, 2, 0, 2]
    #expect(evaluation.dice(of: [1]) == 2 * 3.0 / (6 + 4))
    #expect(evaluation.dice(of: [2]) == 2 * 2.0 / (4 + 6))
    #expect(evaluation.dice(of: [1, 2]) == 2 * 8.0 / (10 + 10))
    evaluation.add(evaluation)
    #expect(evaluation.dice(of: [1]) == 0.6)
    var nothing = Evaluation()
    nothing.confusion = [5, 0, 0, 0]
    #expect(nothing.dice(of: [1]) == 1)
  }

  @Test func `want a logit for each class and pixel of the input`() {
    #expect(throws: NetworkError.wrongMask([3, 2, 2], needed: [3, 4, 4])) {
      _ = try Network(
        input: [1, 4, 4], classes: 3,
        blocks: [Block("a", [.convolution(ConvolutionLayer("c", outputs: 3, window: 3))])],
        objective: .pixels(.dice))
    }
  }

  @Test func `are told what can't be joined`() {
    func error(_ layers: [Layer]) -> NetworkError? {
      do throws(NetworkError) {
        _ = try Network(input: [2, 4, 4], classes: 2, blocks: [Block("a", layers)])
        return nil
      } catch { return error }
    }
    #expect(error([.concatenation("x")]) == .notKept(name: "x", block: "a"))
    #expect(error([.keep("x"), .keep("x")]) == .keptTwice(name: "x", block: "a"))
    let same = error([.keep("x"), .concatenation("x")])
    #expect(same == .notJoined(name: "x", block: "a", kept: [2, 4, 4], input: [2, 4, 4]))
    let pooled = error([.keep("x"), .maxPooling(PoolingLayer(window: 2)), .concatenation("x")])
    #expect(pooled == .notJoined(name: "x", block: "a", kept: [2, 4, 4], input: [2, 2, 2]))
    let cut = TransposedConvolutionLayer("t", outputs: 1, window: 1, stride: 1, padding: 2)
    #expect(error([.transposedConvolution(cut)]) == .nothingLeft(layer: "t", input: [2, 4, 4]))
    for error in [same, pooled] { #expect(error?.description.contains("x was kept") == true) }
  }
}
