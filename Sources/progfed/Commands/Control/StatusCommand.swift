import ArgumentParser
import Federation
import Foundation
import Ledger
import Live
import Reports
import Runtime

/// Shows who takes part in a run that goes on, and what each does.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show who takes part in a run that goes on, and what each does.",
    discussion: """
      RUN is the directory of a run on this machine: its broker answers over a socket there that only the user who \
      runs it may use. HOST:PORT is the address at which a broker serves its page (--serve).

      It shows the round or what is waited for, who is late and for how long, and for each worker its name, its \
      address, its clients, since when it is here, when it was last heard, and what its clients do: idle, asked, \
      fetching, training, evaluating, queued, uploading, done, refused, declined, silent, gone.

      Exit status: 0 if the run goes on, 69 if no broker works on it or it can't be asked.
      """)

  @Argument(
    help: ArgumentHelp(
      "The run directory, or the address of the broker's live page.", valueName: "run|host:port"))
  var place: String

  @Flag(help: "Print one JSON object, with durations in seconds.")
  var json = false

  func run() throws {
    try Exit.reporting {
      let presence = try presence()
      guard !json else { return print(presence.json ?? "{}") }
      let terminal = Terminal.output
      print(
        PresenceText(presence).text(width: terminal.width, colours: terminal.colours),
        terminator: "")
    }
  }

  private func presence() throws -> Presence {
    let paths = RunPaths(URL(fileURLWithPath: place, isDirectory: true))
    if !FileManager.default.fileExists(atPath: paths.ledger.path(percentEncoded: false)),
      let address = LiveAddress(Self.address(place))
    {
      let document = try LiveClient.document("/status.json", at: address)
      guard let presence = try? JSONDecoder().decode(Presence.self, from: document) else {
        throw ControlError.unreadable(place)
      }
      return presence
    }
    let answer = try RunningBroker(place).ask(.status)
    guard let presence = answer.status else { throw ControlFault("\(place): \(answer.text)") }
    return presence
  }

  /// The host and port of an address as browsers show it.
  private static func address(_ text: String) -> String {
    let rest = text.hasPrefix("http://") ? String(text.dropFirst(7)) : text
    return String(rest.prefix { $0 != "/" })
  }
}

/// The broker that works on the run in a directory.
struct RunningBroker {
  private let paths: RunPaths

  /// The broker of the run in the directory at `path`.
  ///
  /// - Throws: `LedgerError` where no run is.
  init(_ path: String) throws {
    paths = RunPaths(URL(fileURLWithPath: path, isDirectory: true))
    guard FileManager.default.fileExists(atPath: paths.ledger.path(percentEncoded: false)) else {
      throw LedgerError.missing(path: path)
    }
  }

  /// Its answer to a request.
  ///
  /// - Throws: where there is no broker, with what became of the run.
  func ask(_ request: ControlRequest) throws -> ControlAnswer {
    do throws(ControlError) {
      return try ControlClient.ask(request, of: paths)
    } catch .noBroker(let path) {
      throw ControlError.atRest(path, state: try state())
    }
  }

  /// The state of the run in its ledger, as the end of a sentence.
  private func state() throws -> String {
    let store = try RunStore.read(at: paths.ledger)
    defer { store.close() }
    let summary = try store.summary()
    let rounds = "after round \(summary.rounds.last?.round ?? 0) of \(summary.plannedRounds)"
    switch summary.state {
    case .running where summary.clock == "virtual":
      return
        "it is played in virtual time, where nobody can be asked or told anything; see progfed report"
    case .running: return "its broker is gone \(rounds); --resume goes on"
    case .done, .fruitless: return "it is finished, \(rounds)"
    case .interrupted, .aborted: return "it was stopped \(rounds); --resume goes on"
    }
  }
}
