import Foundation
import Models
import Neural
import Tensors
import Testing

extension TrainingSettings.Optimizer: Decodable {}

/// The values that Fixtures/generate.py wrote.
struct Fixtures: Decodable {
  struct Summary: Decodable {
    let sum: Double
    let norm: Double
    let stride: Int
    let samples: [Float]
  }

  struct Case: Decodable, CustomTestStringConvertible {
    let model: String
    let stage: Int
    let input: [Int]
    let width: Int?
    let widths: [Int]?
    let stem: String?
    let warmUp: Bool
    let optimizer: TrainingSettings.Optimizer
    let rate: Float
    let nesterov: Bool
    let losses: [Double]
    let logits: [Float]
    let gradients: [Summary]
    let parameters: [Summary]

    var testDescription: String {
      "\(model) stage \(stage) \(optimizer.rawValue)\(warmUp ? " warm-up" : "")"
    }

    var settings: TrainingSettings {
      var settings = TrainingSettings(learningRate: Double(rate))
      settings.optimizer = optimizer
      settings.nesterov = nesterov
      settings.drops = false
      return settings
    }

    func network() throws -> Network {
      if let layers = Fixtures.layers[model] {
        return try Network(
          input: Shape(input), classes: 10,
          blocks: [
            Block(
              "block1",
              [.convolution(ConvolutionLayer("first", outputs: 12, window: 3, padding: 1))]
                + layers),
            Block("head1", [.flatten, .linear(LinearLayer("last", outputs: 10))]),
          ])
      }
      var options = ModelOptions()
      options.width = width
      options.widths = widths
      options.stem = stem.flatMap(ModelOptions.Stem.init)
      return try Zoo.architecture(
        named: model, input: Shape(input), classes: 10, options: options
      ).network(stage: stage)
    }
  }

  let cases: [Case]

  static var all: [Case] {
    get throws {
      try ["convnets", "resnets", "vggs", "layers", "mlps"].flatMap { name in
        let url = try #require(
          Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures"))
        return try JSONDecoder().decode(Fixtures.self, from: Data(contentsOf: url)).cases
      }
    }
  }

  /// The layers that generate.py tries one by one.
  static let layers: [String: [Layer]] = [
    "group norm": [norm("n", 3), .relu],
    "batch norm": [.normalization(NormalizationLayer("n", .batch(momentum: 0.1))), .relu],
    "residual": [
      .residual(
        body: [
          convolution("c", 12, window: 3),
          .normalization(NormalizationLayer("n", .batch(momentum: 0.1))),
        ], shortcut: []), .relu,
    ],
    "projection": [
      .residual(
        body: [convolution("c", 20, window: 3, stride: 2), norm("n", 4)],
        shortcut: [convolution("d", 20, window: 1, stride: 2), norm("m", 2)]), .relu,
    ],
    "max-pooling": [.maxPooling(PoolingLayer(window: 3, stride: 2, padding: 1))],
    "average pooling": [.averagePooling(PoolingLayer(window: 3, stride: 2, padding: 1))],
    "adaptive average pooling": [.adaptiveAveragePooling(rows: 3, columns: 2)],
    "strided convolution": [
      .convolution(ConvolutionLayer("c", outputs: 9, window: 3, stride: 2, padding: 1)), .relu,
    ],
    "linear": [.flatten, .linear(LinearLayer("l", outputs: 11)), .relu],
  ]

  private static func norm(_ name: String, _ groups: Int) -> Layer {
    .normalization(NormalizationLayer(name, .group(groups: groups)))
  }

  private static func convolution(
    _ name: String, _ outputs: Int, window: Int, stride: Int = 1
  ) -> Layer {
    .convolution(
      ConvolutionLayer(
        name, outputs: outputs, window: window, stride: stride, padding: window / 2, bias: false))
  }
}
