import Yams

extension YAMLText {
  /// The first character of respelled keys; as many as keys are respelled.
  private static let marks: ClosedRange<UInt32> = 0xE000...0xE07F

  /// Gives the key at `mark` another first character, which stands nowhere else.
  ///
  /// - Returns: The key and its new spelling; nil where that can't be done.
  mutating func respell(at mark: Mark, number: Int) -> (key: String, spelling: String)? {
    guard let scalar = Unicode.Scalar(Self.marks.lowerBound + UInt32(number)),
      Self.marks.contains(scalar.value), !scalars.contains(scalar),
      var start = index(line: mark.line, column: mark.column)
    else { return nil }
    if scalars[start] == "\"" || scalars[start] == "'" { start += 1 }
    // Only plain words are respelled: whatever may be escaped or folded is read otherwise than spelled.
    let word = scalars[start...].prefix { $0.isASCII && $0.properties.isAlphabetic }
    guard !word.isEmpty, let end = scalars[word.endIndex...].first,
      " :\"'".unicodeScalars.contains(end)
    else { return nil }
    let key = String(String.UnicodeScalarView(word))
    replace(at: start, with: scalar)
    return (key, String(Character(scalar)) + key.dropFirst())
  }
}
