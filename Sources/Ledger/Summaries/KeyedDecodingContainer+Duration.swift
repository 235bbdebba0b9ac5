extension KeyedDecodingContainer {
  /// A duration that is written as seconds.
  func duration(forKey key: Key) throws -> Duration {
    let seconds = try decode(Double.self, forKey: key)
    guard let duration = Duration(plausible: seconds) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "\(seconds) s are no duration")
    }
    return duration
  }
}
