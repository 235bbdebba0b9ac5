public import Neural

/// A reason for which there is no such model.
public enum ModelError: Error, Hashable, Sendable {
  /// No architecture has this name.
  case unknown(name: String, known: [String])
  /// The architecture doesn't fit the shape of the input or the number of classes.
  case doesNotFit(name: String, stage: Int, NetworkError)
  /// The architecture can't be had with this value of an option, or doesn't have the option.
  case unsupportedOption(name: String, option: String, value: String, supported: [String])
  /// There are too few classes to tell apart.
  case tooFewClasses(name: String, classes: Int)
}

extension ModelError: CustomStringConvertible {
  /// The fault, and what to choose instead.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "no model is called \"\(name)\"; there are \(known.joined(separator: ", "))"
    case .doesNotFit(let name, let stage, let error):
      "model \(name), stage \(stage): \(error)"
    case .unsupportedOption(let name, let option, let value, let supported):
      supported.isEmpty
        ? "model \(name) has no option \(option); leave it out"
        : """
        model \(name) can't be had with \(option) \(value); \
        choose \(supported.joined(separator: ", "))
        """
    case .tooFewClasses(let name, let classes):
      "model \(name) needs at least 2 classes, not \(classes)"
    }
  }
}
