/// A figure of the run's JSON that a page shows: where it stands there, and its value.
///
/// Scripts can read pages by it, and a test makes sure that pages say what the JSON says.
struct Figure {
  /// The place: names and, in lists, numbers from 0, with points between them.
  let path: String
  /// The value as JSON writes it; nil where it is null.
  let value: Double?

  init(_ path: String, _ value: Double?) {
    self.path = path
    self.value = value.flatMap { $0.isFinite ? $0 : nil }
  }

  init(_ path: String, _ value: Int) { self.init(path, Double(value)) }

  /// The text of the figure, marked up.
  func markup(_ text: String) -> String {
    let written = value.map { value in
      Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }
    return Markup.element("data", ["data-path": path, "value": written ?? "null"], text)
  }
}
