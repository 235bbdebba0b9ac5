import Neural
import Tensors

/// Networks for vectors, such as the rows of a table: hidden layers of an affine map, a norm and a
/// ReLU.
///
/// Each hidden layer is a block, each head one affine map to the classes. An input of another shape
/// is read in row-major order.
enum MLPs {
  /// The network by name.
  static let entries = [
    Zoo.Entry(name: "mlp", input: [32], classes: 10, options: ["stages", "widths"]) {
      (request) throws(ModelError) in
      let widths = try widths(request.options, of: request.name)
      var options = request.options
      options.widths = widths
      return try Architecture(
        name: request.name, input: request.input, classes: request.classes,
        blocks: widths.enumerated().map { hidden($0 + 1, width: $1) },
        heads: widths.indices.map {
          Block("head\($0 + 1)", [.linear(LinearLayer("fc", outputs: request.classes))])
        }
      ).made(by: options)
    }
  ]

  /// The scalars of each hidden layer where none are chosen, and how many such layers there are.
  private static let usual = (width: 64, layers: 3)

  /// A layer of one unit would be constant behind its norm.
  private static let limits = (widths: 2...16_384, layers: 1...64)

  /// Hidden layer `index`, from 1.
  ///
  /// The norm is over all units of one sample, so that neither small batches nor clients with
  /// samples of other kinds than most disturb it.
  private static func hidden(_ index: Int, width: Int) -> Block {
    Block(
      "block\(index)",
      [
        .flatten, .linear(LinearLayer("fc\(index)", outputs: width)),
        .normalization(NormalizationLayer("norm\(index)", .group(groups: 1))), .relu,
      ])
  }

  /// The scalars of each hidden layer: those that were chosen, or as many usual ones as stages.
  private static func widths(
    _ options: ModelOptions, of name: String
  ) throws(ModelError) -> [Int] {
    func refusal(_ option: String, _ value: String, _ supported: String) -> ModelError {
      .unsupportedOption(name: name, option: option, value: value, supported: [supported])
    }
    let layers = "\(limits.layers.lowerBound) to \(limits.layers.upperBound)"
    guard let widths = options.widths else {
      let stages = options.stages ?? usual.layers
      guard limits.layers.contains(stages) else { throw refusal("stages", "\(stages)", layers) }
      return Array(repeating: usual.width, count: stages)
    }
    guard limits.layers.contains(widths.count), widths.allSatisfy(limits.widths.contains) else {
      throw refusal(
        "widths", "\(widths)",
        "\(layers) numbers from \(limits.widths.lowerBound) to \(limits.widths.upperBound)")
    }
    guard options.stages ?? widths.count == widths.count else {
      throw refusal(
        "stages", "\(options.stages ?? 0)", "\(widths.count), as many as there are widths")
    }
    return widths
  }
}
