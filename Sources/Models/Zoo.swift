public import Tensors

/// The architectures by name.
public enum Zoo {
  /// One architecture's name and the input that it is meant for.
  public struct Entry: Sendable {
    /// The name by which it is asked for.
    public let name: String
    /// The usual shape of one sample, `[C, H, W]` or `[N]`.
    public let input: Shape
    /// The usual number of classes.
    public let classes: Int
    /// The options that it has.
    let options: Set<String>
    /// Makes the architecture that is asked for.
    let make: @Sendable (Request) throws(ModelError) -> Architecture
  }

  /// A call for an architecture, with everything settled.
  struct Request {
    /// The name of the entry.
    let name: String
    /// The shape of one sample, `[C, H, W]` or `[N]`.
    let input: Shape
    /// The number of classes, two or more.
    let classes: Int
    /// The choices about it; none of an option that the entry doesn't have.
    let options: ModelOptions
  }

  /// All architectures.
  ///
  /// Each family lists its own, so that a new member is written in one file.
  public static let entries =
    ConvNets.entries + VGGs.entries + ResNets.entries + UNet.entries + MLPs.entries

  /// The architecture called `name`.
  ///
  /// - Parameters:
  ///   - name: One of the names of `entries`.
  ///   - input: The shape of one sample, `[C, H, W]` or `[N]`; nil for the usual one.
  ///   - classes: The number of classes to tell apart; nil for the usual number.
  ///   - options: The choices about the architecture.
  /// - Returns: The architecture, its layers checked for all stages.
  /// - Throws: `ModelError` if there is none of that name, or if the input or an option doesn't
  ///   fit.
  public static func architecture(
    named name: String, input: Shape? = nil, classes: Int? = nil,
    options: ModelOptions = ModelOptions()
  ) throws(ModelError) -> Architecture {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .unknown(name: name, known: entries.map(\.name))
    }
    let (input, classes) = (input ?? entry.input, classes ?? entry.classes)
    guard classes >= 2 else { throw .tooFewClasses(name: name, classes: classes) }
    try options.refuse(allBut: entry.options, for: name)
    return try entry.make(
      Request(name: name, input: input, classes: classes, options: options))
  }
}
