import Ledger
import Measures

extension HTMLReport {
  /// How bytes, participation and computation are spread over the clients.
  func addClients(to page: inout HTMLPage) {
    guard !clients.isEmpty else { return }
    page.heading("Clients")
    func plot(
      _ title: String, _ unit: String, _ values: [Double],
      label: @escaping @Sendable (Double) -> String
    ) -> (caption: String, plot: String) {
      let bars = Histogram(values).bins.map {
        BarPlot.Bar(name: label($0.lower), parts: [Double($0.count)])
      }
      let plot = BarPlot(
        description: "Clients by \(title)", x: Axis("\(unit), from"),
        y: Axis("clients", countsThings: true),
        partNames: ["clients"], bars: bars)
      return ("by \(title)", plot.markup())
    }
    page.figures([
      plot(
        "bytes on their own link", "bytes both ways",
        clients.map { Double($0.traffic.wire.bytes) }
      ) { ByteCount(Int($0)).description },
      plot("updates that counted", "updates", clients.map { Double($0.accepted) }) { $0.brief },
      plot("computation", "FLOPs of training", clients.map(\.flops)) { $0.brief },
    ])
    // The tables of a hundred thousand clients belong into the ledger, not into a page.
    let shown = clients.sorted { ($1.traffic.wire, $0.client) < ($0.traffic.wire, $1.client) }
    var table = HTMLTable(["client", "selected", "accepted", "down wire", "up wire", "FLOPs"])
    for client in shown.prefix(100) {
      table.add([
        String(client.client), String(client.selected), String(client.accepted),
        client.traffic.down.wire.description, client.traffic.up.wire.description,
        client.flops.brief,
      ])
    }
    page.details("The \(min(100, clients.count)) clients with the most bytes", table)
  }
}
