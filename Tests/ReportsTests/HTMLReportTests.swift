import Foundation
import Ledger
import Measures
import Reports
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite struct HTMLReportTests {
  private func page(
    rounds: Int, clients: Int = 10, evaluation: Int? = 2, state: RunState? = .done
  ) throws -> String {
    try Example.store(rounds: rounds, clients: clients, evaluation: evaluation, state: state) {
      HTMLReport(try $0.summary(), clients: try $0.clients()).text()
    }
  }

  @Test(
    arguments: [
      (0, 0, nil, nil), (1, 1, nil, .aborted), (1, 1, 1, .done), (30, 10, 2, .done),
      (300, 3, 1, .interrupted), (2, 0, 1, .done),
    ] as [(Int, Int, Int?, RunState?)])
  func `the page is well formed and needs nothing but itself`(
    rounds: Int, clients: Int, evaluation: Int?, state: RunState?
  ) throws {
    let page = try page(rounds: rounds, clients: clients, evaluation: evaluation, state: state)
    expectWellFormed(page)
    for outside in ["http://", "https://", "<script", "<link", "<img", "url(", "@import"] {
      let found = page.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
        .contains(outside)
      #expect(!found, "\(outside)")
    }
    #expect(!page.contains("nan") && !page.contains("inf,"))
  }

  @Test func `names are escaped`() throws {
    let page = try page(rounds: 3)
    #expect(page.contains("flaky &lt;edge&gt; &amp; co"))
    #expect(!page.contains("<edge>"))
  }

  @Test func `a full run has all plots, and a table behind each`() throws {
    let page = try page(rounds: 30)
    for description in [
      "Accuracy against rounds", "Accuracy against bytes on the wire", "Accuracy against time",
      "Bytes on the wire per stage", "Bytes on the wire per round", "FLOPs of training per stage",
      "The rounds on the run&#39;s clock", "Clients by bytes on their own link",
      "Clients by updates that counted", "Clients by computation",
    ] { #expect(page.contains("aria-label=\"\(description)\""), "\(description)") }
    #expect(page.components(separatedBy: "<details>").count - 1 == 4)
    #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
    #expect(page.components(separatedBy: "class=\"limit\"").count - 1 == 6)
  }

  @Test func `segmentation shows Dice, in curves and in the table`() throws {
    var summary = try Example.summary(rounds: 6)
    #expect(!HTMLReport(summary, clients: []).text().contains("Dice"))
    for index in summary.rounds.indices where summary.rounds[index].accuracy != nil {
      summary.rounds[index].dice = 0.1234 * Double(index)
    }
    let page = HTMLReport(summary, clients: []).text()
    expectWellFormed(page)
    #expect(page.contains("aria-label=\"Dice against bytes on the wire\""))
    #expect(page.contains("0.6170") && page.contains("rounds.5.dice"))
    let comparison = Comparison([summary, try Example.summary(rounds: 3)]).html()
    #expect(comparison.contains("aria-label=\"Dice against bytes on the wire\""))
  }

  @Test(arguments: [(8, 10), (100, 10), (3400, 62), (60, 100), (1, 1)])
  func `the labels of any number of clients are drawn, and said to be some`(
    clients: Int, classes: Int
  ) throws {
    var summary = try Example.summary(rounds: 3)
    let labels = (0..<clients).map { client in
      (0..<classes).map { ($0 * 7 + client) % 5 * (client % 9) }
    }
    summary.partition = PartitionSummary(of: labels)
    let page = HTMLReport(summary, clients: [], labels: labels).text()
    expectWellFormed(page)
    let bars = page.components(separatedBy: "class=\"bar s8\"").count - 1
    #expect(bars == min(clients, classes > 50 ? 3000 / classes : 60))
    #expect(page.contains("labels of \(bars) clients, evenly chosen by size") == (bars < clients))
    #expect(page.contains("data-path=\"partition.size.max\""))
    #expect(page.utf8.count < 150_000)
    let without = HTMLReport(summary, clients: []).text()
    #expect(!without.contains("Labels of the clients"))
  }

  @Test func `the spread over the clients and the gradient have plots and figures`() throws {
    let summary = try Example.converging(rounds: 12)
    let page = HTMLReport(summary, clients: []).text()
    expectWellFormed(page)
    #expect(page.contains("aria-label=\"Clients&#39; accuracy against rounds\""))
    #expect(page.contains("class=\"band s1\"") && page.contains("rounds.11.fairness.percentile10"))
    #expect(page.contains("aria-label=\"Mean squared gradient norm against bytes on the wire\""))
    let text = TextReport(summary, width: 200).text()
    let line = "Accuracy: best 92.31 %, last 92.31 %, mean of the last five 90.75 %"
    #expect(text.contains(line), "\(text)")
    #expect(text.contains("a tenth of the clients below 11.1 %, the worst 9.2 %"))
    #expect(text.contains("Gradient: squared norm 0.0556, 0.0556 at the lowest"))
  }

  @Test func `a page of many clients stays small`() throws {
    let page = try page(rounds: 2, clients: 3000)
    #expect(page.utf8.count < 100_000)
  }

  @Test func `a comparison has a page with the front, for any number of runs`() throws {
    let cheap = try Example.summary(rounds: 10, name: "same")
    let dear = try Example.summary(rounds: 20, name: "same", scale: 2)
    for runs in [[], [cheap], [cheap, dear], Array(repeating: cheap, count: 9)] {
      expectWellFormed(Comparison(runs).html())
    }
    let page = Comparison([cheap, dear]).html()
    #expect(page.contains("same (1)") && page.contains("same (2)"))
  }

  /// Parses the page as XML, of which ours is a subset but for its first line and void elements.
  private func expectWellFormed(_ page: String) {
    let closed = page.replacing(#/<meta[^>]*>/#, with: "")
      .replacingOccurrences(of: "<!DOCTYPE html>\n", with: "")
    let parser = XMLParser(data: Data(closed.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError)), line \(parser.lineNumber)")
  }
}
