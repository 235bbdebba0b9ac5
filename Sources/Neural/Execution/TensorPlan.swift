import OneDNN

/// A tensor of a plan: its layout and where it will lie.
struct TensorPlan {
  /// Where a tensor lies.
  enum Place {
    /// In the arena, as claim number …
    case arena(Int)
    /// Among the parameters: the segment, the parameter's number in it, and what of it.
    case parameter(Int, Int, ParameterPart)
  }

  /// What is kept of a parameter.
  enum ParameterPart {
    /// The value.
    case value
    /// The gradient of the loss.
    case gradient
  }

  /// The shape and layout.
  var descriptor: MemoryDescriptor
  /// Where it lies.
  var place: Place
}
