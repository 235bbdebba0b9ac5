import Foundation
import Runtime
import TestSupport
import Testing

@Suite struct RunLogTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  private func lines(_ file: String = "log.jsonl") throws -> [[String: Any]] {
    try String(contentsOfFile: folder.path(file), encoding: .utf8).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func log(_ level: LogLevel, largest: Int = 1 << 20) -> RunLog {
    RunLog(
      at: URL(fileURLWithPath: folder.path("log.jsonl")), level: level, largest: largest)
  }

  @Test(arguments: LogLevel.allCases) func `a level hides those below it`(level: LogLevel) throws {
    let log = log(level)
    for other in LogLevel.allCases { log.write(other, "event of \(other.rawValue)") }
    #expect(
      try lines().map { $0["level"] as? String }
        == LogLevel.allCases.filter { $0 >= level }.map(\.rawValue))
  }

  @Test func `what peers wrote can't break out of its line`() throws {
    let text = "a\"b\\c\n\u{1B}[2J\u{2028}é{}"
    log(.info).write(
      .info, "e", ["text": .text(text), "n": .number(-3), "x": .fraction(.nan), "f": .flag(true)])
    let line = try #require(try lines().first)
    #expect(line["text"] as? String == text)
    #expect(line["n"] as? Int == -3 && line["f"] as? Bool == true && line["x"] is NSNull)
    let long = String(repeating: "x", count: 100_000)
    log(.info).write(.info, "e", ["text": .text(long)])
    #expect(try #require(try lines().last?["text"] as? String).count == 1025)
  }

  @Test func `of what strangers bring about twenty lines are written`() throws {
    let log = log(.info)
    for number in 0..<100 { log.write(.warning, "refused", ["number": .number(number)]) }
    log.write(.warning, "cut")
    #expect(try lines().count == 21)
  }

  @Test func `the file is set aside when it is large`() throws {
    let log = log(.info, largest: 1000)
    for number in 0..<40 { log.write(.info, "event", ["number": .number(number)]) }
    let (new, old) = (try lines(), try lines("log.jsonl.1"))
    #expect(new.last?["number"] as? Int == 39)
    #expect((old.last?["number"] as? Int).map { $0 + 1 } == new.first?["number"] as? Int)
  }

  @Test func `a minute's missed lines are counted when it is over`() {
    var throttle = Throttle(at: .zero)
    let first = (0..<5).map { _ in throttle.pass(atMost: 2, .seconds(59)).isPassed }
    #expect(first == [true, true, false, false, false])
    let next = throttle.pass(atMost: 2, .seconds(60))
    #expect(next.isPassed && next.missed == 3)
    let last = throttle.pass(atMost: 2, .seconds(61))
    #expect(last.isPassed && last.missed == 0)
  }
}
