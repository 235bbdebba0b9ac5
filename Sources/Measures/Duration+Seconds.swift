extension Duration {
  /// The duration in seconds, rounded to what a double holds.
  public var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
