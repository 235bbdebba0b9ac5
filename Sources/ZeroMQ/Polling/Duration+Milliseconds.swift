extension Duration {
  /// Milliseconds as libzmq takes them: rounded up, so that a short wait doesn't become a spin, and within 0…2³¹ − 1.
  package var wholeMilliseconds: CInt {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < 2_147_483 else { return .max }
    return CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
