/// A key that stands in its section again further below.
struct Repetition: Hashable, Sendable {
  /// The key.
  var key: String
  /// The line in which it stands first, from 1.
  var line: Int
}
