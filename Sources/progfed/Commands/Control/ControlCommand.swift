import ArgumentParser
import Federation
import Foundation
import Runtime

/// Steers a run that goes on.
struct ControlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "control",
    abstract: "Steer a run that goes on: pause, resume, drain, stop, evict, deadline, admit.",
    usage: "progfed control [--json] <run> <order> ...",
    discussion: """
      RUN is the directory of a run on this machine, whose broker (progfed broker, or progfed simulate in real time) \
      answers over a socket there that only the user who runs it may use. A run in virtual time can't be steered.

        pause            the open round goes on to its end; then no round opens, and workers are told so
        resume           rounds open again
        drain            the open round goes on to its end; then the run stops with a checkpoint, as by stop
        stop             the run stops now with a checkpoint, as by SIGTERM; --resume goes on with it
        evict CLIENT     the client is refused from now on, and its work in the open round given up, but for an \
      update that has arrived whole; it stays out when the run is resumed, until it is admitted
        admit CLIENTS    excluded clients, such as 7 or 3-5,9, are let in again when their workers next ask
        admit LINE       a line of the allow-list, NAME KEY CLIENTS [samples=N], is added to the broker's file and \
      in force at once; clients of it that were excluded are let in again (quote the key: it has letters that shells \
      take for their own)
        deadline TIME    the open round or evaluation, or the wait for all clients or their sums, ends in that \
      time at the latest: 90s, 5m, 1h30m

      The answer says what was done, or why it wasn't. Each order is in log.jsonl, with the user and process that \
      gave it, and counted in the ledger as "control: ORDER".

      Exit status: 0 if it was done, 64 for an order that there isn't, 69 if it wasn't done or nobody answers.
      """)

  @Flag(help: "Print the answer as a JSON object.")
  var json = false

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
  var directory: String

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The order, as above.", valueName: "order"))
  var words: [String] = []

  /// The order; what else was written behind the run is left out.
  private var order: [String] { words.filter { $0 != "--json" } }

  func validate() throws {
    if words.contains("--help") || words.contains("-h") { throw CleanExit.helpRequest(self) }
    do { _ = try ControlRequest(words: order) } catch { throw ValidationError("\(error)") }
  }

  func run() throws {
    try Exit.reporting {
      let answer = try RunningBroker(directory).ask(try ControlRequest(words: order))
      if json || words.contains("--json") {
        print(String(decoding: answer.json, as: UTF8.self))
        if !answer.ok { throw Exit.unavailable }
        return
      }
      guard answer.ok else { throw ControlFault("\(directory): not done: \(answer.text)") }
      print(answer.text)
    }
  }
}
