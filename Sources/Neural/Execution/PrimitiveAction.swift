import OneDNN

/// One of oneDNN's primitives.
struct PrimitiveAction: Action {
  let primitive: Primitive

  func run(_ step: Step) throws(DNNLError) { try primitive.run(on: step.stream) }
}
