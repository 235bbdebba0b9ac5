import Measures

/// The clients' labels: a column for each client, darker the more samples have a label, its size
/// above.
struct PartitionPlot {
  /// The number of samples of each label that each client has.
  private let labels: [[Int]]
  /// The clients that are shown, from the left.
  private let shown: [Int]

  /// The place of the columns' sizes; the labels are below it.
  private static let sizes = (bottom: 62.0, top: Frame.top)
  private static let top = 68.0
  /// The number of shades.
  private static let shades = 8

  /// A picture of `labels`, of the clients that there is room for.
  init(labels: [[Int]]) {
    self.labels = labels
    let classes = max(1, labels.first?.count ?? 1)
    let most = min(60, max(10, 3000 / classes))
    guard labels.count > most else {
      shown = Array(labels.indices)
      return
    }
    // From the smallest to the largest, so that those who are shown stand for as many who aren't.
    let sizes = labels.map { $0.reduce(0, +) }
    let order = labels.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
    shown = (0..<most).map { order[$0 * (order.count - 1) / (most - 1)] }
  }

  /// The heads of the columns.
  var caption: String {
    shown.count == labels.count
      ? "labels of each client"
      : "labels of \(shown.count) clients, evenly chosen by size"
  }

  /// The picture and its legend.
  func markup() -> String {
    let classes = labels.first?.count ?? 0
    let columns = shown.map { labels[$0] }
    let sizes = columns.map { $0.reduce(0, +) }
    let pitch = (Frame.right - Frame.left) / Double(max(1, shown.count))
    let height = (Frame.bottom - Self.top) / Double(max(1, classes))
    let gap = min(1, 0.15 * min(pitch, height))
    // One path for each shade: a rectangle of its own for each of thousands would swell the page.
    var paths = Array(repeating: "", count: Self.shades + 1)
    for (column, counts) in columns.enumerated() {
      for (label, count) in counts.enumerated() where count > 0 {
        let share = Double(count) / Double(sizes[column])
        let left = Markup.coordinate(Frame.left + pitch * Double(column) + gap / 2)
        let upper = Markup.coordinate(Frame.bottom - height * Double(label + 1) + gap / 2)
        let (width, depth) = (Markup.coordinate(pitch - gap), Markup.coordinate(height - gap))
        paths[Self.shade(share)] += "M\(left) \(upper)h\(width)v\(depth)h-\(width)z"
      }
    }
    var parts = frame(classes, pitch: pitch, height: height)
    parts += sizeBars(sizes, pitch: pitch, gap: gap)
    for (shade, path) in paths.enumerated() where !path.isEmpty {
      parts.append(Markup.element("path", ["d": path, "class": "shade d\(shade)"]))
    }
    let names = [(0.02, "2 %"), (0.2, "20 %"), (1, "all of a client's samples")].map {
      (name: $1, kind: "s1 d\(Self.shade($0))")
    }
    return Frame.legend(names) + Frame.picture("Labels of the clients", parts.joined())
  }

  /// The shade of a share above 0: small ones must be seen, so it rises with the root.
  private static func shade(_ share: Double) -> Int {
    max(1, min(shades, Int((share.squareRoot() * Double(shades)).rounded(.up))))
  }

  private func frame(_ classes: Int, pitch: Double, height: Double) -> [String] {
    var parts = [Frame.line(Frame.left, Frame.bottom, Frame.right, Frame.bottom, "axis")]
    let everyLabel = max(1, Int((13 / height).rounded(.up)))
    for label in stride(from: 0, to: classes, by: everyLabel) {
      let middle = Frame.bottom - height * (Double(label) + 0.5)
      parts.append(Frame.text(Frame.left - 6, middle + 4, String(label), "end"))
    }
    let everyColumn = max(1, Int((32 / pitch).rounded(.up)))
    for column in stride(from: 0, to: shown.count, by: everyColumn) {
      let middle = Frame.left + pitch * (Double(column) + 0.5)
      parts.append(Frame.text(middle, Frame.bottom + 17, String(shown[column]), "middle"))
    }
    parts.append(Frame.text((Frame.left + Frame.right) / 2, Frame.bottom + 36, "client", "middle"))
    parts.append(Frame.upright((Self.top + Frame.bottom) / 2, "label"))
    return parts
  }

  private func sizeBars(_ sizes: [Int], pitch: Double, gap: Double) -> [String] {
    let scale = Scale(
      covering: sizes.map(Double.init), kind: .linear, fromZero: true, isTight: true,
      pixels: (Self.sizes.bottom, Self.sizes.top))
    let most = sizes.max() ?? 0
    var parts = [
      Frame.text(Frame.left - 6, Self.sizes.top + 9, String(most), "end"),
      Frame.text(Frame.left - 6, Self.sizes.bottom, "0", "end"),
      Frame.text(Frame.left, Self.sizes.top - 8, "samples", "start"),
      Frame.line(Frame.left, Self.sizes.bottom, Frame.right, Self.sizes.bottom, "grid"),
    ]
    for (column, size) in sizes.enumerated() {
      let left = Frame.left + pitch * Double(column) + gap / 2
      parts.append(
        Frame.box(
          x: left...(left + pitch - gap), y: scale.position(Double(size))...Self.sizes.bottom,
          "bar s8", title: "client \(shown[column]): \(size) samples"))
    }
    return parts
  }
}
