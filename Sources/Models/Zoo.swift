public import Tensors

/// The architectures by name.
public enum Zoo {
  /// One architecture's name and the input that it is meant for.
  public struct Entry: Hashable, Sendable {
    /// The name by which it is asked for.
    public let name: String
    /// The usual shape of one sample, `[C, H, W]`.
    public let input: Shape
    /// The usual number of classes.
    public let classes: Int
  }

  /// What there is.
  public static let entries: [Entry] = [
    Entry(name: "convnet", input: [1, 28, 28], classes: 10),
    Entry(name: "convnet-cifar", input: [3, 32, 32], classes: 10),
    Entry(name: "convnet-5x5", input: [1, 28, 28], classes: 10),
  ]

  /// The architecture called `name`.
  ///
  /// - Parameters:
  ///   - name: One of the names of `entries`.
  ///   - input: The shape of one sample, `[C, H, W]`; nil for the usual one.
  ///   - classes: How many classes to tell apart; nil for the usual number.
  ///   - options: What is chosen about the architecture.
  /// - Returns: The architecture, its layers checked for all stages.
  /// - Throws: `ModelError` if there is none of that name, or if the input or an option doesn't fit.
  public static func architecture(
    named name: String, input: Shape? = nil, classes: Int? = nil,
    options: ModelOptions = ModelOptions()
  ) throws(ModelError) -> Architecture {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .unknown(name: name, known: entries.map(\.name))
    }
    let (input, classes) = (input ?? entry.input, classes ?? entry.classes)
    guard classes >= 2 else { throw .tooFewClasses(name: name, classes: classes) }
    try options.refuse(all: ModelOptions.names, for: name)
    return switch name {
    case "convnet": try ConvNets.standard(name: name, input: input, classes: classes)
    case "convnet-cifar": try ConvNets.cifar(name: name, input: input, classes: classes)
    default: try ConvNets.wide(name: name, input: input, classes: classes)
    }
  }
}
