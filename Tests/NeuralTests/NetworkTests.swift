import Neural
import Tensors
import Testing

@Suite struct `A network` {
  @Test func `lists its parameters in PyTorch's order and axes`() throws {
    let small = try #require(SmallNetwork.all.first { $0.name == "stride and padding" })
    let layouts = try small.network().layouts
    #expect(layouts.map(\.name) == ["a", "b", "h"])
    #expect(
      layouts.flatMap(\.parameters).map { "\($0.name) \($0.shape)" } == [
        "c.weight 8×2×3×3", "c.bias 8", "d.weight 16×8×3×3", "d.bias 16", "f.weight 4×320",
      ])
  }

  @Test func `counts twice its multiplications, and backward only what is needed`() throws {
    let blocks = [
      Block("a", [.convolution(ConvolutionLayer("c", outputs: 4, window: 3)), .relu]),
      Block("b", [.convolution(ConvolutionLayer("d", outputs: 5, window: 1))]),
      Block("h", [.globalAveragePooling, .linear(LinearLayer("f", outputs: 3))]),
    ]
    let network = try Network(input: [2, 6, 5], classes: 3, blocks: blocks)
    let (first, second, third) = (2 * 4 * 2 * 9 * 12, 2 * 5 * 4 * 12, 2 * 3 * 5)
    #expect(network.forwardFLOPs == first + second + third)
    // The first layer's input needs no gradient.
    #expect(network.trainingFLOPs == 2 * first + 3 * second + 3 * third)
    // Frozen below: forward only there, and nothing flows down from the second layer.
    #expect(network.trainingFLOPs(trainable: [1, 2]) == first + 2 * second + 3 * third)
    #expect(network.trainingFLOPs(trainable: [0]) == 2 * first + 2 * second + 2 * third)
  }

  @Test func `says which window doesn't fit`() {
    let error = #expect(throws: NetworkError.self) {
      _ = try Network(
        input: [1, 2, 9], classes: 2,
        blocks: [Block("a", [.convolution(ConvolutionLayer("c", outputs: 4, window: 3))])])
    }
    #expect(error == .windowDoesNotFit(layer: "c", window: 3, input: [1, 2, 9]))
    #expect(
      error?.description.contains("a window of 3×3 doesn't fit into an input of 1×2×9") == true)
  }

  @Test func `wants one output for each class`() {
    #expect(throws: NetworkError.wrongOutput([4], classes: 3)) {
      _ = try Network(
        input: [1, 2, 2], classes: 3, blocks: [Block("a", [.linear(LinearLayer("f", outputs: 4))])])
    }
  }
}
