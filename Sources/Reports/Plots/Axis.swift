/// What one axis of a plot shows.
struct Axis {
  let title: String
  let kind: Scale.Kind
  /// Whether only whole numbers make sense.
  let countsThings: Bool
  /// How a value is written beside a mark.
  let label: @Sendable (Double) -> String

  init(
    _ title: String, kind: Scale.Kind = .linear, countsThings: Bool = false,
    label: @escaping @Sendable (Double) -> String = { $0.brief }
  ) {
    self.title = title
    self.kind = kind
    self.countsThings = countsThings
    self.label = label
  }
}
