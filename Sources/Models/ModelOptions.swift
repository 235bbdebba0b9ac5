public import Neural

/// The options of an architecture; nil leaves the choice to the architecture.
///
/// An option that an architecture doesn't have is refused, never ignored.
public struct ModelOptions: Hashable, Sendable {
  /// The first layers of a residual network, which may reduce the image.
  public enum Stem: String, Hashable, Sendable, CaseIterable {
    /// A 3×3 convolution that keeps the size, for images of 32×32 and the like.
    case cifar
    /// A 7×7 convolution of stride 2 and a max-pooling of stride 2, for images of 224×224.
    case imagenet
  }

  /// The number of stages, S.
  public var stages: Int?
  /// The first layers, which may reduce the image.
  public var stem: Stem?
  /// The channels of the first convolution, of which those of the others are multiples.
  public var width: Int?
  /// The scalars of each hidden layer of a network for vectors.
  public var widths: [Int]?
  /// The number of a U-Net's resolutions, L.
  public var levels: Int?
  /// In which order a U-Net grows.
  public var order: Nesting?
  /// The loss that a network of masks is trained for.
  public var loss: PixelLoss?

  /// Nothing chosen.
  public init() {}
}

extension ModelOptions {
  /// The names of all options, in the order in which they are refused.
  private static let names = ["levels", "order", "loss", "stem", "width", "widths", "stages"]

  /// The choice for the option called `name`, as text; nil if there is none.
  private func value(of name: String) -> String? {
    switch name {
    case "stages": stages.map(String.init)
    case "stem": stem?.rawValue
    case "width": width.map(String.init)
    case "widths": widths.map { "\($0)" }
    case "levels": levels.map(String.init)
    case "order": order?.rawValue
    case "loss": loss?.rawValue
    default: preconditionFailure("an option called \(name)")
    }
  }

  /// Throws if an option was chosen that isn't one of `known`, which the architecture `name` has.
  func refuse(allBut known: Set<String>, for name: String) throws(ModelError) {
    for option in Self.names where !known.contains(option) {
      guard let value = value(of: option) else { continue }
      throw .unsupportedOption(name: name, option: option, value: value, supported: [])
    }
  }

  /// The architecture itself, if it has as many stages as were chosen.
  func checkStages(of architecture: Architecture) throws(ModelError) -> Architecture {
    guard let stages, stages != architecture.stages else { return architecture.made(by: self) }
    throw .unsupportedOption(
      name: architecture.name, option: "stages", value: "\(stages)",
      supported: ["\(architecture.stages)"])
  }

  /// The width that was chosen, which has to be a multiple of `unit`, or the usual one.
  func width(
    of name: String, usually usual: Int, multipleOf unit: Int
  ) throws(ModelError) -> Int {
    guard let width else { return usual }
    guard width > 0, width <= 4096, width % unit == 0 else {
      throw .unsupportedOption(
        name: name, option: "width", value: "\(width)",
        supported: ["a multiple of \(unit) up to 4096"])
    }
    return width
  }
}
