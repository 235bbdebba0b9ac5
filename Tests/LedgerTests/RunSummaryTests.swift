import Bytes
import Foundation
import Ledger
import Measures
import Testing

@Suite struct RunSummaryTests {
  private func summary(_ change: (inout RoundRecord) -> Void = { _ in }) throws -> RunSummary {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    var record = RoundRecord.example
    change(&record)
    try store.append(record, book: .example)
    try store.finish(
      FinalRecord(
        state: .done, accuracy: 0.5, loss: 1.25, modelDigest: Digest(of: []),
        elapsed: .milliseconds(1500), wallClock: .milliseconds(250)))
    return try store.summary()
  }

  @Test(arguments: RunState.allCases)
  func `a run that isn't plainly done says why, also in its JSON object`(state: RunState) throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    var record = RoundRecord.example
    record.counters["given up with 2 of 3 clients"] = 1
    try store.append(record, book: .example)
    #expect(try store.acceptedUpdates() == 1)
    if state != .running {
      try store.finish(FinalRecord(state: state, elapsed: .seconds(1), wallClock: .seconds(1)))
    }
    let summary = try store.summary()
    let expected: String? =
      switch state {
      case .running, .done, .interrupted: nil
      case .aborted: "given up with 2 of 3 clients, fewer than a round needs"
      case .fruitless:
        "no update counted in any round (1 late, 2 lost, 1 refused): the model is as it began"
      }
    #expect(summary.state == state && summary.problem == expected)
    let object = try JSONSerialization.jsonObject(with: Data(summary.json().utf8))
    #expect((object as? [String: Any])?["problem"] as? String == expected)
    #expect(state.isFinished == (state == .done || state == .fruitless))
  }

  /// Scripts rely on these names; a change here is a change of format.
  @Test func `the JSON object has the fields that scripts rely on`() throws {
    let json = try summary().json()
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    func keys(_ value: Any?) -> Set<String> { Set((value as? [String: Any] ?? [:]).keys) }
    func first(_ value: Any?) -> Any? { (value as? [Any])?.first }
    #expect(object["format"] as? Int == 1)
    #expect(object["seed"] as? UInt64 == .max)
    #expect(object["elapsed"] as? Double == 1.5)
    #expect(object["wallClock"] as? Double == 0.25)
    #expect(
      keys(object).isSuperset(of: [
        "format", "name", "seed", "clock", "transport", "elapsed", "wallClock", "model", "rounds",
        "stages", "totals", "fullModel", "final",
      ]))
    let model = try #require(object["model"] as? [String: Any])
    #expect(keys(model) == ["name", "parameters", "stages"])
    #expect(keys(first(model["stages"])) == ["stage", "parameters", "flopsPerSample"])
    #expect(
      keys(first(object["rounds"])).isSuperset(of: [
        "round", "stage", "warmUp", "selected", "accepted", "late", "lost", "refused",
        "duplicates", "down", "up", "elapsed", "accuracy", "loss",
      ]))
    #expect(
      keys(first(object["stages"])).isSuperset(of: [
        "stage", "rounds", "parameters", "down", "up", "flops",
      ]))
    for name in ["totals", "fullModel"] {
      #expect(keys(object[name]) == ["down", "up", "flops"])
      let load = try #require(object[name] as? [String: Any])
      #expect(keys(load["down"]) == ["payload", "wire"])
      #expect(keys(load["up"]) == ["payload", "wire"])
    }
    #expect(
      keys(object["final"]) == [
        "accuracy", "loss", "modelDigest", "best", "last", "meanOfLastFive",
      ])
  }

  @Test func `what wasn't evaluated is null, and dice is only where there is one`() throws {
    let without = try summary {
      $0.accuracy = nil
      $0.loss = nil
    }
    let json = try without.json(pretty: false)
    #expect(json.contains(#""accuracy":null"#))
    #expect(json.contains(#""loss":null"#))
    #expect(!json.contains("dice"))
    #expect(!json.contains("best") && !json.contains("meanOfLastFive"))
    let segmented = try summary { $0.dice = 0.25 }.json(pretty: false)
    #expect(segmented.contains(#""dice":0.25"#))
    for name in ["best", "last", "meanOfLastFive"] {
      #expect(segmented.contains(#""\#(name)":0.5"#) && segmented.contains(#""\#(name)Dice":0.25"#))
    }
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `a loss that isn't finite is null, not an error`(loss: Double) throws {
    let json = try summary { $0.loss = loss }.json(pretty: false)
    #expect(json.contains(#""loss":null"#))
  }

  @Test func `the JSON object reads back as the same summary`() throws {
    let summary = try summary()
    let text = try summary.json()
    let decoded = try JSONDecoder().decode(RunSummary.self, from: Data(text.utf8))
    #expect(decoded == summary)
    #expect(try decoded.json() == text)
  }

  @Test func `another format is refused`() throws {
    let text = try summary().json(pretty: false).replacingOccurrences(
      of: #""format":1,"#, with: #""format":2,"#)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(RunSummary.self, from: Data(text.utf8))
    }
  }

  @Test func `a run without rounds has a summary`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    let summary = try store.summary()
    #expect(summary.rounds.isEmpty && summary.stages.isEmpty && summary.totals == .zero)
    #expect(summary.savings == nil)
    let text = try summary.json()
    #expect(try JSONDecoder().decode(RunSummary.self, from: Data(text.utf8)) == summary)
  }
}
