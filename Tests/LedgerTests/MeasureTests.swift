import Foundation
import Ledger
import Measures
import Testing

@Suite struct MeasureTests {
  @Test func `names, columns and places are each given once`() {
    #expect(repeated(Measure.kept.map(\.name)) == [])
    #expect(repeated(Measure.kept.compactMap(\.column).map { "\($0.table).\($0.name)" }) == [])
    #expect(repeated(Measure.all.compactMap(\.csv?.head)) == [])
    #expect(repeated(Measure.all.compactMap(\.tag)) == [])
    let csv = Measure.all.compactMap(\.csv?.place)
    #expect(repeated(csv) == [] && csv.allSatisfy { $0 > 0 })
    #expect(repeated(Measure.all.compactMap(\.table?.place)) == [])
  }

  @Test func `samples of one family have one help and one kind, and labels that tell them apart`() {
    let families = Dictionary(grouping: Measure.all.compactMap(\.prometheus), by: \.name)
    #expect(families.count > 5)
    for (name, samples) in families {
      #expect(Set(samples.map(\.help)).count == 1 && Set(samples.map(\.kind)).count == 1, "\(name)")
      #expect(Set(samples.map(\.label)).count == samples.count, "\(name)")
      #expect(name.hasSuffix("_total") == (samples[0].kind == .counter), "\(name)")
    }
  }

  @Test func `each kept measure comes back from the ledger and from JSON, and is null if unknown`()
    throws
  {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    var filled = RoundRecord(round: 1, stage: 1, elapsed: .seconds(1))
    for (index, measure) in Measure.kept.enumerated() { filled[measure] = Double(index + 1) }
    try store.append(filled, book: RoundBook())
    var unusable = RoundRecord(round: 2, stage: 1, elapsed: .seconds(1))
    for measure in Measure.kept { unusable[measure] = .nan }
    try store.append(unusable, book: RoundBook())
    let summary = try store.summary()
    let json = try summary.json(pretty: false)
    let read = try JSONDecoder().decode(RunSummary.self, from: Data(json.utf8))
    #expect(read == summary)
    for (index, measure) in Measure.kept.enumerated() {
      #expect(summary.rounds[0][measure] == Double(index + 1), "\(measure.name)")
      #expect(summary.rounds[1][measure] == nil, "\(measure.name)")
      #expect(json.contains("\"\(measure.name)\":null") == measure.isAlwaysInJSON)
    }
  }

  private func repeated<Value: Hashable>(_ values: [Value]) -> [Value] {
    Dictionary(grouping: values, by: \.self).filter { $0.value.count > 1 }.map(\.key)
  }
}
