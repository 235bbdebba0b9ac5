import ArgumentParser
import Benchmarks
import Foundation
import Measures

/// Measures how fast simulated time goes by, with the cost model in place of training.
struct BenchSimulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Measure rounds of simulated time: by the fleet's size, and by participants.",
    discussion: """
      A round's time should grow with its participants, and hardly with the fleet. Without options several \
      fleets are played one after the other.
      """)

  @Option(help: "The clients of the fleet.")
  var clients: Int?

  @Option(help: "The clients in a round.")
  var participants = 100

  @Option(help: "The rounds to play.")
  var rounds = 50

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...1_000_000).contains(rounds), participants > 0, clients ?? 1 > 0 else {
      throw ValidationError("--clients, --participants and --rounds: give numbers above 0")
    }
  }

  func run() throws {
    try Exit.reporting {
      let settings =
        clients.map { [($0, participants)] }
        ?? [
          (1000, 100), (10_000, 100), (100_000, 100), (10_000, 50), (10_000, 200), (10_000, 400),
        ]
      var results: [SimulationBenchmark.Result] = []
      if !json { print(Self.line(["clients", "participants", "rounds", "s", "ms/round", "MB"])) }
      for (clients, participants) in settings {
        let result = try SimulationBenchmark.play(
          clients: clients, participants: participants, rounds: rounds)
        results.append(result)
        guard !json else { continue }
        print(
          Self.line([
            "\(result.clients)", "\(result.participants)", "\(result.rounds)",
            result.seconds.fixed(1), result.millisecondsPerRound.fixed(1),
            result.peakMegabytes.fixed(0),
          ]))
      }
      guard json else { return }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(["fleets": results]), as: UTF8.self))
    }
  }

  private static func line(_ cells: [String]) -> String {
    cells.map { String(repeating: " ", count: max(0, 13 - $0.count)) + $0 }.joined()
  }
}
