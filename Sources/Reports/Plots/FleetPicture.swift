import Ledger
import Measures

/// The fleet: the broker with its growing model, the clients by kind, and the bytes between them.
struct FleetPicture {
  let summary: RunSummary

  private static let most = 5

  /// The picture.
  func markup() -> String {
    let groups = Array(summary.groups.prefix(Self.most))
    let clients = summary.groups.map(\.clients).reduce(0, +)
    let description =
      "A broker and \(clients) clients: \(summary.totals.traffic.down.wire) went down, "
      + "\(summary.totals.traffic.up.wire) came up"
    var parts = broker()
    let height = min(86, 244 / Double(max(1, groups.count)))
    let first = 14 + (244 - height * Double(groups.count)) / 2
    for (index, group) in groups.enumerated() {
      let middle = first + height * (Double(index) + 0.5)
      parts.append(
        Markup.element(
          "path",
          [
            "d": "M146 136 C200 136 200 \(Markup.coordinate(middle)) 254 "
              + Markup.coordinate(middle),
            "class": "link",
          ]))
      parts.append(box(group, middle, height: height - 8, isLast: index == Self.most - 1))
    }
    parts += labels()
    return Frame.picture(description, parts.joined())
  }

  private func broker() -> [String] {
    var parts = [
      rectangle(14, 62, 132, 148, "node"), Frame.strong(80, 82, "broker"),
      Frame.text(80, 99, Self.clipped(summary.model.name, 20), "middle"),
    ]
    // The stages as layers that pile up: the deeper, the later.
    let stages = summary.model.stages.prefix(6)
    let depth = min(18, 84 / Double(max(1, stages.count)))
    for (index, stage) in stages.enumerated() {
      let top = 198 - depth * Double(index + 1)
      let isReached = summary.rounds.contains { $0.stage >= stage.stage }
      parts.append(
        rectangle(26, top, 108, depth - 2, isReached ? "bar s\(index % 8 + 1)" : "pending"))
      if depth >= 13 {
        parts.append(
          Markup.element(
            "text",
            [
              "x": "80", "y": Markup.coordinate(top + depth - 6), "text-anchor": "middle",
              "class": isReached ? "inside" : "",
            ],
            Markup.escaped("stage \(stage.stage) · \(Double(stage.parameters).brief)")))
      }
    }
    return parts
  }

  private func box(
    _ group: ClientGroup, _ middle: Double, height: Double, isLast: Bool
  ) -> String {
    let more = summary.groups.count - Self.most
    let name =
      isLast && more > 0 ? "\(group.name), and \(more) more groups" : group.name
    var parts = [
      rectangle(254, middle - height / 2, 160, height, "node"),
      Frame.strong(
        334, middle - (height > 50 ? 14 : 2), Self.clipped("\(group.clients) \(name)", 24)),
    ]
    if let link = group.link, height > 24 {
      parts.append(
        Frame.text(334, middle + (height > 50 ? 2 : 13), Self.clipped(link, 27), "middle"))
    }
    guard height > 50 else { return parts.joined() }
    // A dot for each client, or for each of some.
    let dots = min(24, group.clients)
    for dot in 0..<dots {
      let x = 334 + (Double(dot % 12) - Double(min(12, dots) - 1) / 2) * 12
      parts.append(
        Markup.element(
          "circle",
          [
            "cx": Markup.coordinate(x),
            "cy": Markup.coordinate(middle + 14 + Double(dot / 12) * 11),
            "r": "3.5", "class": "mark s1",
          ]))
    }
    return parts.joined()
  }

  private func labels() -> [String] {
    let traffic = summary.totals.traffic
    return [
      Frame.strong(200, 30, "down \(traffic.down.wire)"),
      Frame.text(200, 45, Self.clipped(summary.codecs.down, 24), "middle"),
      Frame.strong(200, 240, "up \(traffic.up.wire)"),
      Frame.text(200, 255, Self.clipped(summary.codecs.up, 24), "middle"),
      Frame.text(80, 228, place, "middle"),
    ]
  }

  private var place: String {
    summary.transport == "modelled" ? "in simulated time" : "over \(summary.transport)"
  }

  private func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ kind: String
  ) -> String {
    Markup.element(
      "rect",
      [
        "x": Markup.coordinate(x), "y": Markup.coordinate(y), "width": Markup.coordinate(width),
        "height": Markup.coordinate(height), "rx": "4", "class": kind,
      ])
  }

  private static func clipped(_ text: String, _ count: Int) -> String {
    text.count <= count ? text : text.prefix(count - 1) + "…"
  }
}
