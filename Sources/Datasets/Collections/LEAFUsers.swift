/// The users of a LEAF data set, numbered in the order in which they were first met.
struct LEAFUsers {
  /// What they are called.
  private(set) var names: [String] = []
  private var numbers: [String: Int32] = [:]

  /// The number of the user called `name`.
  mutating func number(of name: String) -> Int32 {
    if let number = numbers[name] { return number }
    let number = Int32(names.count)
    numbers[name] = number
    names.append(name)
    return number
  }
}
