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
    /// The family that it is an instance of.
    let family: Family
  }

  /// The families of architectures.
  enum Family: Hashable {
    /// Small convolutional networks.
    case convNet(ConvNets)
    /// VGG networks by depth, with or without batch norm.
    case vgg(depth: Int, normalized: Bool)
    /// Residual networks by depth.
    case resNet(depth: Int)
    /// The U-Net.
    case uNet
  }

  /// All architectures.
  public static let entries: [Entry] =
    [
      Entry(name: "convnet", input: [1, 28, 28], classes: 10, family: .convNet(.standard)),
      Entry(name: "convnet-cifar", input: [3, 32, 32], classes: 10, family: .convNet(.cifar)),
      Entry(name: "convnet-5x5", input: [1, 28, 28], classes: 10, family: .convNet(.wide)),
    ]
    + [11, 13, 16, 19].flatMap { depth in
      [false, true].map { normalized in
        Entry(
          name: "vgg\(depth)\(normalized ? "-bn" : "")", input: [3, 32, 32], classes: 10,
          family: .vgg(depth: depth, normalized: normalized))
      }
    }
    + [18, 34, 50, 101, 152].map { depth in
      Entry(
        name: "resnet\(depth)", input: [3, 24, 24], classes: 100, family: .resNet(depth: depth))
    }
    + [Entry(name: "unet", input: [4, 96, 96], classes: 4, family: .uNet)]

  /// The architecture called `name`.
  ///
  /// - Parameters:
  ///   - name: One of the names of `entries`.
  ///   - input: The shape of one sample, `[C, H, W]`; nil for the usual one.
  ///   - classes: How many classes to tell apart; nil for the usual number.
  ///   - options: What is chosen about the architecture.
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
    if entry.family != .uNet {
      try options.refuse(all: ["levels", "order", "loss"], for: name)
    }
    switch entry.family {
    case .convNet(let kind):
      try options.refuse(all: ["stem", "width"], for: name)
      let architecture = try kind.architecture(name: name, input: input, classes: classes)
      return try options.checkStages(of: architecture)
    case .vgg(let depth, let normalized):
      return try VGGs.architecture(
        depth: depth, normalized: normalized, name: name, input: input, classes: classes,
        options: options)
    case .resNet(let depth):
      return try ResNets.architecture(
        depth: depth, name: name, input: input, classes: classes, options: options)
    case .uNet:
      try options.refuse(all: ["stem"], for: name)
      return try UNet(options, name: name).architecture(
        name: name, input: input, classes: classes)
    }
  }
}
