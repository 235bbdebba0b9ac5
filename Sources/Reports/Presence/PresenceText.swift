package import Federation
import Measures

/// The workers that are there and their occupations, in words and tables for a terminal.
package struct PresenceText {
  private let presence: Presence

  /// The text of a presence.
  package init(_ presence: Presence) { self.presence = presence }

  /// The text, its lines at most `width` wide as far as columns can be given up.
  package func text(width: Int, colours: Bool = false) -> String {
    let style = Style(isOn: colours)
    var lines = [style.strong(presence.name) + ": " + presence.headline]
    lines += presence.remarks
    guard !presence.workers.isEmpty else {
      return (lines + ["no worker has joined yet"]).map { $0 + "\n" }.joined()
    }
    var table = TextTable([
      .init("worker", alignsLeft: true), .init("address", rank: 2, alignsLeft: true),
      .init("clients", alignsLeft: true), .init("since", rank: 3), .init("heard", rank: 1),
      .init("does", alignsLeft: true),
    ])
    for worker in presence.workers {
      let doing = worker.doing
      table.add([
        worker.name, worker.place, worker.numbers, worker.since.duration.brief,
        worker.heard.duration.brief,
        worker.gone == nil ? doing : style.bad(doing),
      ])
    }
    lines += table.lines(width: width, style: style)
    return lines.map { $0 + "\n" }.joined()
  }
}

extension Presence {
  /// The state of the run, in a sentence.
  package var headline: String {
    let order =
      draining ? ", draining: then it stops" : paused ? ", paused: no round opens after it" : ""
    switch state {
    case .open:
      let stage = stage.map { ", stage \($0)" } ?? ""
      let times = [
        openFor.map { "open for \($0.duration.brief)" },
        left.map { "at most \($0.duration.brief) left" },
      ].compactMap(\.self).joined(separator: ", ")
      return "round \(round) of \(rounds)\(stage): \(times); \(accepted) of \(selected) updates "
        + "are here\(order)"
    case .waiting:
      if paused { return "paused before round \(round) of \(rounds): no round opens" }
      if measuring == true {
        return "measuring samples before round \(round) of \(rounds): sums of \(accepted) of "
          + "\(selected) clients are here"
      }
      let wait = waitingFor.map { ", for \($0.duration.brief)" } ?? ""
      let counts = needed.map { "waiting: \(able ?? 0) of \($0) needed" } ?? "waiting"
      return "\(counts) for round \(round) of \(rounds)\(wait)"
    case .preparing:
      return "between rounds: making the model of round \(round) of \(rounds)\(order)"
    case .ending: return "the run is ending, after \(max(0, round - 1)) of \(rounds) rounds"
    }
  }

  /// Remarks on the clients that are here, that are lacking, late or excluded.
  package var remarks: [String] {
    var remarks = ["\(present) of \(clients) clients are here"]
    if !lacking.isEmpty { remarks[0] += "; \(lacking)" }
    if !evicted.isEmpty {
      remarks.append("excluded: \(evicted.map(String.init).joined(separator: ", "))")
    }
    let late = workers.flatMap { worker in
      worker.clients.compactMap { client in
        client.late.map { (client: client.client, name: worker.name, time: $0.duration) }
      }
    }
    if !late.isEmpty {
      let named = late.sorted { ($1.time, $0.client) < ($0.time, $1.client) }.prefix(8).map {
        "client \($0.client) of \($0.name) for \($0.time.brief)"
      }
      let rest = late.count > named.count ? " and \(late.count - named.count) more" : ""
      remarks.append("late: \(named.joined(separator: ", "))\(rest)")
    }
    return remarks
  }
}

extension Presence.Worker {
  /// The place that it speaks from, in a word.
  var place: String { address ?? process.map { "process \($0)" } ?? "here" }

  /// Its clients' numbers, as short as it goes.
  var numbers: String { ClientNumbers.text(clients.map(\.client)) }

  /// The occupations of its clients with their numbers: "training 2, late by 12 s".
  var doing: String {
    if let gone { return "gone for \(gone.duration.brief)" }
    let kinds = Presence.Occupation.allCases.compactMap { kind -> String? in
      let count = clients.count { $0.does == kind }
      guard count > 0 else { return nil }
      return clients.count == 1 ? kind.rawValue : "\(kind.rawValue) \(count)"
    }
    return kinds.joined(separator: ", ")
  }
}

/// Clients as people write them.
enum ClientNumbers {
  /// Numbers in rising order, "0-4, 7"; beyond some ranges how many more there are.
  static func text(_ clients: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for client in clients.sorted() {
      if let last = ranges.last, last.upperBound + 1 == client {
        ranges[ranges.count - 1] = last.lowerBound...client
      } else {
        ranges.append(client...client)
      }
    }
    let named = ranges.prefix(6)
    let rest = clients.count - named.reduce(0) { $0 + $1.count }
    let texts = named.map { range in
      range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
    return texts.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
