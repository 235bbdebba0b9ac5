/// Something that fills one batch after the other: an epoch over a client's samples, a test set.
public protocol BatchSource {
  /// Fills `batch` from its first sample on and sets its `count`; a count of 0 is the end.
  mutating func fill(_ batch: inout Batch)
}
