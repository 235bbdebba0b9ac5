import Yams

extension Cursor {
  /// The keys and values of a section whose keys aren't known beforehand; nil and a fault if there is none.
  func entries(_ what: String, remedy: String) -> [(key: String, value: Cursor)]? {
    guard case .mapping(let mapping) = node else {
      expected(what, remedy: remedy)
      return nil
    }
    var entries: [(key: String, value: Cursor)] = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        report("has a key that isn't a word", remedy: remedy)
        return nil
      }
      if let repetition = reading.takeRepetition(spelled: scalar.string) {
        reading.report(
          "\(path).\(repetition.key)",
          "\(path).\(repetition.key) stands here and in line \(repetition.line)",
          remedy: "keep one of them", at: Self.place(of: key))
        return nil
      }
      let cursor = Cursor(value, path: "\(path).\(scalar.string)", reading: reading)
      entries.append((scalar.string, cursor))
    }
    return entries
  }
}
