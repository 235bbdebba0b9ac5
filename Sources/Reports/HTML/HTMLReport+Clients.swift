import Ledger
import Measures

extension HTMLReport {
  /// Adds the distribution of labels and samples over the clients.
  func addData(to page: inout HTMLPage) {
    guard let partition = summary.partition, !labels.isEmpty else { return }
    page.heading("Data")
    let picture = PartitionPlot(labels: labels)
    let bars = Histogram(labels.map { Double($0.reduce(0, +)) }).bins.map {
      BarPlot.Bar(name: $0.lower.brief, parts: [Double($0.count)])
    }
    let sizes = BarPlot(
      description: "Clients by samples", x: Axis("training samples, from"),
      y: Axis("clients", countsThings: true), partNames: ["clients"], bars: bars)
    page.figures([(picture.caption, picture.markup()), ("clients by samples", sizes.markup())])
    var table = HTMLTable(["of a client", "least", "median", "mean", "most"])
    for (name, key, spread) in [
      ("samples", "size", partition.size),
      ("different labels", "labelsPerClient", partition.labelsPerClient),
    ] {
      let path = "partition.\(key)"
      table.add([
        .init(name), cell(spread.min, "\(path).min"),
        .init(spread.median.brief, Figure("\(path).median", spread.median)),
        .init(spread.mean.brief, Figure("\(path).mean", spread.mean)),
        cell(spread.max, "\(path).max"),
      ])
    }
    page.add(table.markup())
    page.note(
      """
      \(partition.samples) samples of \(partition.labels) labels on \(partition.clients) clients. The clients' own mix \
      of labels is \(partition.labelSkew.percent(0)) away from everybody's, on average (total variation distance: 0 % \
      were the same mix, 100 % nothing in common).
      """)
  }
}

extension HTMLReport {
  /// The spread of bytes, participation and computation over the clients.
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
