import OneDNN

/// An action that waits for its memory.
struct Draft {
  /// Makes the action on real memory.
  let bind: (Binding) throws(DNNLError) -> any Action

  init(_ bind: @escaping (Binding) throws(DNNLError) -> any Action) { self.bind = bind }
}
