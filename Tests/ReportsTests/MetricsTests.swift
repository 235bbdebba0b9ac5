import Ledger
import Measures
import Reports
import Testing

@Suite struct MetricsTests {
  @Test func `each family has help, a type and samples that Prometheus can read`() throws {
    let summary = try Example.summary(rounds: 6)
    let lines = Metrics.text(summary).split(separator: "\n")
    let wire = summary.totals.traffic
    #expect(
      lines.contains(
        "progfed_wire_bytes_total{direction=\"up\",kind=\"update\"} \(wire.up.wire.bytes)"))
    #expect(lines.contains("progfed_round 6"))
    #expect(lines.contains("progfed_events_total{event=\"malformed frame\"} 6"))
    #expect(lines.contains { $0.contains("name=\"flaky <edge> & co\"") })
    var known: Set<Substring> = []
    for line in lines {
      if line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ")
        known.insert(words[2])
        #expect(["gauge", "counter"].contains(words[3]))
        #expect(words[2].hasSuffix("_total") == (words[3] == "counter"))
      } else if !line.hasPrefix("#") {
        let name = line.prefix { $0 != "{" && $0 != " " }
        #expect(known.contains(name), "\(line)")
        #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
      }
    }
  }

  @Test func `what was never tested has no figure anywhere, and a word about it`() throws {
    var summary = try Example.summary(rounds: 3, evaluation: nil)
    summary.counters[RunSummary.untested] = 3
    let metrics = Metrics.text(summary)
    for name in ["progfed_accuracy", "progfed_loss", "progfed_dice", "progfed_client_accuracy"] {
      #expect(!metrics.contains(name))
    }
    let text = TextReport(summary).text()
    #expect(text.contains("not evaluated: there are no test samples"))
    #expect(text.contains("3 × evaluation without test samples"))
    let page = HTMLReport(summary, clients: []).text()
    #expect(page.contains("not evaluated: there are no test samples"))
    #expect(CSVReport.text(summary).contains(",,,"))
    #expect(Collapse(summary) == .none)
    #expect(VariantSummary("a", of: [summary]).accuracy == nil)
  }

  @Test func `the spread over the clients, the gradient and what was wasted are told`() throws {
    var summary = try Example.converging(rounds: 2)
    for index in summary.rounds.indices { summary.rounds[index].wasted = .zero }
    summary.rounds[0].wasted.down.wire = ByteCount(30)
    summary.rounds[1].wasted.down.wire = ByteCount(47)
    let lines = Metrics.text(summary).split(separator: "\n")
    let median = try #require(summary.rounds[1].fairness?.median)
    #expect(lines.contains("progfed_client_accuracy{part=\"median\"} \(median)"))
    #expect(lines.contains("progfed_squared_gradient_norm 2"))
    #expect(lines.contains("progfed_wasted_bytes_total{direction=\"down\"} 77"))
    #expect(lines.contains("progfed_wasted_bytes_total{direction=\"up\"} 0"))
  }

  @Test(arguments: [0, 1])
  func `a run of few rounds has metrics too`(rounds: Int) throws {
    let text = Metrics.text(try Example.summary(rounds: rounds, evaluation: nil, state: nil))
    #expect(text.contains("\nprogfed_round \(rounds)\n"))
    #expect(!text.contains("progfed_accuracy"))
  }
}
