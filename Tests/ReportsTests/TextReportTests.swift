import Ledger
import Measures
import Reports
import Testing

@Suite struct TextReportTests {
  @Test(arguments: [40, 60, 80, 100, 120, 200], [0, 1, 30])
  func `no line is wider than the terminal`(width: Int, rounds: Int) throws {
    let text = TextReport(try Example.summary(rounds: rounds), width: width).text()
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= width })
    #expect(text.hasSuffix("\n"))
  }

  @Test func `80 columns show rounds, parameters, both directions twice, share, FLOPs and time`()
    throws
  {
    let text = TextReport(try Example.summary(rounds: 30), width: 80).text()
    let lines = text.split(separator: "\n").map(String.init)
    #expect(
      lines.contains {
        $0.split(separator: " ").joined(separator: " ").hasPrefix(
          "3 10 1.19 M 476 MB 476 MB 26.2 MB 26.2 MB 56.1 % 1.80 T 1 m 0 s")
      })
    #expect(lines.contains { $0.hasPrefix("full ") })
    #expect(text.contains("Savings: 4.92× fewer bytes on the wire, 1.73× fewer FLOPs"))
    let memory = "Memory: 600 kB per client in stage 1, 3.00 MB per client in stage 2"
    #expect(text.contains(memory))
    #expect(text.contains("Final: accuracy 90.00 %, loss 0.3000, model 4bf5122f344554c5"))
    #expect(text.contains("30 × malformed frame"))
    #expect(text.contains("300 selected, 262 accepted, 0 late, 38 lost, 0 refused, 0 duplicates"))
  }

  @Test func `escape sequences are written only when colours are asked for`() throws {
    let summary = try Example.summary(rounds: 3)
    let plain = TextReport(summary, width: 100).text()
    let coloured = TextReport(summary, width: 100, colours: true).text()
    #expect(!plain.contains("\u{1B}"))
    #expect(coloured.contains("\u{1B}[1m"))
    #expect(coloured.replacing(#/\u{1B}\[\d+m/#, with: "") == plain)
  }

  @Test func `a run without rounds says so`() throws {
    let text = TextReport(try Example.summary(rounds: 0, state: nil)).text()
    #expect(text.contains("running, 0 of 30 rounds"))
    #expect(text.contains("No round has ended yet."))
  }

  @Test(arguments: [RunState.aborted, .interrupted, .done])
  func `one client, no evaluation and an early end are told as they are`(state: RunState) throws {
    let summary = try Example.summary(rounds: 1, clients: 1, evaluation: nil, state: state)
    let text = TextReport(summary).text()
    #expect(text.contains("\(state.rawValue), 1 of 30 rounds"))
    #expect(text.contains("1 selected, 1 accepted"))
    #expect(text.contains("Final: not evaluated"))
  }

  @Test func `rounds whose models were discarded are named, each with its fault`() throws {
    var summary = try Example.summary(rounds: 3)
    #expect(!TextReport(summary).text().contains("Discarded"))
    summary.rounds[1].discarded = "the loss isn't finite"
    #expect(
      TextReport(summary).text().contains("Discarded: round 2 (the loss isn't finite)"))
    let page = HTMLReport(summary, clients: []).text()
    #expect(page.contains("(discarded)"))
  }

  @Test func `rounds without any traffic have no share and no savings`() throws {
    let text = TextReport(try Example.summary(rounds: 2, clients: 0)).text()
    #expect(text.contains("–"))
    #expect(!text.contains("Savings"))
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  @Test func `CSV has one row per round, and as many cells as names`() throws {
    let text = CSVReport.text(try Example.summary(rounds: 5))
    let rows = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(rows.count == 6)
    #expect(Set(rows.map(\.count)) == [37])
    let column = try #require(rows[0].firstIndex(of: "accuracy"))
    #expect(rows[1][column] == "" && rows[2][column] != "")
    #expect(CSVReport.text(try Example.summary(rounds: 0)).split(separator: "\n").count == 1)
  }

  @Test func `CSV tells the spread over the clients, the gradient and what was wasted`() throws {
    var summary = try Example.converging(rounds: 2)
    summary.rounds[1].wasted = .zero
    summary.rounds[1].wasted.up.wire = ByteCount(77)
    let rows = CSVReport.text(summary).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let fairness = try #require(summary.rounds[1].fairness)
    let cells = Dictionary(uniqueKeysWithValues: zip(rows[0], rows[2]))
    #expect(cells["clientAccuracyMin"].flatMap { Double($0) } == fairness.minimum)
    #expect(cells["clientAccuracyPercentile10"].flatMap { Double($0) } == fairness.lowestTenth)
    #expect(cells["squaredGradientNorm"] == "2.0")
    #expect(cells["wastedDownWire"] == "0" && cells["wastedUpWire"] == "77")
  }
}
