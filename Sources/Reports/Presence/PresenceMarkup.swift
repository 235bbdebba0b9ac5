package import Federation
import Measures

/// The workers that are there and their occupations, as a part of the live page.
package enum PresenceMarkup {
  /// The most workers whose table is unfolded by itself.
  private static let mostUnfolded = 12

  /// The markup.
  package static func text(_ presence: Presence) -> String {
    var table = HTMLTable(["worker", "address", "clients", "since", "heard", "does", "late"])
    for worker in presence.workers {
      let late = worker.clients.compactMap(\.late?.duration).max()
      table.add([
        worker.name, worker.place, worker.numbers, worker.since.duration.brief,
        worker.heard.duration.brief, worker.doing, late.map(\.brief) ?? "–",
      ])
    }
    let lines = ([presence.headline] + presence.remarks).map {
      Markup.element("p", [:], Markup.escaped($0))
    }
    guard !presence.workers.isEmpty else { return lines.joined() }
    let here = presence.workers.count { $0.gone == nil }
    let head = Markup.element(
      "summary", [:], Markup.escaped(here == 1 ? "1 worker is here" : "\(here) workers are here"))
    let body = head + table.markup()
    let details =
      presence.workers.count <= mostUnfolded
      ? Markup.element("details", ["open": ""], body) : Markup.element("details", [:], body)
    return lines.joined() + details
  }
}
