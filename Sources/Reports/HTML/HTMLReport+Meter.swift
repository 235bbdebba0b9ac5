import Ledger
import Measures

extension HTMLReport {
  /// The ledger beside the kernel's own count.
  func addMeter(to page: inout HTMLPage) {
    guard let meter = summary.meter else { return }
    page.heading("Counted twice")
    page.note(Self.sentence(meter))
    var table = HTMLTable([
      "up to the end of", "direction", "ledger", "kernel", "difference", "sent again",
    ])
    func add(_ name: String, _ down: MeterSummary.Counts, _ up: MeterSummary.Counts, _ path: String)
    {
      for (direction, counts) in [(Direction.down, down), (.up, up)] {
        let path = "\(path).\(direction.rawValue)"
        table.add([
          .init(name), .init(direction.rawValue),
          .init("\(counts.ledger.bytes) B", Figure("\(path).ledger", counts.ledger.bytes)),
          .init("\(counts.kernel.bytes) B", Figure("\(path).kernel", counts.kernel.bytes)),
          .init("\(counts.difference) B", Figure("\(path).difference", counts.difference)),
          cell(counts.retransmitted, "\(path).retransmitted"),
        ])
      }
    }
    for (index, stage) in meter.stages.enumerated() {
      add("stage \(stage.stage)", stage.down, stage.up, "meter.stages.\(index)")
    }
    page.add(table.markup())
  }

  /// The result of comparing the two meters.
  static func sentence(_ meter: MeterSummary) -> String {
    let connections = "\(meter.connections) connection\(meter.connections == 1 ? "" : "s")"
    var sentence =
      meter.down.difference == 0 && meter.up.difference == 0
      ? "On \(connections) the ledger and the kernel's TCP counters agree to the byte: "
        + "\(meter.down.kernel.bytes) bytes down, \(meter.up.kernel.bytes) up."
      : "On \(connections) the ledger has \(signed(meter.down.difference)) bytes down and "
        + "\(signed(meter.up.difference)) up against the kernel's TCP counters, of "
        + "\(meter.down.kernel.bytes) and \(meter.up.kernel.bytes)."
    if meter.unmetered > 0 { sentence += " \(meter.unmetered) more could not be asked about." }
    if meter.rejected > 0 {
      sentence += " \(meter.rejected) more never completed their handshake and are in neither."
    }
    return sentence
  }

  private static func signed(_ count: Int) -> String { count > 0 ? "+\(count)" : "\(count)" }
}
