import Neural
import Tensors

/// The three small convolutional networks of the paper's experiments.
enum ConvNets {
  /// The networks by name; a new one is a function below and an entry here.
  static let entries = [
    entry("convnet", input: [1, 28, 28], standard),
    entry("convnet-cifar", input: [3, 32, 32], cifar),
    entry("convnet-5x5", input: [1, 28, 28], wide),
  ]

  private static func entry(
    _ name: String, input: Shape, _ blocks: @escaping @Sendable () -> [Block]
  ) -> Zoo.Entry {
    Zoo.Entry(
      name: name, input: input, classes: 10, options: ["stages"]
    ) { (request) throws(ModelError) in
      let architecture = try grown(request.name, request.input, request.classes, blocks())
      return try request.options.checkStages(of: architecture)
    }
  }

  /// Two convolutions and two affine maps for images of 1×28×28 (EMNIST), S = 3; 1,199,882
  /// parameters with 10 classes.
  @Sendable private static func standard() -> [Block] {
    [
      Block("block1", [.convolution(ConvolutionLayer("conv1", outputs: 32, window: 3)), .relu]),
      Block(
        "block2",
        [
          .convolution(ConvolutionLayer("conv2", outputs: 64, window: 3)), .relu,
          .maxPooling(PoolingLayer(window: 2)), .dropout(rate: 0.25),
        ]),
      Block(
        "block3",
        [.flatten, .linear(LinearLayer("fc1", outputs: 128)), .relu, .dropout(rate: 0.5)]),
    ]
  }

  /// Three convolutions and two affine maps for images of 3×32×32 (CIFAR-10), S = 4.
  @Sendable private static func cifar() -> [Block] {
    let pooling = Layer.maxPooling(PoolingLayer(window: 2))
    return [
      Block(
        "block1",
        [.convolution(ConvolutionLayer("conv1", outputs: 32, window: 3)), .relu, pooling]),
      Block(
        "block2",
        [.convolution(ConvolutionLayer("conv2", outputs: 64, window: 3)), .relu, pooling]),
      Block("block3", [.convolution(ConvolutionLayer("conv3", outputs: 64, window: 3)), .relu]),
      Block("block4", [.flatten, .linear(LinearLayer("fc1", outputs: 64)), .relu]),
    ]
  }

  /// Two 5×5 convolutions and two affine maps for images of 1×28×28 (MNIST), S = 3.
  @Sendable private static func wide() -> [Block] {
    let pooling = Layer.maxPooling(PoolingLayer(window: 2))
    return [
      Block(
        "block1",
        [
          .convolution(ConvolutionLayer("conv1", outputs: 32, window: 5, padding: 2)), .relu,
          pooling,
        ]),
      Block(
        "block2",
        [
          .convolution(ConvolutionLayer("conv2", outputs: 64, window: 5, padding: 2)), .relu,
          pooling,
        ]),
      Block("block3", [.flatten, .linear(LinearLayer("fc1", outputs: 512)), .relu]),
    ]
  }

  /// The blocks with the paper's heads: mean over all positions and a linear map to the classes;
  /// the last block is flat, so the last head is the linear map alone.
  private static func grown(
    _ name: String, _ input: Shape, _ classes: Int, _ blocks: [Block]
  ) throws(ModelError) -> Architecture {
    let classifier = Layer.linear(LinearLayer("fc", outputs: classes))
    let heads = blocks.indices.map { index in
      let layers =
        index < blocks.count - 1 ? [Layer.globalAveragePooling, classifier] : [classifier]
      return Block("head\(index + 1)", layers)
    }
    return try Architecture(
      name: name, input: input, classes: classes, blocks: blocks, heads: heads)
  }
}
