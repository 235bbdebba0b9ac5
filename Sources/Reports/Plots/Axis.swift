/// What one axis of a plot shows.
struct Axis {
  let title: String
  let kind: Scale.Kind
  /// How a value is written beside a mark.
  let label: @Sendable (Double) -> String

  init(
    _ title: String, kind: Scale.Kind = .linear,
    label: @escaping @Sendable (Double) -> String = { $0.brief }
  ) {
    self.title = title
    self.kind = kind
    self.label = label
  }
}
