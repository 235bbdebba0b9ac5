import Foundation
import TestSupport
import Testing

/// What `sweep` does when it is interrupted.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(3))) struct SweepTests {
  private struct Result: Decodable {
    struct Variant: Decodable {
      struct Seed: Decodable {
        var modelDigest: String?
      }
      var name: String
      var seeds: [Seed]
    }
    var variants: [Variant]

    var digests: [String: String?] {
      Dictionary(uniqueKeysWithValues: variants.map { ($0.name, $0.seeds.first?.modelDigest) })
    }
  }

  /// Waits until `command` has written `text`; false if it doesn't.
  private func waits(for text: String, from command: Command) -> Bool {
    for _ in 0..<3000 {
      if command.standardError.contains(text) { return true }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return false
  }

  private func sweep(_ folder: Folder, _ out: String) -> [String] {
    ["sweep", folder.path("tiny-sweep.yaml"), "--out", folder.path(out), "--format", "json"]
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `an interrupted sweep repeats no run that was finished, and comes to the same`(
    signal: CInt
  ) throws {
    let folder = try Folder()
    _ = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    _ = try folder.write(
      """
      topology: tiny.yaml
      seeds: [7]
      runs:
        short: {}
        long: {"stages.rounds": [1, 1, 60]}
      """, to: "tiny-sweep.yaml")
    let stopped = try Command(sweep(folder, "stopped"))
    #expect(waits(for: "[2/2] long-7: begins", from: stopped), "\(stopped.standardError)")
    Thread.sleep(forTimeInterval: 0.5)
    stopped.send(signal)
    #expect(stopped.status() == 130, "\(stopped.standardError)")
    #expect(stopped.standardError.contains("[2/2] long-7: interrupted"))
    let first = try JSONDecoder().decode(Result.self, from: Data(stopped.standardOutput.utf8))
    #expect(first.variants.map(\.name) == ["short"])
    let ledger = folder.path("stopped/short-7/run.sqlite")
    let before = try Data(contentsOf: URL(fileURLWithPath: ledger))

    let resumed = try Command(sweep(folder, "stopped"))
    #expect(resumed.status() == 0, "\(resumed.standardError)")
    #expect(resumed.standardError.contains("[1/2] short-7: is there already"))
    #expect(resumed.standardError.contains("[2/2] long-7: goes on, as it was interrupted"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: ledger)) == before)

    let whole = try Command(sweep(folder, "whole") + ["--quiet"])
    #expect(whole.status() == 0, "\(whole.standardError)")
    let results = try [resumed, whole].map {
      try JSONDecoder().decode(Result.self, from: Data($0.standardOutput.utf8)).digests
    }
    #expect(results[0] == results[1] && results[0].count == 2)
  }

  @Test func `runs of a topology that has changed aren't mixed with new ones`() throws {
    let folder = try Folder()
    _ = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    _ = try folder.write("topology: tiny.yaml\nseeds: [7]\nruns:\n  a: {}\n", to: "tiny-sweep.yaml")
    #expect(try Command(sweep(folder, "out")).status() == 0)
    _ = try folder.write("# A comment changes nothing.\n" + TinyRun.topology(), to: "tiny.yaml")
    #expect(try Command(sweep(folder, "out")).status() == 0)
    _ = try folder.write(TinyRun.topology(rounds: "[1, 2, 2]"), to: "tiny.yaml")
    let changed = try Command(sweep(folder, "out"))
    #expect(changed.status() == 65, "\(changed.standardError)")
    #expect(changed.standardError.contains("a-7 was run with another tiny.yaml"))
  }
}
