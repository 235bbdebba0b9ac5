import Measures

extension Measure {
  /// Measures of a round's clients, bytes, operations and time, which follow from its bookings.
  static let ofRounds: [Measure] =
    [
      derived("round", .count, .count, csv: CSVColumn(place: 1, head: "round")) {
        Double($0.round)
      },
      derived("stage", .count, .count, csv: CSVColumn(place: 2, head: "stage"), tag: "stage") {
        Double($0.stage)
      },
      derived("warmUp", .count, .count, csv: CSVColumn(place: 3, head: "warmUp")) {
        $0.warmUp ? 1 : 0
      },
      derived(
        "elapsed", .seconds, .duration, csv: CSVColumn(place: 18, head: "elapsed"),
        table: TableColumn(place: 10, head: "time"), tag: "round/seconds"
      ) { $0.elapsed.seconds },
      clients("selected", csv: 4, table: 1, tag: "clients/selected", isOutcome: false) {
        $0.selected
      },
      clients("accepted", csv: 5, table: 2, tag: "clients/accepted") { $0.accepted },
      clients("late", csv: 6, table: 3, tag: "clients/late") { $0.late },
      clients("lost", csv: 7, table: 4, tag: "clients/lost") { $0.lost },
      clients("refused", csv: 8, table: 5, tag: "clients/refused") { $0.refused },
      clients("duplicates", csv: 9, table: 6, isOutcome: false) { $0.duplicates },
    ] + Direction.allCases.map { total($0, "bytes/\($0.rawValue)", .run) }
    + [
      derived(
        "flops", .operations, .brief, csv: CSVColumn(place: 14, head: "flops"), tag: "round/flops",
        prometheus: Prometheus(
          name: "progfed_flops_total", help: "Floating-point operations of training.",
          kind: .counter, reduction: .sum)
      ) { $0.load.flops }
    ] + Direction.allCases.map(wire) + Direction.allCases.map(payload)
    + Direction.allCases.map { total($0, "bytes/stage{stage}/\($0.rawValue)", .stage) }
    + Direction.allCases.map(wasted) + Direction.allCases.map(fullModelWire)
    + [
      derived(
        "fullModel.flops", .operations, .brief, csv: CSVColumn(place: 17, head: "fullModelFlops")
      ) { $0.fullModel.flops },
      derived(
        "opened", .seconds, .duration, csv: CSVColumn(place: 27, head: "opened"),
        table: TableColumn(place: 9, head: "began")
      ) { $0.opened.seconds },
      derived("closed", .seconds, .duration, csv: CSVColumn(place: 28, head: "closed")) {
        $0.closed.seconds
      },
    ]

  static func derived(
    _ name: String, _ unit: Unit, _ format: Format, csv: CSVColumn? = nil,
    table: TableColumn? = nil, tag: String? = nil, prometheus: Prometheus? = nil,
    _ value: @escaping @Sendable (RoundSummary) -> Double?
  ) -> Measure {
    Measure(
      name: name, unit: unit, source: .derived(value), format: format, csv: csv, table: table,
      tag: tag, prometheus: prometheus)
  }

  /// The number of clients with an outcome, or of their updates.
  private static func clients(
    _ name: String, csv: Int, table: Int, tag: String? = nil, isOutcome: Bool = true,
    _ count: @escaping @Sendable (RoundSummary) -> Int
  ) -> Measure {
    derived(
      name, .count, .count, csv: CSVColumn(place: csv, head: name),
      table: TableColumn(place: table, head: name), tag: tag,
      prometheus: isOutcome
        ? Prometheus(
          name: "progfed_updates_total",
          help: "Selected clients, by what became of their updates.", kind: .counter,
          reduction: .sum, label: .init(name: "outcome", value: name)) : nil
    ) { Double(count($0)) }
  }

  private static func wire(_ direction: Direction) -> Measure {
    let name = direction.rawValue
    let isDown = direction == .down
    return derived(
      "\(name).wire", .bytes, .bytes,
      csv: CSVColumn(place: isDown ? 11 : 13, head: "\(name)Wire"),
      table: TableColumn(place: isDown ? 7 : 8, head: "\(name) wire"), tag: "bytes/round/\(name)"
    ) { Double($0.load.traffic[direction].wire.bytes) }
  }

  private static func payload(_ direction: Direction) -> Measure {
    let name = direction.rawValue
    return derived(
      "\(name).payload", .bytes, .bytes,
      csv: CSVColumn(place: direction == .down ? 10 : 12, head: "\(name)Payload"),
      prometheus: Prometheus(
        name: "progfed_payload_bytes_total", help: "The model's and updates' own bytes.",
        kind: .counter, reduction: .sum, label: .init(name: "direction", value: name))
    ) { Double($0.load.traffic[direction].payload.bytes) }
  }

  private static func fullModelWire(_ direction: Direction) -> Measure {
    let isDown = direction == .down
    return derived(
      "fullModel.\(direction.rawValue).wire", .bytes, .bytes,
      csv: CSVColumn(
        place: isDown ? 15 : 16, head: isDown ? "fullModelDownWire" : "fullModelUpWire")
    ) { Double($0.fullModel.traffic[direction].wire.bytes) }
  }

  private static func wasted(_ direction: Direction) -> Measure {
    let isDown = direction == .down
    let name = direction.rawValue
    var measure = derived(
      "wasted.\(name).wire", .bytes, .bytes,
      csv: CSVColumn(place: isDown ? 25 : 26, head: isDown ? "wastedDownWire" : "wastedUpWire"),
      tag: "bytes/wasted/\(name)",
      prometheus: Prometheus(
        name: "progfed_wasted_bytes_total",
        help: "Bytes for clients whose updates didn't count.", kind: .counter, reduction: .sum,
        label: .init(name: "direction", value: name))
    ) { Double($0.wasted[direction].wire.bytes) }
    measure.isUntagged = { $0.wasted == .zero }
    return measure
  }

  /// The bytes on the wire so far, in the stage or the run.
  private static func total(_ direction: Direction, _ tag: String, _ scope: Scope) -> Measure {
    Measure(
      name: "\(direction.rawValue).wire", unit: .bytes, scope: scope,
      source: .derived { Double($0.load.traffic[direction].wire.bytes) }, format: .bytes, tag: tag)
  }
}
