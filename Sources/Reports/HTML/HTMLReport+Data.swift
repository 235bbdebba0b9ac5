import Ledger
import Measures

extension HTMLReport {
  /// Who holds which labels, and how many samples.
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
